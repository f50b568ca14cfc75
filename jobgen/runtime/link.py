"""A worker's connection: opened when it is needed, thrown away when it fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator
from os import environ
from typing import Final, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict

from jobgen.runtime import aio, plans
from jobgen.runtime.cursor import AsyncCursor
from jobgen.runtime.liveness import (
    DOUBT_SECONDS,
    TRANSACTION,
    Session,
    hang_up,
    is_at_work,
)
from jobgen.runtime.log import LOGGER, is_connection_lost

A = TypeVar("A")

Connect: TypeAlias = str | Callable[[], Awaitable[AsyncConnection[object]]]
"""A DSN, or what opens a connection."""

Opened: TypeAlias = Callable[[AsyncConnection[object]], Awaitable[None]]
"""What else to do with each new connection."""

CONNECT_SECONDS: Final = 5.0
"""How long a server may take to answer a new connection."""
PROBE_SECONDS: Final = 3.0
"""The same, where one that is there already does not answer."""

# A prepared LIMIT hides from the planner how few rows are wanted; without these, a
# generic plan reads the whole table instead of the index that serves the queue, and
# a table that was never analysed is sorted for each fetch. A lock is waited for only
# so long that it does not hold up what goes on in other tables. What a role or a
# database sets for its other sessions would end a worker's while it has nothing to do,
# make its statements fail for what others write, or spell names and dates otherwise.
_SETTINGS: Final[LiteralString] = """\
SET LOCAL lock_timeout = '100ms';
SET LOCAL statement_timeout = '60s';
SET LOCAL idle_in_transaction_session_timeout = '10s';
SET LOCAL idle_session_timeout = 0;
SET LOCAL default_transaction_isolation = 'read committed';
SET LOCAL quote_all_identifiers = off;
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_sort = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off;
SET LOCAL plan_cache_mode = force_generic_plan
"""
# Not known before 17. A statement, and a pause between two, have their own limits.
_NEWER_SETTINGS: Final[LiteralString] = ";\nSET LOCAL transaction_timeout = 0"
_NEWER: Final = 170000
_PREPARED_PER_JOB: Final = 10
_PREPARED: Final = 50
"""Statements that stay prepared, beside those of each job: where they did not all fit
in, each would be prepared anew whenever its turn comes."""

# To a pooler's clients, `backend_pid` is a number of the pooler's own, whether it lends
# them a session for each transaction or for as long as they are there.
_PID: Final[LiteralString] = "SELECT pg_catalog.pg_backend_pid()"
_BRIEF: Final[LiteralString] = "SET LOCAL lock_timeout = '5ms'"


async def open_connection(
    connect: Connect,
    name: str,
    *,
    pooled: bool = False,
    seconds: float = CONNECT_SECONDS,
) -> AsyncConnection[object]:
    """A connection in autocommit mode that never waits long for a lock.

    pooled: behind a transaction pooler, where nothing may be left in the session.
    seconds: how long a server may take to answer; each that a DSN names, so that one
    which is dead does not keep those behind it from being tried.

    Raises `psycopg.Error` or `TimeoutError`.
    """
    if isinstance(connect, str):
        conn = await _dialled(connect, name, seconds)
    else:
        async with asyncio.timeout(seconds):
            conn = await _connected(connect)
    try:
        async with asyncio.timeout(seconds):
            await _prepare(conn, pooled=pooled)
    except BaseException:
        await conn.close()
        raise
    return conn


async def _dialled(dsn: str, name: str, seconds: float) -> AsyncConnection[object]:
    """A connection to the first of the hosts that answers.

    At most so many seconds for each, and as long again for their names.
    """
    given = conninfo_to_dict(dsn)
    hosts = str(given.get("hostaddr") or given.get("host") or environ.get("PGHOST", ""))
    each = min(seconds, _limit(given.get("connect_timeout")) or seconds)
    try:
        async with asyncio.timeout(seconds * (hosts.count(",") + 2)):
            return await AsyncConnection.connect(
                dsn,
                autocommit=True,
                application_name=name,
                connect_timeout=round(each),
            )
    except psycopg.errors.ConnectionTimeout as error:
        raise TimeoutError(str(error)) from error


def _limit(given: object) -> float:
    """The seconds that a DSN allows for each host; 0 where it says nothing."""
    try:
        return float(str(given or 0))
    except ValueError:
        message = f"connect_timeout is {given!r}, and not a number of seconds"
        raise psycopg.ProgrammingError(message) from None


async def _prepare(conn: AsyncConnection[object], *, pooled: bool) -> None:
    await conn.set_autocommit(True)
    await conn.set_isolation_level(IsolationLevel.READ_COMMITTED)
    # UTF8, whatever the environment says: no other encoding holds every text.
    await AsyncCursor(conn).execute("SET client_encoding = 'UTF8'")
    conn.prepare_threshold = None
    if not pooled:
        await AsyncCursor(conn).execute(_settings(conn).replace("SET LOCAL", "SET"))
        conn.prepare_threshold = 0


def _settings(conn: AsyncConnection[object]) -> LiteralString:
    is_newer = conn.info.server_version >= _NEWER
    return _SETTINGS + _NEWER_SETTINGS if is_newer else _SETTINGS


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
    """One connection of a worker. Statements on it run one after the other.

    jobs: how many have statements here; pooled: as of `open_connection`; opened: called
    with each new connection; died: called when one was found dead, as others to the
    same server may be.
    """

    def __init__(
        self,
        connect: Connect,
        name: str,
        *,
        jobs: int = 1,
        pooled: bool = False,
        opened: Opened | None = None,
        died: Callable[[], None] | None = None,
    ) -> None:
        self._connect = connect
        self._name = name
        self._prepared = _PREPARED + _PREPARED_PER_JOB * jobs
        self._pooled = pooled
        self._opened = opened
        self._died = died
        self._conn: AsyncConnection[object] | None = None
        self._session: Session | None = None
        """The one that works for us; None while a pooler gives us none."""
        self._turn = asyncio.Lock()

    @property
    def conn(self) -> AsyncConnection[object] | None:
        """The connection, where there is one now."""
        return None if self._conn is None or self._conn.closed else self._conn

    @property
    def session(self) -> int | None:
        """The server's process of the last connection, while that lasts: with which it
        ends. None behind a transaction pooler, whose sessions go on without us."""
        return None if self._pooled or self._session is None else self._session.pid

    async def open(self) -> None:
        """Connect now, where there is no connection. Raises what `run` does."""
        async with self._turn:
            await self._open()

    async def run(self, plan: plans.Plan[A]) -> A:
        """Carry out a plan. Raises `psycopg.Error` or `TimeoutError`."""
        return await self.use(lambda conn: aio.run(conn, plan))

    async def briefly(self, plan: plans.Plan[A]) -> A:
        """Carry out a plan in one transaction, hardly waiting for locks.

        Raises `psycopg.errors.LockNotAvailable`, and what `run` does.
        """

        async def work(conn: AsyncConnection[object]) -> A:
            async with conn.transaction():
                await AsyncCursor(conn).execute(_BRIEF)
                return await aio.run(conn, plan)

        return await self.use(work)

    async def use(self, work: Callable[[AsyncConnection[object]], Awaitable[A]]) -> A:
        """Do some work on the connection, which is dropped if it cannot be trusted."""
        async with self._turn:
            conn = await self._open()
            try:
                with self._doubting(conn):
                    return await self._work(conn, work)
            except (psycopg.Error, OSError, TimeoutError) as error:
                if conn.closed or is_connection_lost(error):
                    await self.drop()
                raise
            except asyncio.CancelledError:
                await self.drop()
                raise

    def hang_up(self) -> None:
        """End the connection under whoever waits for a server that says nothing."""
        if self._conn is not None and not self._conn.closed:
            hang_up(self._conn)

    async def drop(self) -> None:
        """Close the connection; the next statement opens another."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(psycopg.Error):
                await conn.close()

    async def drop_if_idle(self) -> None:
        """The same, unless a statement is under way: that one finds out by itself."""
        if not self._turn.locked():
            await self.drop()

    async def _work(
        self,
        conn: AsyncConnection[object],
        work: Callable[[AsyncConnection[object]], Awaitable[A]],
    ) -> A:
        if not self._pooled:
            return await work(conn)
        self._session = None
        async with conn.transaction():
            cursor = AsyncCursor(conn)
            await cursor.execute(TRANSACTION + _settings(conn))
            ((pid, since),) = await cursor.fetchall()
            self._session = Session(pid, since)
            return await work(conn)

    async def _open(self) -> AsyncConnection[object]:
        conn = self.conn
        if conn is None:
            conn = self._conn = await open_connection(
                self._connect, self._name, pooled=self._pooled
            )
            conn.prepared_max = self._prepared
            self._session = None
            try:
                with self._doubting(conn):
                    await self._begin(conn)
            except BaseException:
                await self.drop()
                raise
        return conn

    async def _begin(self, conn: AsyncConnection[object]) -> None:
        if not self._pooled:
            cursor = AsyncCursor(conn)
            await cursor.execute(_PID)
            ((pid,),) = await cursor.fetchall()
            self._session = Session(pid, since=None)
        if self._opened is not None:
            await self._opened(conn)

    @contextlib.contextmanager
    def _doubting(self, conn: AsyncConnection[object]) -> Generator[None]:
        """Hang up within the block if the server is not at work any more."""
        doubts: list[asyncio.Task[None]] = []

        def doubt() -> None:
            doubts.append(loop.create_task(self._doubt(conn)))

        loop = asyncio.get_running_loop()
        timer = loop.call_later(DOUBT_SECONDS, doubt)
        try:
            yield
        finally:
            timer.cancel()
            for task in doubts:
                task.cancel()

    async def _doubt(self, conn: AsyncConnection[object]) -> None:
        """Look now, and again if there was an answer."""
        if await is_at_work(conn, self._open_another, lambda: self._session):
            await asyncio.sleep(DOUBT_SECONDS)
            await self._doubt(conn)
            return
        LOGGER.warning("%s: the connection is dead", self._name)
        hang_up(conn)
        if self._died is not None:
            self._died()

    async def _open_another(self) -> AsyncConnection[object]:
        return await open_connection(
            self._connect, self._name, pooled=self._pooled, seconds=PROBE_SECONDS
        )
