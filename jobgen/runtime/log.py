"""The logger of the worker, and how long its loops wait after an error."""

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


class Backoff:
    """Doubling waits in seconds, from 0.1 to `longest`, until the next success."""

    def __init__(self, longest: float = 5.0) -> None:
        self._longest = longest
        self._next = 0.1

    def failed(self) -> float:
        """How long to wait now."""
        wait = self._next
        self._next = min(self._next * 2, self._longest)
        return wait

    def succeeded(self) -> None:
        self._next = 0.1
