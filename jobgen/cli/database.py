"""The database that a command line names, and a connection to it.

`--dsn`, or DATABASE_URL, or libpq's PG* variables.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeAlias

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from jobgen.cli.unreachable import reason

Connection: TypeAlias = psycopg.Connection[TupleRow]

_CONNECT_TIMEOUT = 10
"""Seconds until a server counts as absent."""

_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT", "PGUSER")


UNNAMED = "no database is named; pass --dsn, or set DATABASE_URL or PGHOST"


class NoDatabaseError(Exception):
    """There is no database to work with; the text says why, and what to do."""


def named(arguments: argparse.Namespace) -> str | None:
    """The DSN, empty where libpq's variables say it all; None: nobody says it."""
    given: str | None = arguments.dsn
    if given is not None:
        return given
    if url := os.environ.get("DATABASE_URL"):
        return url
    return "" if any(name in os.environ for name in _LIBPQ) else None


@contextmanager
def connected(
    arguments: argparse.Namespace, *, alone: bool = False
) -> Generator[Connection]:
    """In autocommit mode; `alone` with a session of its own, which keeps locks and
    settings. Raises `NoDatabaseError`, also for what the server refuses.
    """
    dsn = named(arguments)
    if dsn is None:
        raise NoDatabaseError(UNNAMED)
    try:
        with psycopg.connect(
            _complete(dsn), autocommit=True, application_name="jobgen migrate"
        ) as conn:
            if alone:
                _look_for_pooler(conn, dsn)
            yield conn
    except psycopg.Error as error:
        if error.sqlstate is None:
            raise NoDatabaseError(reason(error, dsn)) from error
        raise NoDatabaseError(told(error)) from error


def _look_for_pooler(conn: Connection, dsn: str) -> None:
    """A pooler that lends out sessions by transaction gives the one that was just used
    to who comes next, or another one each time."""
    own = _session(conn)
    if own == conn.info.backend_pid:
        return
    with psycopg.connect(_complete(dsn), autocommit=True) as other:
        seen = {_session(other), _session(other)}
    if own in seen or len(seen) > 1:
        raise NoDatabaseError(
            "a pooler lends out a session for each transaction, and this needs one of"
            " its own, for a lock and for timeouts; name the server itself with --dsn,"
            " or a pool in session mode"
        )


def _session(conn: Connection) -> int:
    row = conn.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def _complete(dsn: str) -> str:
    if "connect_timeout" in dsn or "PGCONNECT_TIMEOUT" in os.environ:
        return dsn
    return make_conninfo(dsn, connect_timeout=_CONNECT_TIMEOUT)


def told(error: psycopg.Error) -> str:
    """What went wrong, in one line."""
    lines = (error.diag.message_primary or str(error)).strip().splitlines()
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return (lines[0] if lines else type(error).__name__) + hint
