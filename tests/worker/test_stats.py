"""What a worker counts, and the line of its log about it."""

import asyncio
import logging
import re
from collections.abc import Iterable
from datetime import timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.runtime import Handlers, Outcome, Retry, Snooze, Stats, bind
from tests.worker.support import enqueue, mail, mail_handlers, running, until

_HOUR = timedelta(hours=1)


def test_a_snooze_after_a_failure_is_given_back_and_not_retried(
    jobs_dsn: str, conn: psycopg.Connection[TupleRow]
) -> None:
    """Both leave the row as `retry`."""

    async def handler(job: jobs.SendMailJob) -> Outcome:
        return Retry(timedelta(0)) if job.attempts_count == 1 else Snooze(_HOUR)

    async def scenario() -> Stats:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().given_back == 1)
            return worker.stats()

    enqueue(jobs_dsn)
    stats = asyncio.run(scenario())
    assert (stats.fetched, stats.retried, stats.given_back) == (2, 1, 1)
    row = conn.execute("SELECT status::text, attempts_count FROM send_mail_jobs")
    assert row.fetchall() == [("job_status_retry", 1)]


def test_the_lag_is_that_of_the_oldest_ready_job(
    jobs_dsn: str, conn: psycopg.Connection[TupleRow]
) -> None:
    """Of all jobs of the worker, also while no slot is free; none: no lag."""
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        await release.wait()

    both = Handlers(
        jobs.PACKAGE,
        (
            *mail_handlers(handler, concurrency=1).bound,
            bind(jobs.prune_charts.JOB, lambda job: None),
        ),
    )

    async def scenario() -> None:
        async with running(jobs_dsn, both, concurrency=1) as worker:
            await until(lambda: worker.stats().fetched == 1)
            jobs.send_mail.enqueue_many(conn, map(mail, range(2)))
            conn.execute(
                "UPDATE send_mail_jobs SET run_at = now() - interval '1 hour'"
                " WHERE status = 'job_status_not_started'"
            )
            conn.commit()
            await until(lambda: worker.stats().lag >= 3_600)
            release.set()
            await until(lambda: worker.stats().succeeded == 3)
            await until(lambda: worker.stats().lag == 0)

    enqueue(jobs_dsn)
    asyncio.run(scenario())


def test_rows_that_wait_for_a_slot_are_prefetched(jobs_dsn: str) -> None:
    """A worker whose handlers were fast takes more rows than it has slots."""
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        if job.user_id >= 1_000:
            await release.wait()

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler, concurrency=2)) as worker:
            await until(lambda: worker.stats().prefetched > 0)
            release.set()
            await until(lambda: worker.stats().succeeded == 3_000)
            assert worker.stats().prefetched == 0

    enqueue(jobs_dsn, 3_000)
    asyncio.run(scenario())


def test_counters_are_subtracted_and_gauges_are_not() -> None:
    then = Stats(fetched=3, succeeded=1, lag=5.0)
    now = Stats(fetched=10, succeeded=1, rescued=2, prefetched=4, lag=0.25)
    done = now.since(then)
    assert done == Stats(fetched=7, rescued=2, prefetched=4, lag=0.25)
    assert str(done) == "7 fetched, 2 rescued, 4 prefetched, lag 0.2 s"
    assert done.any_work
    assert not now.since(now).any_work


def test_the_log_says_what_was_done_and_is_silent_when_nothing_was(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A line for each interval with work, of that interval alone."""

    async def handler(job: jobs.SendMailJob) -> None: ...

    def lines() -> list[str]:
        found = (record.getMessage() for record in caplog.records)
        return [text for text in found if text.startswith("in ")]

    async def scenario() -> None:
        async with running(
            jobs_dsn, mail_handlers(handler), heartbeat_interval=0.1
        ) as worker:
            enqueue(jobs_dsn, 2)
            await until(lambda: _fetched(lines()) == 2)
            enqueue(jobs_dsn, 5)
            await until(lambda: _fetched(lines()) == 7)
            assert worker.stats().fetched == 7
            before = len(lines())
            await asyncio.sleep(2)  # longer than an interval, in which nothing is done
            assert len(lines()) == before

    with caplog.at_level(logging.INFO, logger="jobgen"):
        asyncio.run(scenario())
    assert "7 fetched" not in "".join(lines())


def _fetched(lines: Iterable[str]) -> int:
    """Over all lines: `in 1 s: 2 fetched, …`."""
    found = (re.search(r"(\d+) fetched", line) for line in lines)
    return sum(int(match[1]) for match in found if match is not None)
