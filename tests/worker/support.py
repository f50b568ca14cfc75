"""What the tests of the worker share: handlers, a running worker, waiting."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.runtime import Handler, Handlers, Stats, Worker, bind, plans
from jobgen.runtime.job import J, JobType, K, Key, N
from jobgen.runtime.link import Connect

PATIENCE: Final = 20.0
"""Seconds after which what a test waits for is taken for lost."""


def mail_handlers(
    handler: Handler[jobs.SendMailJob],
    *,
    timeout: float = 30.0,
    concurrency: int = 16,
) -> Handlers:
    """Handlers of send_mail alone, with limits that fit a test."""
    policy = jobs.send_mail.JOB.policy._replace(
        timeout=timedelta(seconds=timeout),
        concurrency=concurrency,
    )
    job = replace(jobs.send_mail.JOB, policy=policy)
    return Handlers(jobs.PACKAGE, (bind(job, handler),))


@asynccontextmanager
async def running(
    connect: Connect,
    handlers: Handlers,
    *,
    listen: bool = True,
    concurrency: int | None = None,
    poll_interval: float = 0.2,
    grace: float = 30.0,
    dead_after: float = 30.0,
    lost_after: float = 20.0,
    heartbeat_interval: float = 0.2,
) -> AsyncGenerator[Worker]:
    """A worker at work; the block's end stops it, and waits for its handlers."""
    worker = Worker(
        connect,
        handlers,
        listen=listen,
        concurrency=concurrency,
        poll_interval=poll_interval,
        grace=grace,
        heartbeat_interval=heartbeat_interval,
        dead_after=dead_after,
        lost_after=lost_after,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


def run_all(
    dsn: str, handlers: Handlers, count: int, *, limit: int | None = None
) -> Stats:
    """Until so many jobs have succeeded; limit: handlers at once over all jobs."""

    async def scenario() -> Stats:
        async with running(dsn, handlers, concurrency=limit) as worker:
            await until(lambda: worker.stats().succeeded == count)
            return worker.stats()

    return asyncio.run(scenario())


class _Patience:
    """`PATIENCE` seconds; a machine that stood still for longer than a second has used
    up one of them, as nothing else could go on either."""

    def __init__(self) -> None:
        self._left = PATIENCE
        self._seen = time.monotonic()

    def wear(self) -> None:
        now = time.monotonic()
        self._left -= min(now - self._seen, 1.0)
        self._seen = now
        assert self._left > 0, "waited in vain"


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    patience = _Patience()
    while not condition():
        patience.wear()
        await asyncio.sleep(0.01)


def wait_until(condition: Callable[[], bool]) -> None:
    """The same where there is no event loop."""
    patience = _Patience()
    while not condition():
        patience.wear()
        time.sleep(0.01)


def mail(number: int = 1) -> jobs.SendMail:
    return jobs.SendMail(user_id=number, email=f"{number}@example.org")


def enqueue(dsn: str, count: int = 1) -> list[int]:
    """The ids of new jobs, committed."""
    with psycopg.connect(dsn) as conn:
        return jobs.send_mail.enqueue_many(conn, map(mail, range(count)))


def rows(dsn: str, columns: str = "status::text") -> list[TupleRow]:
    """These columns of every row of send_mail, in the order of the ids."""
    query = f"SELECT {columns} FROM send_mail_jobs ORDER BY id"
    with psycopg.connect(dsn) as conn:
        return conn.execute(query.encode()).fetchall()


def statuses(dsn: str) -> list[str]:
    """Such as `succeeded`, in the order of the ids."""
    return [row[0].removeprefix("job_status_") for row in rows(dsn)]


def watch_fetches(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[int, int], None]
) -> None:
    """`tell` hears of each fetch: how many rows it asks for, with -1 before it is sent,
    and with the number of those it took afterwards."""
    take = plans.take

    def told(
        job: JobType[N, J, K],
        worker_id: UUID,
        limit: int,
        above: Key | None = None,
    ) -> plans.Plan[plans.Taken]:
        tell(limit, -1)
        taken = yield from take(job, worker_id, limit, above)
        tell(limit, taken.number)
        return taken

    monkeypatch.setattr(plans, "take", told)


def take_over(conn: psycopg.Connection[object]) -> None:
    """Somebody else begins the next attempt of every mail."""
    conn.execute(
        "UPDATE send_mail_jobs SET locked_by = gen_random_uuid(), locked_at = now(),"
        " attempts_count = attempts_count + 1"
    )
    conn.commit()
