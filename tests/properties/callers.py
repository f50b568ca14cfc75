"""Connections as applications have them, each odd in another way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg
from hypothesis import strategies as st
from psycopg import AsyncClientCursor, AsyncRawCursor, ClientCursor, RawCursor
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.rows import dict_row, namedtuple_row, scalar_row, tuple_row

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


class WrongDumper(Dumper):
    """Sends something else than it was given."""

    def dump(self, obj: object) -> bytes:
        return b"wrong"


class WrongLoader(Loader):
    """Gives something else than what arrived."""

    def load(self, data: object) -> str:
        return "wrong"


Whatever: TypeAlias = Any
"""A connection of either twin with any row factory, or what a generated package
takes and gives: types that are drawn while the tests run."""


def spoil(adapters: AdaptersMap) -> None:
    """Registers adapters with which no value would survive."""
    for type_ in (str, int, float, bool, bytes, list, dict):
        adapters.register_dumper(type_, WrongDumper)
    for name in _TYPES:
        adapters.register_loader(name, WrongLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """How an application sets up its connection, and which twin it calls."""

    rows: Whatever = tuple_row
    cursor: Whatever = None
    spoilt: bool = False
    autocommit: bool = False
    prepare: int | None = 5
    aio: bool = False
    zone: str = "UTC"

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
            options=f"-c timezone={self.zone}",
        )
        return self._set_up(conn, self.cursor)

    async def _open(self, dsn: str) -> object:
        conn: Whatever = await psycopg.AsyncConnection.connect(
            dsn,
            autocommit=self.autocommit,
            row_factory=self.rows,
            options=f"-c timezone={self.zone}",
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

    def rollback(self) -> None:
        self._awaited(self.conn.rollback())

    def _awaited(self, result: Whatever) -> Whatever:
        return self.wait(result) if self.caller.aio else result


def callers(*, autocommit: bool = True) -> st.SearchStrategy[Caller]:
    return st.builds(
        Caller,
        rows=st.sampled_from(_ROWS),
        cursor=st.sampled_from([*_CURSORS]),
        spoilt=st.booleans(),
        autocommit=st.booleans() if autocommit else st.just(False),
        prepare=st.sampled_from([5, 0, None]),
        aio=st.booleans(),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns"]),
    )
