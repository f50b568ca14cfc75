"""Cursors that behave the same on every connection a caller may bring.

The caller's row factory, cursor factory and registered adapters are left alone
and have no say here: `$1` placeholders, tuples, and the adapters that psycopg
had when jobgen was imported, but for bytes and intervals.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, LiteralString, TypeAlias

import psycopg
from psycopg import (
    AsyncConnection,
    AsyncRawCursor,
    BaseConnection,
    Connection,
    NotSupportedError,
    RawCursor,
)
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import PipelineStatus
from psycopg.rows import tuple_row
from psycopg.types.datetime import TimedeltaBinaryDumper
from psycopg.types.string import BytesBinaryDumper

SqlRow: TypeAlias = tuple[Any, ...]
"""Any: a row's types are those of its statement; decoders give them names."""

ADAPTERS: Final = AdaptersMap(psycopg.adapters)
"""A copy, so that adapters registered globally later change nothing either."""


class HexDumper(Dumper):
    """Bytes as text, `\\x…`, whatever the connection.

    psycopg's own escapes for a string literal as well, if the session has
    `standard_conforming_strings` off; an array, a COPY and a parameter are none,
    so that the bytes would arrive changed.
    """

    oid = ADAPTERS.types["bytea"].oid

    def dump(self, obj: bytes | bytearray | memoryview) -> Buffer:
        return b"\\x" + obj.hex().encode("ascii")


class UnitsDumper(Dumper):
    """Intervals as text, with a sign on each unit.

    Without them a first one counts for all units if the session's `IntervalStyle`
    is `sql_standard`; psycopg's own forgets that within an array.
    """

    oid = ADAPTERS.types["interval"].oid

    def dump(self, obj: timedelta) -> Buffer:
        units = f"{obj.days:+} day {obj.seconds:+} second {obj.microseconds:+} us"
        return units.encode("ascii")


ADAPTERS.register_dumper(timedelta, UnitsDumper)
ADAPTERS.register_dumper(timedelta, TimedeltaBinaryDumper)
for _class in (bytes, bytearray, memoryview):
    ADAPTERS.register_dumper(_class, HexDumper)
    # The last one is taken where either format will do, and this one is shorter.
    ADAPTERS.register_dumper(_class, BytesBinaryDumper)


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

    Statements depend on results there are not yet, and COPY is forbidden in it.
    """
    if conn.pgconn.pipeline_status != PipelineStatus.OFF:
        raise NotSupportedError(
            "jobgen's functions do not work in pipeline mode: call them outside of"
            " the block of conn.pipeline()"
        )
