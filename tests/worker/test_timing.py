"""When handlers run, how many at once, and for how long."""

import asyncio
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest

import generated_example as jobs
from jobgen.runtime import Handlers, Worker, bind
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


@pytest.mark.parametrize("kind", ["async", "lambda"])
def test_an_async_handler_that_overruns_is_cancelled(jobs_dsn: str, kind: str) -> None:
    cancelled = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    handlers = mail_handlers(
        handler if kind == "async" else lambda job: handler(job), timeout=0.2
    )

    async def scenario() -> None:
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: worker.stats().retried == 1)
            await until(cancelled.is_set)

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert rows(jobs_dsn, "status::text, last_error, attempts_count") == [
        ("job_status_retry", "Timeout reached", 1)
    ]


def test_the_time_of_a_handler_runs_from_its_first_step(
    jobs_dsn: str, stalls: Stalls
) -> None:
    """Which may take long before it waits for the first time."""
    begun = 0.0

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal begun
        begun = time.monotonic()
        _compute()
        await asyncio.sleep(PATIENCE)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler, timeout=1.5)) as worker:
            await until(lambda: worker.stats().retried == 1)
            assert stalls.since(begun) < 2.2

    enqueue(jobs_dsn)
    asyncio.run(scenario())


def _compute() -> None:
    time.sleep(1)


def test_a_plain_handler_that_overruns_is_marked_at_once_and_keeps_its_slot(
    jobs_dsn: str,
) -> None:
    release = threading.Event()
    started: list[int] = []

    def handler(job: jobs.SendMailJob) -> None:
        started.append(job.user_id)
        if job.user_id == 0:
            release.wait(PATIENCE)

    handlers = mail_handlers(handler, timeout=0.2, concurrency=1)

    async def scenario() -> None:
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: statuses(jobs_dsn) == ["retry", "not_started"])
            assert worker.stats().overrunning == 1
            await asyncio.sleep(0.5)  # more than two polls
            assert started == [0]
            release.set()
            await until(lambda: worker.stats().succeeded == 1)

    enqueue(jobs_dsn, 2)
    asyncio.run(scenario())
    assert started == [0, 1]
    # Its late result is ignored.
    assert rows(jobs_dsn, "status::text, last_error") == [
        ("job_status_retry", "Timeout reached"),
        ("job_status_succeeded", None),
    ]


@pytest.mark.parametrize("plain", [False, True], ids=["async", "plain"])
@pytest.mark.parametrize(("of_job", "of_process"), [(3, None), (16, 2), (2, 5)])
def test_the_limits_on_handlers_at_once_are_used_and_never_exceeded(
    jobs_dsn: str, *, plain: bool, of_job: int, of_process: int | None
) -> None:
    now = most = 0
    lock = threading.Lock()

    def enter() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)

    def leave() -> None:
        nonlocal now
        with lock:
            now -= 1

    async def in_loop(job: jobs.SendMailJob) -> None:
        enter()
        await asyncio.sleep(0.02)
        leave()

    def in_thread(job: jobs.SendMailJob) -> None:
        enter()
        time.sleep(0.02)
        leave()

    handlers = mail_handlers(in_thread if plain else in_loop, concurrency=of_job)

    async def scenario() -> None:
        async with running(jobs_dsn, handlers, concurrency=of_process) as worker:
            await until(lambda: worker.stats().succeeded == 30)

    enqueue(jobs_dsn, 30)
    asyncio.run(scenario())
    assert 1 < most <= min(of_job, of_process or of_job)


def test_jobs_take_turns_under_a_limit_of_the_process(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    ran: list[str] = []

    async def in_turn(
        job: jobs.SendMailJob | jobs.PruneChartsJob,
    ) -> None:
        ran.append(type(job).__name__)

    mails = mail_handlers(in_turn)
    both = Handlers(jobs.PACKAGE, (*mails.bound, bind(jobs.prune_charts.JOB, in_turn)))

    async def scenario() -> None:
        async with running(jobs_dsn, both, concurrency=1) as worker:
            await until(lambda: worker.stats().succeeded == 40)

    jobs.send_mail.enqueue_many(conn, map(mail, range(20)))
    jobs.prune_charts.enqueue_many(conn, [jobs.PruneCharts()] * 20)
    conn.commit()
    asyncio.run(scenario())
    assert set(ran[:4]) == set(ran[-4:]) == {"SendMailJob", "PruneChartsJob"}


def test_a_scheduled_job_runs_on_time(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    started: list[datetime] = []

    async def handler(job: jobs.SendMailJob) -> None:
        started.append(datetime.now(UTC))

    run_at = datetime.now(UTC) + timedelta(seconds=2)

    async def scenario() -> None:
        # Neither the polling nor a notification comes at the right time.
        async with running(jobs_dsn, mail_handlers(handler), poll_interval=30):
            await until(lambda: bool(started))

    jobs.send_mail.enqueue(conn, replace(mail(), run_at=run_at))
    conn.commit()
    asyncio.run(scenario())
    assert timedelta(0) <= started[0] - run_at < timedelta(seconds=2)


def test_a_notification_wakes_the_worker(jobs_dsn: str) -> None:
    async def handler(job: jobs.SendMailJob) -> None: ...

    def succeeded(worker: Worker, count: int) -> bool:
        return worker.stats().succeeded == count

    async def scenario() -> None:
        async with running(
            jobs_dsn, mail_handlers(handler), poll_interval=30
        ) as worker:
            for count in (1, 2, 3):
                await until(lambda: _is_asleep(jobs_dsn))
                enqueue(jobs_dsn)
                await until(partial(succeeded, worker, count))

    start = time.monotonic()
    asyncio.run(scenario())
    assert time.monotonic() - start < 15


def _is_asleep(dsn: str) -> bool:
    """Whether the connection that fetches has had nothing to do for a while."""
    query = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'jobgen worker %' AND state = 'idle'"
        " AND clock_timestamp() - state_change > '300ms'"
    )
    with psycopg.connect(dsn) as conn:
        return conn.execute(query.encode()).fetchone() is not None


def test_without_listening_jobs_are_found_by_polling(jobs_dsn: str) -> None:
    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler), listen=False) as worker:
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)
            names = _names(jobs_dsn)
            assert not any(name.startswith("jobgen listen") for name in names)

    asyncio.run(scenario())


def _names(dsn: str) -> list[str]:
    """The application names of the workers' connections."""
    query = (
        "SELECT application_name FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'jobgen %'"
    )
    with psycopg.connect(dsn) as conn:
        return [name for (name,) in conn.execute(query)]


def test_a_clean_stop_leaves_neither_connections_nor_an_entry(jobs_dsn: str) -> None:
    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)
        await until(lambda: not _names(jobs_dsn))

    asyncio.run(scenario())
    with psycopg.connect(jobs_dsn) as conn:
        assert conn.execute("SELECT * FROM jobgen_workers").fetchall() == []


def test_a_stop_waits_for_handlers_within_the_grace(jobs_dsn: str) -> None:
    started = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        started.set()
        await asyncio.sleep(0.3)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)):
            await until(started.is_set)

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert statuses(jobs_dsn) == ["succeeded"]


@pytest.mark.parametrize("plain", [False, True], ids=["async", "plain"])
@pytest.mark.parametrize("how", ["grace", "second stop"])
def test_an_interrupted_job_is_given_back_and_its_attempt_not_counted(
    jobs_dsn: str, *, plain: bool, how: str
) -> None:
    started, release = threading.Event(), threading.Event()

    async def in_loop(job: jobs.SendMailJob) -> None:
        started.set()
        await asyncio.sleep(PATIENCE)

    def in_thread(job: jobs.SendMailJob) -> None:
        started.set()
        release.wait(PATIENCE)

    handlers = mail_handlers(in_thread if plain else in_loop)
    grace = 0.1 if how == "grace" else 2 * PATIENCE

    async def scenario() -> None:
        async with running(jobs_dsn, handlers, grace=grace) as worker:
            await until(started.is_set)
            if how == "second stop":
                worker.stop()

    enqueue(jobs_dsn)
    start = time.monotonic()
    asyncio.run(scenario())
    assert time.monotonic() - start < PATIENCE
    release.set()
    assert rows(jobs_dsn, "status::text, attempts_count, locked_by") == [
        ("job_status_not_started", 0, None)
    ]


@pytest.mark.parametrize("how", ["grace", "second cancellation"])
def test_a_cancelled_run_stops_as_cleanly(jobs_dsn: str, how: str) -> None:
    """As when the program that a worker is part of shuts down."""
    started = asyncio.Event()
    grace = 0.1 if how == "grace" else 2 * PATIENCE

    async def handler(job: jobs.SendMailJob) -> None:
        started.set()
        await asyncio.sleep(PATIENCE)

    async def scenario() -> None:
        worker = Worker(jobs_dsn, mail_handlers(handler), grace=grace)
        task = asyncio.create_task(worker.run())
        await until(started.is_set)
        task.cancel()
        if how == "second cancellation":
            await asyncio.sleep(0.1)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not _names(jobs_dsn))

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert rows(jobs_dsn, "status::text, attempts_count, locked_by") == [
        ("job_status_not_started", 0, None)
    ]
