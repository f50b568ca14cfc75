"""The functions behind a generated module, on a caller's `psycopg.Connection`.

None of them commits, or opens a transaction that would, where the caller is in
one. `aio` is the same for `psycopg.AsyncConnection`.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from psycopg import Connection
from psycopg.pq import TransactionStatus

from jobgen.runtime import plans
from jobgen.runtime.cursor import (
    SET_ENCODING,
    SqlRow,
    SyncCursor,
    foreign_encoding,
    refuse_pipeline,
)
from jobgen.runtime.job import Fence, J, JobType, K, N, Producer
from jobgen.runtime.rows import Rows
from jobgen.runtime.status import JobStatus

A = TypeVar("A")

_FREE: Final = weakref.WeakKeyDictionary[Connection[object], SyncCursor]()
"""A cursor of each connection that nobody uses now. To make one, and to find anew how
values travel, takes a quarter of the processor time of an `enqueue`. It holds its
connection by a proxy: that lives no longer for it."""


def enqueue(conn: Connection[object], job: Producer[N, K], new: N) -> K:
    row = _row(conn, plans.enqueue(job, new))
    found: K = row[0]
    return found


def enqueue_many(
    conn: Connection[object], job: Producer[N, K], news: Iterable[N]
) -> list[K]:
    with atomic(conn):
        return run(conn, plans.enqueue_many(job, news))


def enqueue_copy(
    conn: Connection[object], job: Producer[N, K], news: Iterable[N]
) -> int:
    with atomic(conn):
        return run(conn, plans.enqueue_copy(job, news))


def pending(conn: Connection[object], job: Producer[N, K]) -> int:
    row = _row(conn, plans.pending(job))
    found: int = row[0]
    return found


def fetch(conn: Connection[object], job: JobType[N, J, K], worker_id: UUID) -> J | None:
    with together(conn):
        return run(conn, plans.fetch(job, worker_id))


def fetch_many(
    conn: Connection[object], job: JobType[N, J, K], worker_id: UUID, limit: int
) -> list[J]:
    with together(conn):
        return run(conn, plans.fetch_many(job, worker_id, limit))


def succeed(
    conn: Connection[object], job: JobType[N, J, K], row: J
) -> JobStatus | None:
    return run(conn, plans.succeed(job.statements, Fence.of(row)))


def fail(
    conn: Connection[object],
    job: JobType[N, J, K],
    row: J,
    error: BaseException | str,
) -> JobStatus | None:
    return run(conn, plans.fail(job.statements, Fence.of(row), error))


def timeout(
    conn: Connection[object], job: JobType[N, J, K], row: J
) -> JobStatus | None:
    return run(conn, plans.timeout(job.statements, Fence.of(row)))


def rescue(
    conn: Connection[object], job: JobType[N, J, K], dead_after: timedelta
) -> int:
    return run(conn, plans.rescue(job.statements, dead_after))


def _row(conn: Connection[object], statement: plans.Execute) -> SqlRow:
    """Carry out a statement that returns one row, in whatever transaction it is in."""
    own = foreign_encoding(conn)
    if own is None:
        cursor = _FREE.pop(conn, None) or SyncCursor(weakref.proxy(conn))
        row = _only(cursor, statement)
        _FREE[conn] = cursor  # after an error it is not used again
        return row
    with _utf8(conn, own):
        return _only(SyncCursor(conn), statement)


def _only(cursor: SyncCursor, statement: plans.Execute) -> SqlRow:
    cursor.execute(statement.sql, statement.parameters, binary=True)
    row = cursor.fetchone()
    assert row is not None, "it returns one row"
    return row


def run(conn: Connection[object], plan: plans.Plan[A]) -> A:
    """Carry out a plan on the connection, in whatever transaction it is in."""
    own = foreign_encoding(conn)
    if own is None:
        return _drive(SyncCursor(conn), plan)
    with _utf8(conn, own):
        return _drive(SyncCursor(conn), plan)


def _drive(cursor: SyncCursor, plan: plans.Plan[A]) -> A:
    try:
        step = next(plan)
        while True:
            step = plan.send(_carry_out(cursor, step))
    except StopIteration as end:
        answer: A = end.value
        return answer


def _carry_out(cursor: SyncCursor, step: plans.Step) -> Rows:
    if isinstance(step, plans.Execute):
        cursor.execute(step.sql, step.parameters, binary=True)
        if cursor.pgresult is None:  # in pipeline mode
            cursor.fetchone()  # waits for the rows, which `Rows` reads
    else:
        with cursor.copy(step.sql) as copy:
            copy.set_types(step.types)
            for row in step.rows:
                copy.write_row(row)
    assert cursor.pgresult is not None, "a finished statement has a result"
    return Rows(cursor.pgresult, cursor)


@contextmanager
def _utf8(conn: Connection[object], own: str) -> Generator[None]:
    """UTF8 within the block, on a caller's connection that speaks `own`.

    In a transaction the setting is local to it: where the block leaves the
    transaction failed, the caller's rollback takes it back.
    """
    refuse_pipeline(conn)
    idle = conn.info.transaction_status == TransactionStatus.IDLE
    local = not (conn.autocommit and idle)
    SyncCursor(conn).execute(SET_ENCODING, ("UTF8", local))
    try:
        yield
    finally:
        if conn.info.transaction_status in (
            TransactionStatus.IDLE,
            TransactionStatus.INTRANS,
        ):
            SyncCursor(conn).execute(SET_ENCODING, (own, local))


@contextmanager
def atomic(conn: Connection[object]) -> Generator[None]:
    """All of the block or nothing, even where the caller goes on after an error.

    On an idle connection that is not in autocommit mode, `conn.transaction()`
    would commit at its end; a transaction that is under way makes it a savepoint.
    """
    refuse_pipeline(conn)
    if not conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
        SyncCursor(conn).execute("SELECT")
    with conn.transaction():
        yield


@contextmanager
def together(conn: Connection[object]) -> Generator[None]:
    """One transaction where each statement would be its own."""
    refuse_pipeline(conn)
    if conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
        with conn.transaction():
            yield
    else:
        yield
