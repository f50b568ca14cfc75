"""`on_success: delete`: a row that is gone was done, and nothing else goes."""

import asyncio
from datetime import timedelta

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

import generated_example as jobs
from generated_example import aio, prune_charts
from jobgen.runtime import Handler, Handlers, Outcome, Retry, Stats, bind
from tests.worker.support import running, until

Connection = psycopg.Connection[TupleRow]


def _handlers(handler: Handler[jobs.PruneChartsJob]) -> Handlers:
    return Handlers(jobs.PACKAGE, (bind(prune_charts.JOB, handler),))


def _enqueue(conn: Connection, count: int) -> list[int]:
    ids = prune_charts.enqueue_many(conn, [jobs.PruneCharts()] * count)
    conn.commit()
    return ids


def _rows(conn: Connection) -> list[TupleRow]:
    query = "SELECT id, status::text, attempts_count FROM prune_charts_jobs ORDER BY id"
    found = conn.execute(query).fetchall()
    conn.commit()
    return found


def test_a_handler_may_delete_its_own_row(jobs_dsn: str, conn: Connection) -> None:
    """By completing it, in the transaction of its effects."""

    async def handler(job: jobs.PruneChartsJob) -> None:
        async with await AsyncConnection.connect(jobs_dsn) as own:
            await aio.prune_charts.succeed(own, job)

    async def scenario() -> Stats:
        async with running(jobs_dsn, _handlers(handler)) as worker:
            await until(lambda: worker.stats().completed_by_handler == 3)
            return worker.stats()

    _enqueue(conn, 3)
    stats = asyncio.run(scenario())
    assert (stats.fetched, stats.succeeded, stats.refused) == (3, 0, 0)
    assert _rows(conn) == []


def test_a_row_that_a_later_attempt_owns_is_not_deleted(
    jobs_dsn: str, conn: Connection
) -> None:
    """Neither alone nor in a batch; those beside it are."""
    release = asyncio.Event()
    started = 0

    async def handler(job: jobs.PruneChartsJob) -> None:
        nonlocal started
        started += 1
        await release.wait()

    async def scenario() -> Stats:
        async with running(jobs_dsn, _handlers(handler)) as worker:
            await until(lambda: started == 4)
            conn.execute(
                "UPDATE prune_charts_jobs SET attempts_count = 2,"
                " locked_by = gen_random_uuid(), locked_at = clock_timestamp()"
                " WHERE id = %s",
                [ids[1]],
            )
            conn.commit()
            release.set()
            await until(lambda: worker.stats().refused == 1)
            await until(lambda: worker.stats().succeeded == 3)
            return worker.stats()

    ids = _enqueue(conn, 4)
    assert asyncio.run(scenario()).completed_by_handler == 0
    assert _rows(conn) == [(ids[1], "job_status_running", 2)]


def test_a_row_that_fails_stays(jobs_dsn: str, conn: Connection) -> None:
    """For another attempt, and for whoever wants to know why."""

    def handler(job: jobs.PruneChartsJob) -> Outcome | None:
        if job.id == ids[0]:
            return Retry(timedelta(hours=1))
        if job.id == ids[1]:
            raise ValueError("no")
        return None

    async def scenario() -> None:
        async with running(jobs_dsn, _handlers(handler)) as worker:
            await until(lambda: worker.stats().succeeded == 1)
            await until(lambda: worker.stats().retried == 2)

    ids = _enqueue(conn, 3)
    asyncio.run(scenario())
    assert _rows(conn) == [(number, "job_status_retry", 1) for number in ids[:2]]
