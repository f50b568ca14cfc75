"""Connections as applications have them, each odd in another way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from hypothesis import strategies as st
from psycopg import AsyncClientCursor, AsyncRawCursor, ClientCursor, RawCursor
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format
from psycopg.rows import dict_row, namedtuple_row, scalar_row, tuple_row
from psycopg.types.range import Range

from tests.properties.sessions import options, sessions

_ROWS = (tuple_row, dict_row, namedtuple_row, scalar_row)
_CURSORS = {None: None, ClientCursor: AsyncClientCursor, RawCursor: AsyncRawCursor}
_TYPES = [
    "text",
    "varchar",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "bool",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "json",
    "jsonb",
    "inet",
    "cidr",
    "int4range",
    "int8range",
    "numrange",
    "daterange",
    "tstzrange",
]

_CLASSES = (
    *(str, int, float, bool, bytes, list, tuple, dict, Enum, StrEnum, type(None)),
    *(Decimal, date, time, datetime, timedelta, UUID, Range),
    *(IPv4Address, IPv6Address, IPv4Interface, IPv6Interface),
    *(IPv4Network, IPv6Network),
)


class WrongDumper(Dumper):
    """Sends something else than it was given."""

    def dump(self, obj: object) -> bytes:
        return b"wrong"


class WrongBinaryDumper(WrongDumper):
    format = Format.BINARY


class WrongLoader(Loader):
    """Gives something else than what arrived."""

    def load(self, data: object) -> str:
        return "wrong"


class WrongBinaryLoader(WrongLoader):
    format = Format.BINARY


Whatever: TypeAlias = Any
"""A connection of either twin with any row factory, or what a generated package
takes and gives.

Any, because which types these are is drawn while the tests run.
"""


def spoil(adapters: AdaptersMap) -> None:
    """Registers adapters of both formats with which no value would survive."""
    for type_ in _CLASSES:
        adapters.register_dumper(type_, WrongBinaryDumper)
        adapters.register_dumper(type_, WrongDumper)
    for name in _TYPES:
        adapters.register_loader(name, WrongLoader)
        adapters.register_loader(name, WrongBinaryLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """How an application sets up its connection, and which twin it calls."""

    rows: Whatever = tuple_row
    cursor: Whatever = None
    spoilt: bool = False
    autocommit: bool = False
    prepare: int | None = 5
    aio: bool = False
    settings: dict[str, str] = field(default_factory=dict[str, str])

    @contextmanager
    def connected(self, dsn: str) -> Generator[Session]:
        with asyncio.Runner() as runner:
            conn: Whatever = (
                runner.run(self._open(dsn)) if self.aio else self._connect(dsn)
            )
            if self.spoilt:
                spoil(conn.adapters)
            try:
                yield Session(self, conn, runner.run)
            finally:
                if self.aio:
                    runner.run(conn.close())
                else:
                    conn.close()

    def _connect(self, dsn: str) -> object:
        conn: Whatever = psycopg.connect(
            dsn,
            autocommit=self.autocommit,
            row_factory=self.rows,
            options=options(self.settings),
        )
        return self._set_up(conn, self.cursor)

    async def _open(self, dsn: str) -> object:
        conn: Whatever = await psycopg.AsyncConnection.connect(
            dsn,
            autocommit=self.autocommit,
            row_factory=self.rows,
            options=options(self.settings),
        )
        return self._set_up(conn, _CURSORS[self.cursor])

    def _set_up(self, conn: Whatever, cursor: Whatever) -> object:
        conn.prepare_threshold = self.prepare
        if cursor is not None:
            conn.cursor_factory = cursor
        return conn


@dataclass(slots=True)
class Session:
    """Calls of generated functions on one connection."""

    caller: Caller
    conn: Whatever
    wait: Callable[[Whatever], Whatever] = field(repr=False)

    def call(
        self, package: Whatever, module: str, function: str, *arguments: Whatever
    ) -> Whatever:
        """`function` of a job's module, of the twin that suits the connection."""
        home = package.aio if self.caller.aio else package
        result = getattr(getattr(home, module), function)(self.conn, *arguments)
        return self._awaited(result)

    def become(self, role: str | None = None) -> None:
        """From now on the session has only the rights of `role`."""
        # In ASCII, because the session may have any encoding.
        name = "NONE" if role is None else f'U&"{"".join(map(_escape, role))}"'
        self._awaited(self.conn.execute(f"SET ROLE {name}"))

    def rollback(self) -> None:
        self._awaited(self.conn.rollback())

    def _awaited(self, result: Whatever) -> Whatever:
        return self.wait(result) if self.caller.aio else result


def _escape(character: str) -> str:
    return (
        character
        if character.isalnum() and character.isascii()
        else (f"\\+{ord(character):06x}")
    )


def callers(*, autocommit: bool = True) -> st.SearchStrategy[Caller]:
    return st.builds(
        Caller,
        rows=st.sampled_from(_ROWS),
        cursor=st.sampled_from([*_CURSORS]),
        spoilt=st.booleans(),
        autocommit=st.booleans() if autocommit else st.just(False),
        prepare=st.sampled_from([5, 0, None]),
        aio=st.booleans(),
        settings=sessions(),
    )
