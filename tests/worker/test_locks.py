"""A lock of somebody else holds up nothing but what it is about."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import psycopg
import pytest

import generated_example as jobs
from jobgen.runtime import Handlers, Worker, bind
from tests.stalls import Stalls
from tests.worker.proxy import Proxy
from tests.worker.support import enqueue, mail_handlers, running, statuses, until

_REFUSE: Final = """\
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not yet';
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (NEW.status = 'job_status_running') EXECUTE FUNCTION refuse()
"""


async def _handler(job: jobs.SendMailJob | jobs.PruneChartsJob) -> None: ...


def _both() -> Handlers:
    mails = mail_handlers(_handler)
    return Handlers(jobs.PACKAGE, (*mails.bound, bind(jobs.prune_charts.JOB, _handler)))


async def _one_more(
    worker: Worker, conn: psycopg.Connection[object], stalls: Stalls
) -> None:
    """A job of the other table is done, and without delay."""
    before, started = worker.stats().succeeded, time.monotonic()
    jobs.prune_charts.enqueue(conn, jobs.PruneCharts())
    conn.commit()
    await until(lambda: worker.stats().succeeded == before + 1)
    assert stalls.since(started) < 3


def test_a_locked_table_holds_up_no_other(
    jobs_dsn: str, conn: psycopg.Connection[object], stalls: Stalls
) -> None:
    async def scenario() -> None:
        async with running(jobs_dsn, _both()) as worker:
            await _one_more(worker, conn, stalls)
            with psycopg.connect(jobs_dsn) as owner:
                owner.execute("LOCK TABLE send_mail_jobs")
                for _ in range(5):
                    await _one_more(worker, conn, stalls)

    asyncio.run(scenario())


def test_a_locked_table_holds_up_no_other_after_a_lost_fetch(
    jobs_dsn: str, stalls: Stalls
) -> None:
    """The worker looks what it may hold unknown, in all of its tables."""

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, b"run_at <= now()", answered=True)
        async with proxy.serving(), running(proxy.dsn, _both()) as worker:
            await until(lambda: worker.stats().succeeded == 1)
            assert proxy.cut.is_set()
            with psycopg.connect(jobs_dsn) as owner:
                owner.execute("LOCK TABLE send_mail_jobs")
                await asyncio.sleep(0.5)  # several looks
                with psycopg.connect(jobs_dsn) as conn:
                    for _ in range(3):
                        await _one_more(worker, conn, stalls)

    enqueue(jobs_dsn)
    asyncio.run(scenario())


def test_a_table_that_cannot_be_fetched_from_holds_up_no_other(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
    stalls: Stalls,
) -> None:
    async def scenario() -> None:
        async with running(jobs_dsn, _both()) as worker:
            await until(lambda: "not yet" in caplog.text)
            for _ in range(5):
                await _one_more(worker, conn, stalls)
            conn.execute("DROP TRIGGER refuse ON send_mail_jobs")
            conn.commit()
            await until(lambda: worker.stats().succeeded == 6)

    enqueue(jobs_dsn)
    conn.execute(_REFUSE.encode())
    conn.commit()
    with caplog.at_level("INFO", "jobgen"):
        asyncio.run(scenario())
    assert caplog.text.count("fetch failed") == 1
    assert caplog.text.count("public.send_mail_jobs: fetched from again") == 1


def test_what_was_fetched_beside_an_undecodable_row_that_is_locked_is_not_lost(
    jobs_dsn: str, conn: psycopg.Connection[object], caplog: pytest.LogCaptureFixture
) -> None:
    """It is taken already when the other one cannot be written as failed."""
    known = jobs.send_mail.JOB

    def decode(row: Sequence[object]) -> jobs.SendMailJob:
        job = known.decode(row)
        if job.user_id == 1:
            if not caplog.text:
                conn.execute("SELECT FROM send_mail_jobs WHERE user_id = 1 FOR UPDATE")
            raise ValueError("no mail for this one")
        return job

    handlers = Handlers(jobs.PACKAGE, (bind(replace(known, decode=decode), _handler),))

    async def scenario() -> None:
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: "is locked" in caplog.text)
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 2)
            await until(lambda: worker.stats().failed == 1)

    enqueue(jobs_dsn, 3)
    asyncio.run(scenario())
    assert sorted(statuses(jobs_dsn)) == ["failed", "succeeded", "succeeded"]


def test_a_result_whose_row_is_locked_is_written_later_and_says_why(
    jobs_dsn: str, conn: psycopg.Connection[object], caplog: pytest.LogCaptureFixture
) -> None:
    """Of a batch without a free row, nothing is sent to the server."""

    async def handler(job: jobs.SendMailJob) -> None:
        conn.execute("SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [job.id])

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: "not written yet" in caplog.text)
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 1)

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    told = [text for text in caplog.messages if "not written yet" in text]
    assert {text.partition(" s: ")[2] for text in told} == {"somebody locks their rows"}


_CHANGES_ANOTHER_TABLE: Final = """\
CREATE TABLE accounts (id bigint PRIMARY KEY, jobs integer NOT NULL DEFAULT 0);
INSERT INTO accounts SELECT generate_series(0, 9);
CREATE FUNCTION count_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET jobs = jobs + 1 WHERE id = NEW.user_id;
    RETURN NEW;
END $$;
CREATE TRIGGER count_job BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (NEW.status = 'job_status_succeeded') EXECUTE FUNCTION count_job()
"""


def test_a_result_whose_trigger_waits_for_a_lock_holds_up_no_other(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    """The rows themselves are free: nothing tells which of them it is."""

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(_handler)) as worker:
            await until(lambda: worker.stats().succeeded == 9)
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 10)

    conn.execute(_CHANGES_ANOTHER_TABLE.encode())
    conn.commit()
    conn.execute("SELECT FROM accounts WHERE id = 1 FOR UPDATE")
    enqueue(jobs_dsn, 10)
    asyncio.run(scenario())
