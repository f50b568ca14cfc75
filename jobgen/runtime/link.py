"""A worker's connection: opened when it is needed, thrown away when it fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection

from jobgen.runtime import aio, plans
from jobgen.runtime.cursor import AsyncCursor

A = TypeVar("A")

Connect: TypeAlias = str | Callable[[], Awaitable[AsyncConnection[object]]]
"""A DSN, or what opens a connection."""

CONNECT_SECONDS = 10.0
"""How long a server may take to answer a new connection."""
STATEMENT_SECONDS = 30.0
"""A statement without an answer for so long means that the connection is dead."""

# UTF8, whatever the environment says: no other encoding holds the text of every row.
# A prepared LIMIT hides from the planner how few rows are wanted; without these, a
# generic plan reads the whole table instead of the index that serves the queue.
_SETTINGS: LiteralString = """\
SET client_encoding = 'UTF8';
SET lock_timeout = '1s';
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET jit = off
"""


async def open_connection(connect: Connect, name: str) -> AsyncConnection[object]:
    """A connection in autocommit mode that never waits long for a lock.

    Raises `psycopg.Error` or `TimeoutError`.
    """
    async with asyncio.timeout(CONNECT_SECONDS):
        conn: AsyncConnection[object]
        if isinstance(connect, str):
            conn = await AsyncConnection.connect(
                connect, autocommit=True, application_name=name
            )
        else:
            conn = await _connected(connect)
        try:
            await conn.set_autocommit(True)
            await AsyncCursor(conn).execute(_SETTINGS)
        except BaseException:
            await conn.close()
            raise
        return conn


async def _connected(
    connect: Callable[[], Awaitable[AsyncConnection[object]]],
) -> AsyncConnection[object]:
    """What the user's function opens; its own errors are faults like any other."""
    try:
        conn = await connect()
    except (psycopg.Error, OSError, TimeoutError):
        raise
    except Exception as error:
        text = f"no connection: {type(error).__name__}: {error}"
        raise psycopg.OperationalError(text) from error
    if not _is_connection(conn):
        raise psycopg.OperationalError(
            f"no connection: what should open it returned {type(conn).__name__}"
        )
    return conn


def _is_connection(value: object) -> bool:
    return isinstance(value, AsyncConnection)


class Link:
    """One connection of a worker. Statements on it run one after the other."""

    def __init__(self, connect: Connect, name: str) -> None:
        self._connect = connect
        self._name = name
        self._conn: AsyncConnection[object] | None = None
        self._turn = asyncio.Lock()

    async def run(self, plan: plans.Plan[A]) -> A:
        """Carry out a plan. Raises `psycopg.Error` or `TimeoutError`."""
        return await self.use(lambda conn: aio.run(conn, plan))

    async def use(self, work: Callable[[AsyncConnection[object]], Awaitable[A]]) -> A:
        """Do some work on the connection, which is dropped if it cannot be trusted."""
        async with self._turn:
            conn = self._conn
            if conn is None or conn.closed:
                conn = self._conn = await open_connection(self._connect, self._name)
            try:
                async with asyncio.timeout(STATEMENT_SECONDS):
                    return await work(conn)
            except (psycopg.OperationalError, TimeoutError, asyncio.CancelledError):
                await self._drop(conn)
                raise

    async def close(self) -> None:
        if self._conn is not None:
            await self._drop(self._conn)

    async def _drop(self, conn: AsyncConnection[object]) -> None:
        self._conn = None
        with contextlib.suppress(psycopg.Error):
            await conn.close()
