"""The logger of the worker, and what a database may raise, as it is told."""

from __future__ import annotations

import logging
from typing import Final

import psycopg

LOGGER: Final = logging.getLogger("jobgen")

FAULTS: Final = (psycopg.Error, OSError, TimeoutError)
"""What a database or the way to it may raise; every loop survives all of it."""


def is_connection_lost(error: BaseException) -> bool:
    """Whether the fault is the connection's, and not one of the statement.

    Classes 08 and 57 of PostgreSQL's error codes, but for a cancelled statement;
    libpq's own errors have no code. And class 25: a server that only reads, whose
    successor another connection may find, or a transaction that was ended by a time
    limit.
    """
    if not isinstance(error, psycopg.Error):
        return True
    if error.sqlstate is not None and error.sqlstate.startswith("25"):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    code = error.sqlstate
    return code is None or (code[:2] in ("08", "57") and code != "57014")


def told(error: BaseException) -> str:
    """What the error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
