"""Results are written in batches, and rows fetched ahead; neither shows."""

import asyncio
import time
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest

import generated_example as jobs
from jobgen.runtime import Retry, Snooze, plans, sync, worker_plans
from jobgen.runtime.job import Fence
from tests.stalls import Stalls
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail,
    mail_handlers,
    rows,
    running,
    statuses,
    until,
)

_AT_RESULTS: Final = """
CREATE FUNCTION at_results() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {what};
    RETURN NEW;
END $$;
CREATE TRIGGER at_results BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (OLD.status = 'job_status_running') EXECUTE FUNCTION at_results()
"""


def test_a_batch_leaves_out_what_a_later_attempt_owns(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    job = jobs.send_mail.JOB
    worker_id = uuid4()
    jobs.send_mail.enqueue_many(conn, map(mail, range(3)))
    conn.commit()
    fetched = jobs.send_mail.fetch_many(conn, worker_id, 3)
    conn.commit()
    fences = [Fence.of(row) for row in fetched]
    # The same worker again: only the time and the count tell the attempts apart.
    sync.run(conn, plans.give_back(job.statements, fences[1]))
    conn.commit()
    (again,) = jobs.send_mail.fetch_many(conn, worker_id, 1)
    conn.commit()
    assert again.id == fences[1].id
    written = sync.run(
        conn, worker_plans.succeed_many(job.statements, worker_id, fences)
    )
    assert written.keys() == {fences[0].id, fences[2].id}
    other = [Fence.of(again)]
    assert not sync.run(conn, worker_plans.succeed_many(job.statements, uuid4(), other))
    conn.commit()
    assert statuses(jobs_dsn) == ["succeeded", "running", "succeeded"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_a_batch_finds_rows_by_the_microsecond_in_every_time_zone(
    jobs_dsn: str, conn: psycopg.Connection[object], zone: str
) -> None:
    """Also where the clock shows an hour twice, or was minutes off the others'."""
    moments = (
        "0002-01-01 00:00:00.000001+00",
        "1883-11-18 12:03:57.999999+00",
        "1999-12-31 23:59:59.999999+00",
        "2000-01-01 00:00:00+00",
        "2026-10-25 00:30:00.123456+00",
        "2026-10-25 01:30:00.123456+00",
        "9999-12-30 23:59:59.999999+00",
    )
    ids = enqueue(jobs_dsn, len(moments))
    worker_id = uuid4()
    jobs.send_mail.fetch_many(conn, worker_id, len(moments))
    conn.execute(
        "UPDATE send_mail_jobs SET locked_at = moment"
        " FROM unnest(%s::bigint[], %s::timestamptz[]) AS new (id, moment)"
        " WHERE send_mail_jobs.id = new.id",
        [ids, list(moments)],
    )
    conn.execute(f"SET timezone = '{zone}'".encode())
    statements = jobs.send_mail.JOB.statements
    held = sync.run(conn, worker_plans.held(statements, worker_id))
    plan = worker_plans.succeed_many(statements, worker_id, held)
    assert sync.run(conn, plan).keys() == set(ids)


def test_a_batch_of_failures_leaves_out_what_a_later_attempt_owns(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    statements = jobs.send_mail.JOB.statements
    worker_id = uuid4()
    jobs.send_mail.enqueue_many(conn, map(mail, range(3)))
    conn.commit()
    fetched = jobs.send_mail.fetch_many(conn, worker_id, 3)
    failures = [
        worker_plans.Failure(
            Fence.of(row), f"no luck with {place}", timedelta(days=place)
        )
        for place, row in enumerate(fetched)
    ]
    sync.run(conn, plans.give_back(statements, Fence.of(fetched[1])))
    conn.commit()
    (again,) = jobs.send_mail.fetch_many(conn, worker_id, 1)
    conn.commit()
    assert again.id == fetched[1].id
    assert statements.fail_many is not None
    written = sync.run(
        conn, worker_plans.fail_many(statements.fail_many, worker_id, failures)
    )
    assert set(written.values()) == {jobs.JobStatus.RETRY}
    assert written.keys() == {fetched[0].id, fetched[2].id}
    other = [worker_plans.Failure(Fence.of(again), "not mine", None)]
    assert not sync.run(
        conn, worker_plans.fail_many(statements.fail_many, uuid4(), other)
    )
    conn.commit()
    columns = "last_error, date_part('day', run_at - updated_at), status::text"
    assert rows(jobs_dsn, columns) == [
        ("no luck with 0", 0, "job_status_retry"),
        (None, 0, "job_status_running"),
        ("no luck with 2", 2, "job_status_retry"),
    ]


def test_failures_are_written_in_batches(jobs_dsn: str) -> None:
    async def handler(job: jobs.SendMailJob) -> None:
        raise LookupError(f"{job.user_id} is unknown")

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().retried == 500)

    ids = enqueue(jobs_dsn, 500)
    asyncio.run(scenario())
    found = rows(jobs_dsn, "status::text, attempts_count, user_id, last_error")
    assert {(status, attempts) for status, attempts, *_ in found} == {
        ("job_status_retry", 1)
    }
    assert all(f"{user} is unknown" in error for *_, user, error in found)
    # All of one statement have its time.
    assert len(set(rows(jobs_dsn, "updated_at"))) < len(ids) / 5


def test_a_delay_that_the_database_refuses_spoils_no_batch(jobs_dsn: str) -> None:
    async def handler(job: jobs.SendMailJob) -> Retry:
        return Retry(timedelta.max if job.user_id % 50 == 0 else timedelta(hours=1))

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().retried == 200)

    enqueue(jobs_dsn, 200)
    asyncio.run(scenario())
    found = rows(jobs_dsn, "user_id % 50 = 0, last_error LIKE '%out of range%'")
    assert set(found) == {(True, True), (False, False)}


@pytest.mark.parametrize("outcome", [Retry, Snooze])
def test_a_delay_that_cannot_be_sent_fails_its_attempt_alone(
    jobs_dsn: str, outcome: type[Retry | Snooze]
) -> None:
    """Also where neither the driver nor the database says so: it is nested too deep."""
    odd: Any = 0  # no type would let it through
    for _ in range(5_000):
        odd = [odd]

    async def handler(job: jobs.SendMailJob) -> Retry | Snooze:
        return outcome(odd if job.user_id % 5 == 0 else timedelta(hours=1))

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(
                lambda: worker.stats().retried + worker.stats().given_back == 20
            )

    enqueue(jobs_dsn, 20)
    asyncio.run(scenario())
    found = rows(jobs_dsn, "user_id % 5 = 0, last_error LIKE '%Error:%'")
    assert {(is_odd, bool(told)) for is_odd, told in found} == {
        (True, True),
        (False, False),
    }


def test_a_locked_row_holds_up_no_other_result(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    release = asyncio.Event()
    started = 0

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal started
        started += 1
        await release.wait()

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: started == 8)
            conn.execute(
                "SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [ids[3]]
            )
            release.set()
            await until(lambda: worker.stats().succeeded == 7)
            assert statuses(jobs_dsn)[3] == "running"
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 8)

    ids = enqueue(jobs_dsn, 8)
    asyncio.run(scenario())


def test_a_row_that_is_locked_for_long_makes_no_other_result_late(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
    stalls: Stalls,
) -> None:
    """However long the pauses have become after which it is tried again."""

    async def handler(job: jobs.SendMailJob) -> None:
        if job.id == locked:
            conn.execute(
                "SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [locked]
            )

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: "again in 3.2 s: somebody locks" in caplog.text)
            assert worker.stats().succeeded == 1
            start = time.monotonic()
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 2)
            assert stalls.since(start) < 1
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 3)

    locked, _ = enqueue(jobs_dsn, 2)
    asyncio.run(scenario())


def test_a_row_that_is_free_again_is_written_though_others_are_locked_all_the_time(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with psycopg.connect(jobs_dsn) as first:

        async def handler(job: jobs.SendMailJob) -> None:
            locker = first if job.id == freed else conn
            locker.execute(
                "SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [job.id]
            )

        async def scenario() -> None:
            async with running(jobs_dsn, mail_handlers(handler)) as worker:
                await until(lambda: "again in 1.6 s: somebody" in caplog.text)
                first.rollback()
                end = time.monotonic() + PATIENCE
                while worker.stats().succeeded == 0:
                    assert time.monotonic() < end, "it is put off with each of them"
                    enqueue(jobs_dsn)
                    await asyncio.sleep(0.5)
                conn.rollback()

        (freed,) = enqueue(jobs_dsn)
        asyncio.run(scenario())


def test_rows_that_wait_for_a_slot_are_given_back_at_the_end(jobs_dsn: str) -> None:
    ran = 0
    stuck = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal ran
        ran += 1
        if ran == 400:
            stuck.set()
            await asyncio.sleep(PATIENCE)

    async def scenario() -> None:
        handlers = mail_handlers(handler, concurrency=1)
        async with running(jobs_dsn, handlers, grace=0.1):
            await until(stuck.is_set)

    enqueue(jobs_dsn, 1000)
    asyncio.run(scenario())
    found = rows(jobs_dsn, "status::text, attempts_count")
    assert (
        found
        == [("job_status_succeeded", 1)] * 399 + [("job_status_not_started", 0)] * 601
    )


def test_long_handlers_keep_no_rows_from_other_workers(jobs_dsn: str) -> None:
    """Only as many wait as have ended a moment ago, which is no more than may run."""
    begun = most = 0

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal begun, most
        begun += 1
        fetched = sum(status != "not_started" for status in statuses(jobs_dsn))
        most = max(most, fetched - begun)
        await asyncio.sleep(0.15)

    async def scenario() -> None:
        handlers = mail_handlers(handler, concurrency=2)
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: worker.stats().succeeded == 10)

    enqueue(jobs_dsn, 10)
    asyncio.run(scenario())
    assert most <= 3  # the other that begins now, and two that wait


@pytest.mark.parametrize(
    "what", ["PERFORM pg_sleep(0.05)", "RAISE EXCEPTION 'no'"], ids=["slow", "refused"]
)
def test_no_rows_are_fetched_while_the_server_cannot_follow_with_the_results(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    """Those that the worker holds would grow without end."""
    monkeypatch.setattr("jobgen.runtime.fetching.MOST_UNWRITTEN", 10)

    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler), grace=0.1) as worker:
            await until(lambda: worker.stats().fetched > 0)
            await asyncio.sleep(3)
            assert worker.stats().fetched <= 100

    enqueue(jobs_dsn, 5_000)
    conn.execute(_AT_RESULTS.format(what=what).encode())
    conn.commit()
    asyncio.run(scenario())
