"""Carries out what is pending: once, in order, whoever calls.

Stage: migrate, its shell. A transaction commits together with its record; a bare
file is recorded after its end, and can be run again from wherever it was cut off. So
whatever happens, the next `apply` goes on where this one ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import psycopg
from psycopg.errors import (
    DeadlockDetected,
    DependentObjectsStillExist,
    DuplicateObject,
    DuplicateTable,
    LockNotAvailable,
    UndefinedObject,
)
from psycopg.pq import TransactionStatus

from jobgen.migrate import record
from jobgen.migrate.catalog import Connection
from jobgen.migrate.chain import Migration
from jobgen.migrate.record import Applied, Place
from jobgen.migrate.script import BASELINE
from jobgen.migrate.session import settle
from jobgen.migrate.statements import split
from jobgen.schema.tables import MIGRATIONS_TABLE

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
"""Seconds between two attempts to get a lock: so long others can work."""


class NotAppliedError(Exception):
    """A migration could not be carried out; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told what happens, a line at a time."""

    line: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What there is to do; `tables` are those that a baseline would make, qualified,
    and `patience` is how many seconds to try to get a lock."""

    place: Place
    chain: Sequence[Migration]
    tables: Sequence[str]
    patience: float


def pending(chain: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """What is to be applied; raises `NotAppliedError` where it cannot be."""
    for wanted, found in zip_longest(chain, applied):
        if found is None:
            break
        if wanted is None:
            raise NotAppliedError(
                f"the database is ahead: it has had {found.name}, which is not among"
                " these files; get the newest of them"
            )
        if (wanted.name, wanted.checksum) != (found.name, found.checksum):
            raise NotAppliedError(
                f"the database has had another {found.name} than {wanted.name} of these"
                " files; apply the files that it was made by"
            )
    return list(chain[len(applied) :])


def apply(conn: Connection, job: Job, told: Told) -> int:
    """How many were applied. `conn` is in autocommit mode and has no transaction.

    Raises `NotAppliedError`, and what psycopg raises beside the migrations' own
    statements. What was applied before stays.
    """
    settle(conn)
    _take_turn(conn, job, told)
    record.prepare(conn, job.place)
    todo = pending(job.chain, record.applied(conn, job.place))
    for migration in todo:
        began = time.monotonic()
        _apply(conn, job, migration, told)
        told.line(f"{migration.name}  {time.monotonic() - began:.1f} s")
    return len(todo)


def _take_turn(conn: Connection, job: Job, told: Told) -> None:
    """One `apply` at a time. Tried again and again, because one that waits for a lock
    holds a snapshot, for which a concurrent build of an index would wait."""
    key = f"{job.place.schema}.{MIGRATIONS_TABLE}.{job.place.package}"
    question = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
    waiting = False
    while conn.execute(question, [key]).fetchone() != (True,):
        if not waiting:
            told.line("waiting for another 'jobgen migrate apply'")
        waiting = True
        time.sleep(_FIRST_WAIT)


def _apply(conn: Connection, job: Job, migration: Migration, told: Told) -> None:
    row = conn.execute("SELECT clock_timestamp()::text").fetchone()
    assert row is not None
    recorded = record.insert_sql(job.place, migration, f"'{row[0]}'")
    if _is_adopted(conn, job, migration):
        told.line(f"{migration.name}: the tables are there already")
        conn.execute(recorded.encode())
        return
    turn = record.turn_sql(job.place)
    _patiently(
        conn, job, told, migration, lambda: _run(conn, migration, turn, recorded)
    )


def _is_adopted(conn: Connection, job: Job, migration: Migration) -> bool:
    if BASELINE not in migration.text.splitlines():
        return False
    question = "SELECT count(to_regclass(name)) FROM unnest(%s::text[]) AS name"
    return conn.execute(question, [[*job.tables]]).fetchone() != (0,)


def _run(conn: Connection, migration: Migration, turn: str, recorded: str) -> None:
    statements = split(migration.text)
    if statements and statements[-1] == "COMMIT":
        statements = ("BEGIN", turn, *statements[1:-1], recorded, "COMMIT")
    else:
        statements = (*statements, recorded)
    try:
        for statement in statements:
            conn.execute(statement.encode())
    finally:
        if not conn.closed and not conn.broken:
            if conn.info.transaction_status != TransactionStatus.IDLE:
                conn.execute("ROLLBACK")
            conn.execute("RESET ALL")
            settle(conn)


def _patiently(
    conn: Connection,
    job: Job,
    told: Told,
    migration: Migration,
    run: Callable[[], None],
) -> None:
    """Runs it until it gets its locks."""
    wait, until = _FIRST_WAIT, time.monotonic() + job.patience
    while True:
        try:
            return run()
        except (LockNotAvailable, DeadlockDetected) as error:
            if time.monotonic() + wait > until:
                raise NotAppliedError(
                    f"{migration.name}: {_told(error)}. Somebody holds the lock for"
                    " longer than this waits; see pg_stat_activity for an old"
                    " transaction, and apply again"
                ) from error
            told.line(f"{migration.name}: {_told(error)}; again in {wait:.1f} s")
        except psycopg.OperationalError as error:
            if not conn.broken:
                raise NotAppliedError(_failed(migration, error)) from error
            raise NotAppliedError(
                f"{migration.name}: the connection was lost ({_told(error)}); apply"
                " again, which goes on from here"
            ) from error
        except psycopg.Error as error:
            raise NotAppliedError(_failed(migration, error)) from error
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT)


def _failed(migration: Migration, error: psycopg.Error) -> str:
    hint = error.diag.message_hint
    detail = error.diag.message_detail
    if isinstance(error, DependentObjectsStillExist):
        hint = _OTHERS
    more = "".join(f" ({each})" for each in (detail, hint) if each)
    if isinstance(error, DuplicateObject | DuplicateTable):
        more += _ADOPT
    if isinstance(error, UndefinedObject) and "GRANT " in migration.text:
        more += _ROLE
    return f"{migration.name}: {_told(error)}{more}; nothing of this file is recorded"


_ADOPT = (
    "; if schema.sql made this database, begin with 'jobgen migrate new --baseline'"
)


_OTHERS = "Drop what depends on it, apply again, and make it anew without that."

_ROLE = "; where it is a role, make it with CREATE ROLE, though it may go afterwards"


def _told(error: psycopg.Error) -> str:
    text = error.diag.message_primary or str(error).strip() or type(error).__name__
    return text.splitlines()[0]
