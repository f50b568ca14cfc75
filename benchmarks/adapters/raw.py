"""The raw loop: what psycopg and PostgreSQL can do on the same table without jobgen.

One synchronous connection, binary results, prepared statements, autocommit; it
fetches 500 rows with all columns into a dataclass and acknowledges 500 behind the
same fence. Nothing is rescued, and an idle one listens on the connection that fetches.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import TupleRow

from benchmarks import jobs
from benchmarks.adapters import drain
from benchmarks.adapters.adapter import Payload
from benchmarks.adapters.commands import of_queue
from benchmarks.adapters.process import Answer, serve

_BATCH: Final = 500

# The plan that the index is made for, also before the table was analysed.
_SESSION: Final = """
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
SET plan_cache_mode = force_generic_plan
"""
_INSERT: Final = """
INSERT INTO public.mail_jobs (user_id, email, subject, campaign_id)
VALUES ($1::bigint, $2::text, $3::text, $4::integer) RETURNING id
"""
_COPY: Final = """
COPY public.mail_jobs (user_id, email, subject, campaign_id) FROM STDIN
"""
_COPY_TYPES: Final = ("int8", "text", "text", "int4")
_FETCH: Final = """
WITH next AS MATERIALIZED (
    SELECT id FROM public.mail_jobs
    WHERE status IN ('job_status_not_started', 'job_status_retry')
        AND locked_by IS NULL AND run_at <= now()
    ORDER BY run_at, id LIMIT $2::bigint FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE public.mail_jobs AS job
SET status = 'job_status_running', locked_at = clock_timestamp(), updated_at = now(),
    locked_by = $1::uuid, attempts_count = job.attempts_count + 1
FROM next WHERE job.id = next.id
RETURNING job.id, job.created_at, job.updated_at, job.status::text, job.last_error,
    job.attempts_count, job.locked_at, job.locked_by, job.run_at,
    job.user_id, job.email, job.subject, job.campaign_id
"""
# IS NOT DISTINCT FROM and the cast keep the index on running rows out: where the
# table was analysed while none ran, the planner takes it for empty, and joins 500
# rows with 500 one by one.
_ACKNOWLEDGE: Final = """
UPDATE public.mail_jobs AS job
SET status = 'job_status_succeeded', updated_at = now(), locked_by = NULL
FROM unnest($2::bigint[], $3::timestamptz[], $4::integer[])
    AS done (id, locked_at, attempts_count)
WHERE job.id = done.id AND job.locked_by IS NOT DISTINCT FROM $1::uuid
    AND job.locked_at = done.locked_at AND job.attempts_count = done.attempts_count
    AND job.status::text = 'job_status_running'
"""
_SCHEDULE: Final = """
INSERT INTO public.mail_jobs (user_id, email, subject, campaign_id, run_at)
VALUES ($1::bigint, $2::text, $3::text, $4::integer, $5::timestamptz)
"""
_NEXT_DUE: Final = """
SELECT extract(epoch FROM run_at - clock_timestamp())::float8 FROM public.mail_jobs
WHERE status IN ('job_status_not_started', 'job_status_retry') AND locked_by IS NULL
ORDER BY run_at, id LIMIT 1
"""
_LONGEST_SLEEP: Final = 0.1
"""Seconds until the loop looks whether it is to stop."""
_UNFINISHED: Final = """
SELECT id FROM public.mail_jobs WHERE status <> 'job_status_succeeded'
ORDER BY id DESC LIMIT 1
"""

_New: TypeAlias = tuple[int, str, str, int]


@dataclass(slots=True)
class _Row:
    id: int
    created_at: datetime
    updated_at: datetime
    status: str
    last_error: str | None
    attempts_count: int
    locked_at: datetime
    locked_by: UUID
    run_at: datetime
    user_id: int
    email: str
    subject: str
    campaign_id: int


class _Producer:
    """Statements over one connection."""

    def __init__(self, conn: psycopg.Connection[TupleRow]) -> None:
        self._conn = conn
        self._cursor = psycopg.RawCursor(conn)

    def job(self, payload: Payload) -> _New:
        return payload.user_id, payload.email, payload.subject, payload.campaign_id

    async def bulk(self, jobs: Sequence[_New]) -> None:
        with self._conn.cursor().copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            write = copy.write_row
            for job in jobs:
                write(job)

    async def single(self, job: _New) -> None:
        self._cursor.execute(_INSERT, job, prepare=True, binary=True).fetchone()

    async def committed(self, job: _New) -> int:
        with self._conn.transaction():
            await self.single(job)
            return time.monotonic_ns()

    async def schedule(self, payload: Payload, due: datetime) -> None:
        parameters = (*self.job(payload), due)
        self._cursor.execute(_SCHEDULE, parameters, prepare=True, binary=True)


class _Raw:
    """The table of jobgen, without jobgen."""

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "driver": f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__}), sync",
            "batch": str(_BATCH),
            "idle": "LISTEN on the connection that fetches, and a timer",
            "bulk": "text COPY, set_types, write_row of ready tuples",
            "single": "INSERT … RETURNING, prepared",
        }

    async def install(self, dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(jobs.SCHEMA_SQL.encode())

    @asynccontextmanager
    async def producer(self, dsn: str) -> AsyncGenerator[_Producer]:
        with psycopg.connect(dsn, autocommit=True) as conn:
            yield _Producer(conn)

    @asynccontextmanager
    async def worker(
        self, dsn: str, handle: Callable[[_Row], None], pause: float
    ) -> AsyncGenerator[None]:
        stop = threading.Event()
        working = asyncio.to_thread(_work, dsn, handle, pause, stop)
        task = asyncio.create_task(working)
        try:
            yield
        finally:
            stop.set()
            await task

    def user_id(self, job: _Row) -> int:
        return job.user_id

    async def unfinished(self, dsn: str) -> bool:
        with psycopg.connect(dsn, autocommit=True) as conn:
            return conn.execute(_UNFINISHED).fetchone() is not None

    async def drain(self, arguments: Mapping[str, str]) -> Answer:
        """Fetch and acknowledge until nothing is there."""
        dsn = arguments["dsn"]
        progress = drain.Progress(int(arguments["count"]))
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(_SESSION)
            _loop(psycopg.RawCursor(conn), uuid4(), progress)
        return await drain.finished(self, dsn, progress)


def _loop(
    cursor: psycopg.RawCursor[TupleRow], owner: UUID, progress: drain.Progress
) -> None:
    while rows := _fetch(cursor, owner):
        progress.advance(len(rows))
        _acknowledge(cursor, owner, rows)


def _work(
    dsn: str, handle: Callable[[_Row], None], pause: float, stop: threading.Event
) -> None:
    """Look whenever something is heard, or due; all in one thread."""
    owner = uuid4()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(_SESSION)
        conn.execute(f"LISTEN {jobs.mail.CHANNEL}".encode())
        cursor = psycopg.RawCursor(conn)
        while not stop.is_set():
            if rows := _fetch(cursor, owner):
                for row in rows:
                    handle(row)
                    if pause:
                        time.sleep(pause)
                _acknowledge(cursor, owner, rows)
            else:
                seconds = _until_due(cursor)
                for _ in conn.notifies(timeout=seconds, stop_after=1):
                    pass


def _fetch(cursor: psycopg.RawCursor[TupleRow], owner: UUID) -> list[_Row]:
    cursor.execute(_FETCH, (owner, _BATCH), prepare=True, binary=True)
    rows = [_Row(*row) for row in cursor]
    rows.sort(key=lambda row: (row.run_at, row.id))
    return rows


def _acknowledge(
    cursor: psycopg.RawCursor[TupleRow], owner: UUID, rows: Sequence[_Row]
) -> None:
    ids = [row.id for row in rows]
    locked = [row.locked_at for row in rows]
    attempts = [row.attempts_count for row in rows]
    cursor.execute(_ACKNOWLEDGE, (owner, ids, locked, attempts), prepare=True)


def _until_due(cursor: psycopg.RawCursor[TupleRow]) -> float:
    row = cursor.execute(_NEXT_DUE, prepare=True, binary=True).fetchone()
    return _LONGEST_SLEEP if row is None else min(max(row[0], 0.0), _LONGEST_SLEEP)


async def _main() -> None:
    raw = _Raw()
    await serve(of_queue(raw) | {"drain": raw.drain})


if __name__ == "__main__":
    asyncio.run(_main())
