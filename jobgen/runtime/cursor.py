"""Cursors that behave the same on every connection a caller may bring.

The caller's row factory, cursor factory and registered adapters are left alone
and have no say here: `$1` placeholders, tuples, and the adapters that psycopg
had when jobgen was imported.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor, Connection, RawCursor
from psycopg.adapt import AdaptersMap
from psycopg.rows import tuple_row

SqlRow: TypeAlias = tuple[Any, ...]
"""Any: a row's types are those of its statement; decoders give them names."""

ADAPTERS: Final = AdaptersMap(psycopg.adapters)
"""A copy, so that adapters registered globally later change nothing either."""


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
