"""Cursors that behave the same on every connection a caller may bring.

The caller's row factory, cursor factory and registered adapters are left alone
and have no say here: `$1` placeholders, tuples, and jobgen's own `adapters`.
"""

from __future__ import annotations

from typing import Any, Final, LiteralString, TypeAlias

from psycopg import (
    AsyncConnection,
    AsyncRawCursor,
    BaseConnection,
    Connection,
    NotSupportedError,
    RawCursor,
)
from psycopg.adapt import AdaptersMap
from psycopg.pq import PipelineStatus
from psycopg.rows import tuple_row

from jobgen.runtime.adapters import ADAPTERS

SqlRow: TypeAlias = tuple[Any, ...]
"""Any: a row's types are those of its statement; decoders give them names."""


class SyncCursor(RawCursor[SqlRow]):
    """A private cursor on a caller's connection."""

    def __init__(self, connection: Connection[object]) -> None:
        super().__init__(connection, row_factory=tuple_row)

    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS


class AsyncCursor(AsyncRawCursor[SqlRow]):
    """A private cursor on a caller's asynchronous connection."""

    def __init__(self, connection: AsyncConnection[object]) -> None:
        super().__init__(connection, row_factory=tuple_row)

    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS


SET_ENCODING: Final[LiteralString] = "SELECT set_config('client_encoding', $1, $2)"
"""Parameters: the encoding; whether for the rest of the transaction only."""


# `conn.pgconn` here and below, not `conn.info`, which is made anew at every access.


def foreign_encoding(conn: BaseConnection[object]) -> str | None:
    """The encoding to leave for UTF8, the one that holds every text; None if none is."""
    encoding = conn.pgconn.parameter_status(b"client_encoding")
    return None if encoding in (None, b"UTF8") else encoding.decode("ascii")


def refuse_pipeline(conn: BaseConnection[object]) -> None:
    """Raises `psycopg.NotSupportedError` in pipeline mode.

    For what looks at the transaction's state, which is not known in it, and for COPY,
    which is forbidden in it. A statement alone works: its answer is waited for.
    """
    if conn.pgconn.pipeline_status != PipelineStatus.OFF:
        raise NotSupportedError(
            "this function does not work in pipeline mode: call it outside of the"
            " block of conn.pipeline()"
        )
