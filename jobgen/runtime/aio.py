"""The functions behind a generated module, on a caller's `psycopg.AsyncConnection`.

None of them commits, or opens a transaction that would, where the caller is in
one. `sync` is the same for `psycopg.Connection`.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from jobgen.runtime import plans
from jobgen.runtime.cursor import (
    SET_ENCODING,
    AsyncCursor,
    SqlRow,
    foreign_encoding,
    refuse_pipeline,
)
from jobgen.runtime.job import Fence, J, JobType, K, N, Producer
from jobgen.runtime.rows import Rows
from jobgen.runtime.status import JobStatus

A = TypeVar("A")

_FREE: Final = weakref.WeakKeyDictionary[AsyncConnection[object], AsyncCursor]()
"""A cursor of each connection that nobody uses now. To make one, and to find anew how
values travel, takes a quarter of the processor time of an `enqueue`. It holds its
connection by a proxy: that lives no longer for it."""


async def enqueue(conn: AsyncConnection[object], job: Producer[N, K], new: N) -> K:
    row = await _row(conn, plans.enqueue(job, new))
    found: K = row[0]
    return found


async def enqueue_many(
    conn: AsyncConnection[object], job: Producer[N, K], news: Iterable[N]
) -> list[K]:
    async with atomic(conn):
        return await run(conn, plans.enqueue_many(job, news))


async def enqueue_copy(
    conn: AsyncConnection[object], job: Producer[N, K], news: Iterable[N]
) -> int:
    async with atomic(conn):
        return await run(conn, plans.enqueue_copy(job, news))


async def pending(conn: AsyncConnection[object], job: Producer[N, K]) -> int:
    row = await _row(conn, plans.pending(job))
    found: int = row[0]
    return found


async def fetch(
    conn: AsyncConnection[object], job: JobType[N, J, K], worker_id: UUID
) -> J | None:
    async with together(conn):
        return await run(conn, plans.fetch(job, worker_id))


async def fetch_many(
    conn: AsyncConnection[object], job: JobType[N, J, K], worker_id: UUID, limit: int
) -> list[J]:
    async with together(conn):
        return await run(conn, plans.fetch_many(job, worker_id, limit))


async def succeed(
    conn: AsyncConnection[object], job: JobType[N, J, K], row: J
) -> JobStatus | None:
    return await run(conn, plans.succeed(job.statements, Fence.of(row)))


async def fail(
    conn: AsyncConnection[object],
    job: JobType[N, J, K],
    row: J,
    error: BaseException | str,
) -> JobStatus | None:
    return await run(conn, plans.fail(job.statements, Fence.of(row), error))


async def timeout(
    conn: AsyncConnection[object], job: JobType[N, J, K], row: J
) -> JobStatus | None:
    return await run(conn, plans.timeout(job.statements, Fence.of(row)))


async def rescue(
    conn: AsyncConnection[object], job: JobType[N, J, K], dead_after: timedelta
) -> int:
    return await run(conn, plans.rescue(job.statements, dead_after))


async def _row(conn: AsyncConnection[object], statement: plans.Execute) -> SqlRow:
    """Carry out a statement that returns one row, in whatever transaction it is in."""
    own = foreign_encoding(conn)
    if own is None:
        cursor = _FREE.pop(conn, None) or AsyncCursor(weakref.proxy(conn))
        row = await _only(cursor, statement)
        _FREE[conn] = cursor  # after an error it is not used again
        return row
    async with _utf8(conn, own):
        return await _only(AsyncCursor(conn), statement)


async def _only(cursor: AsyncCursor, statement: plans.Execute) -> SqlRow:
    await cursor.execute(statement.sql, statement.parameters, binary=True)
    row = await cursor.fetchone()
    assert row is not None, "it returns one row"
    return row


async def run(conn: AsyncConnection[object], plan: plans.Plan[A]) -> A:
    """Carry out a plan on the connection, in whatever transaction it is in."""
    own = foreign_encoding(conn)
    if own is None:
        return await _drive(AsyncCursor(conn), plan)
    async with _utf8(conn, own):
        return await _drive(AsyncCursor(conn), plan)


async def _drive(cursor: AsyncCursor, plan: plans.Plan[A]) -> A:
    try:
        step = next(plan)
        while True:
            step = plan.send(await _carry_out(cursor, step))
    except StopIteration as end:
        answer: A = end.value
        return answer


async def _carry_out(cursor: AsyncCursor, step: plans.Step) -> Rows:
    if isinstance(step, plans.Execute):
        await cursor.execute(step.sql, step.parameters, binary=True)
        if cursor.pgresult is None:  # in pipeline mode
            await cursor.fetchone()  # waits for the rows, which `Rows` reads
    else:
        async with cursor.copy(step.sql) as copy:
            copy.set_types(step.types)
            for row in step.rows:
                await copy.write_row(row)
    assert cursor.pgresult is not None, "a finished statement has a result"
    return Rows(cursor.pgresult, cursor)


@asynccontextmanager
async def _utf8(conn: AsyncConnection[object], own: str) -> AsyncGenerator[None]:
    """UTF8 within the block, on a caller's connection that speaks `own`.

    In a transaction the setting is local to it: where the block leaves the
    transaction failed, the caller's rollback takes it back.
    """
    refuse_pipeline(conn)
    idle = conn.info.transaction_status == TransactionStatus.IDLE
    local = not (conn.autocommit and idle)
    await AsyncCursor(conn).execute(SET_ENCODING, ("UTF8", local))
    try:
        yield
    finally:
        if conn.info.transaction_status in (
            TransactionStatus.IDLE,
            TransactionStatus.INTRANS,
        ):
            await AsyncCursor(conn).execute(SET_ENCODING, (own, local))


@asynccontextmanager
async def atomic(conn: AsyncConnection[object]) -> AsyncGenerator[None]:
    """All of the block or nothing, even where the caller goes on after an error.

    On an idle connection that is not in autocommit mode, `conn.transaction()`
    would commit at its end; a transaction that is under way makes it a savepoint.
    """
    refuse_pipeline(conn)
    if not conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
        await AsyncCursor(conn).execute("SELECT")
    async with conn.transaction():
        yield


@asynccontextmanager
async def together(conn: AsyncConnection[object]) -> AsyncGenerator[None]:
    """One transaction where each statement would be its own."""
    refuse_pipeline(conn)
    if conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
        async with conn.transaction():
            yield
    else:
        yield
