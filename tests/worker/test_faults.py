"""Deaths, lost connections and blocked loops: no job is lost, none runs twice."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

import generated_example as jobs
from jobgen.runtime import Worker
from jobgen.runtime.heartbeat import Heartbeat
from tests.servers import Server
from tests.worker.proxy import SlowProxy
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail_handlers,
    rows,
    running,
    statuses,
    take_over,
    until,
    wait_until,
)

_ROOT: Final = Path(__file__).parents[2]

_BLOCKED: Final = 4.0
"""Seconds: twice as long as it takes to be taken for dead."""


def _enqueue_when_possible(dsn: str, count: int) -> None:
    while True:
        try:
            enqueue(dsn, count)
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_worker_outlives_a_restart_of_the_server(
    own_server: Server, mode: str
) -> None:
    runs: Counter[int] = Counter()
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1
        await release.wait()

    async def scenario(dsn: str) -> None:
        async with running(dsn, mail_handlers(handler)) as worker:
            # Eight are running, and finish while the server is away.
            await until(lambda: len(runs) == 8)
            await asyncio.to_thread(
                own_server.stop, "fast" if mode == "fast" else "immediate"
            )
            release.set()
            await asyncio.sleep(0.3)
            await asyncio.to_thread(own_server.start)
            await asyncio.to_thread(_enqueue_when_possible, dsn, 8)
            await until(lambda: worker.stats().succeeded == 16)

    with own_server.jobs_database() as dsn:
        enqueue(dsn, 8)
        asyncio.run(scenario(dsn))
        assert statuses(dsn) == ["succeeded"] * 16
    assert set(runs.values()) == {1}
    assert len(runs) == 16


def test_a_worker_outlives_the_end_of_all_its_connections(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    runs: Counter[int] = Counter()
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1
        await release.wait()

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: len(runs) == 4)
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            conn.rollback()
            release.set()
            enqueue(jobs_dsn, 4)
            await until(lambda: worker.stats().succeeded == 8)

    enqueue(jobs_dsn, 4)
    asyncio.run(scenario())
    assert statuses(jobs_dsn) == ["succeeded"] * 8
    assert set(runs.values()) == {1}


def test_a_handler_that_blocks_the_loop_does_not_look_dead(
    jobs_dsn: str, hold_seconds: float
) -> None:
    held = max(_BLOCKED, hold_seconds)
    runs: Counter[int] = Counter()
    started = threading.Event()
    stop = threading.Event()

    async def blocking(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1
        started.set()
        block_the_thread(held)

    async def quick(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1

    async def rescuer() -> None:
        handlers = mail_handlers(quick)
        async with running(jobs_dsn, handlers, dead_after=2.0, lost_after=1.8):
            await asyncio.to_thread(stop.wait, held + PATIENCE)

    async def blocked() -> None:
        async with running(jobs_dsn, mail_handlers(blocking)) as worker:
            await until(lambda: worker.stats().succeeded == 1)
            assert worker.stats().refused == 0

    (job_id,) = enqueue(jobs_dsn)
    beside = threading.Thread(target=lambda: (started.wait(), asyncio.run(rescuer())))
    beside.start()
    try:
        asyncio.run(blocked())
    finally:
        started.set()
        stop.set()
        beside.join()
    assert runs == {job_id: 1}
    assert rows(jobs_dsn, "status::text, attempts_count") == [
        ("job_status_succeeded", 1)
    ]


def test_rows_that_others_took_meanwhile_are_not_begun_though_the_heart_beats_again(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    """The loop stood still, and so did the heartbeat, which is back before it."""
    begun: list[int] = []

    async def handler(job: jobs.SendMailJob) -> None:
        begun.append(job.id)
        _lose_all(conn)

    async def scenario() -> None:
        handlers = mail_handlers(handler, concurrency=3)
        async with running(
            jobs_dsn, handlers, lost_after=1.0, dead_after=1.5
        ) as worker:
            await until(lambda: worker.stats().refused == 3)

    ids = enqueue(jobs_dsn, 3)
    asyncio.run(scenario())
    assert begun == ids[:1]


def test_rows_of_a_fetch_that_was_under_way_meanwhile_are_not_begun_either(
    jobs_dsn: str, conn: psycopg.Connection[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer comes when what was in hand has long been let go."""
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", PATIENCE)
    begun: list[int] = []

    async def handler(job: jobs.SendMailJob) -> None:
        begun.append(job.id)

    async def scenario() -> None:
        proxy = SlowProxy(jobs_dsn, b"run_at <= now()")
        handlers = mail_handlers(handler)
        async with (
            proxy.serving(),
            running(proxy.dsn, handlers, lost_after=1.0, dead_after=1.5) as worker,
        ):
            await until(proxy.kept.is_set)
            await asyncio.to_thread(_lose_all, conn)
            proxy.delivered.set()
            await until(lambda: worker.stats().refused == 3)

    enqueue(jobs_dsn, 3)
    asyncio.run(scenario())
    assert begun == []


def _lose_all(conn: psycopg.Connection[object]) -> None:
    """No beat can be written for two seconds, in which somebody else takes all rows."""
    conn.execute("LOCK TABLE jobgen_workers")
    time.sleep(2)
    take_over(conn)
    time.sleep(1)  # and here they are again


def test_a_worker_that_is_run_long_after_it_was_made_was_not_blocked(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    heartbeat = Heartbeat(
        jobs_dsn,
        jobs.PACKAGE,
        uuid4(),
        ["send_mail"],
        interval=PATIENCE,
        lost_after=1.0,
        blocked_after=1.0,
        dead_after=PATIENCE,
        pooled=False,
    )
    time.sleep(1.1)
    heartbeat.start()
    assert not heartbeat.lost
    wait_until(lambda: heartbeat.registered)
    heartbeat.stop(PATIENCE)
    assert "event loop blocked" not in caplog.text


def test_a_loop_that_is_blocked_is_told_before_the_next_beat(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Which may come when the loop is free again; and it is told once."""
    heartbeat = Heartbeat(
        jobs_dsn,
        jobs.PACKAGE,
        uuid4(),
        ["send_mail"],
        interval=PATIENCE,
        lost_after=PATIENCE,
        blocked_after=0.5,
        dead_after=PATIENCE,
        pooled=False,
    )
    heartbeat.start()
    wait_until(lambda: "event loop blocked" in caplog.text)
    time.sleep(1.0)
    heartbeat.stop(PATIENCE)
    assert caplog.text.count("event loop blocked") == 1


class _Suspended(threading.Event):
    """As where the process stands still for a second and a half after each wait."""

    def wait(self, timeout: float | None = None) -> bool:
        is_set = super().wait(timeout)
        return is_set or super().wait(1.5)


def test_the_loop_is_not_blamed_where_the_whole_process_stood_still(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine that was suspended, say: the stacks of its threads mean nothing."""
    heartbeat = Heartbeat(
        jobs_dsn,
        jobs.PACKAGE,
        uuid4(),
        ["send_mail"],
        interval=0.1,
        lost_after=PATIENCE,
        blocked_after=1.0,
        dead_after=PATIENCE,
        pooled=False,
    )
    monkeypatch.setattr(heartbeat, "_stop", _Suspended())
    heartbeat.start()
    time.sleep(3.5)
    heartbeat.stop(PATIENCE)
    assert heartbeat.registered
    assert "event loop blocked" not in caplog.text


def test_a_heartbeat_that_cannot_tell_what_blocks_the_loop_goes_on(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A container may have no file to write to."""

    async def blocking(job: jobs.SendMailJob) -> None:
        block_the_thread(1.5)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(blocking), lost_after=1.0) as worker:
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 2)

    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    asyncio.run(scenario())
    assert "event loop blocked" in caplog.text


def test_a_plain_handler_for_which_there_is_no_thread_fails_and_frees_its_slot(
    jobs_dsn: str,
) -> None:
    def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        handlers = mail_handlers(handler, concurrency=1)
        async with running(jobs_dsn, handlers) as worker:
            await asyncio.sleep(0.5)  # its own threads have begun
            size = threading.stack_size(1 << 46)  # more than there is
            try:
                enqueue(jobs_dsn)
                await until(lambda: worker.stats().retried == 1)
            finally:
                threading.stack_size(size)
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)

    asyncio.run(scenario())
    ((error,), _) = rows(jobs_dsn, "last_error")
    assert error.startswith("RuntimeError: can't start new thread")


def test_a_worker_that_can_write_no_results_any_more_ends_with_the_reason(
    jobs_dsn: str,
) -> None:
    """Here the application's own logging fails; it had gone on, and written none."""

    async def handler(job: jobs.SendMailJob) -> None:
        raise ValueError

    def filtered(record: logging.LogRecord) -> bool:
        if "attempt" in record.getMessage():
            raise LookupError("no such filter")
        return True

    worker = Worker(jobs_dsn, mail_handlers(handler, concurrency=1), grace=0.5)
    enqueue(jobs_dsn)
    with psycopg.connect(jobs_dsn) as conn:  # the attempt to come is the last one
        conn.execute("UPDATE send_mail_jobs SET attempts_count = 4")
    logger = logging.getLogger("jobgen")
    logger.addFilter(filtered)
    try:
        with pytest.raises(LookupError, match="no such filter"):
            asyncio.run(asyncio.wait_for(worker.run(), PATIENCE))
    finally:
        logger.removeFilter(filtered)


_KILLED: Final = """\
import sys, time
import generated_example as jobs
from jobgen.runtime import run
from tests.worker.support import mail_handlers

def handler(job):
    print("started", flush=True)
    time.sleep(60)

run(sys.argv[1], mail_handlers(handler), heartbeat_interval=0.2)
"""


def test_a_worker_whose_heartbeat_has_ended_ends_too(jobs_dsn: str) -> None:
    """It would take no row any more, and say nothing: whoever restarts it can."""

    async def connect() -> AsyncConnection[object]:
        if threading.current_thread() is not threading.main_thread():
            raise SystemExit(3)
        return await AsyncConnection.connect(jobs_dsn)

    async def handler(job: jobs.SendMailJob) -> None: ...

    worker = Worker(connect, mail_handlers(handler), heartbeat_interval=0.2)

    async def main() -> None:
        async with asyncio.timeout(PATIENCE):
            await worker.run()

    with pytest.raises(RuntimeError, match="no heartbeat") as caught:
        asyncio.run(main())
    assert isinstance(caught.value.__cause__, SystemExit)


def test_the_job_of_a_killed_worker_is_rescued_by_another(jobs_dsn: str) -> None:
    done: list[int] = []

    async def handler(job: jobs.SendMailJob) -> None:
        done.append(job.attempts_count)

    async def scenario() -> None:
        handlers = mail_handlers(handler)
        async with running(
            jobs_dsn, handlers, dead_after=2.0, lost_after=1.8
        ) as worker:
            await until(lambda: worker.stats().succeeded == 1)
            await until(lambda: worker.stats().rescued == 1)

    enqueue(jobs_dsn)
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, jobs_dsn],
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.send_signal(signal.SIGKILL)
    asyncio.run(scenario())
    # The attempt counts: a job that kills its worker comes to an end.
    assert done == [2]
    assert statuses(jobs_dsn) == ["succeeded"]


def test_an_async_handler_is_cancelled_before_others_own_its_row(
    jobs_dsn: str,
) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()
    broken = False

    async def connect() -> AsyncConnection[object]:
        if broken:
            raise RuntimeError("no way to the database")
        return await AsyncConnection.connect(jobs_dsn)

    async def handler(job: jobs.SendMailJob) -> None:
        if started.is_set():
            return
        started.set()
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def scenario() -> None:
        nonlocal broken
        async with running(connect, mail_handlers(handler), lost_after=1.0) as worker:
            await until(started.is_set)
            broken = True
            with psycopg.connect(jobs_dsn) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await until(cancelled.is_set)
            broken = False
            await until(lambda: worker.stats().succeeded == 1)

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert rows(jobs_dsn, "status::text, attempts_count") == [
        ("job_status_succeeded", 1)
    ]


def test_a_plain_handler_keeps_its_row_while_its_thread_goes_on(
    jobs_dsn: str,
) -> None:
    """A thread cannot be stopped; a row that was given back would run twice."""
    runs: Counter[int] = Counter()
    release = threading.Event()
    broken = False

    async def connect() -> AsyncConnection[object]:
        if broken:
            raise RuntimeError("no way to the database")
        return await AsyncConnection.connect(jobs_dsn)

    def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1
        release.wait(PATIENCE)

    async def scenario() -> None:
        nonlocal broken
        handlers = mail_handlers(handler)
        async with running(connect, handlers, lost_after=1.0) as worker:
            await until(lambda: len(runs) == 1)
            broken = True
            with psycopg.connect(jobs_dsn) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await asyncio.sleep(1.5)  # The heartbeat is lost by now.
            broken = False
            enqueue(jobs_dsn)
            await until(lambda: len(runs) == 2)  # The worker is back.
            assert statuses(jobs_dsn) == ["running", "running"]
            release.set()
            await until(lambda: worker.stats().succeeded == 2)

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert set(runs.values()) == {1}


def test_a_locked_row_holds_up_no_other(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().succeeded == 2)
            assert statuses(jobs_dsn) == ["not_started", "succeeded", "succeeded"]
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 3)

    first, *_ = enqueue(jobs_dsn, 3)
    conn.execute(f"SELECT FROM send_mail_jobs WHERE id = {first} FOR UPDATE".encode())
    asyncio.run(scenario())


def test_two_workers_share_the_jobs_and_run_each_once(jobs_dsn: str) -> None:
    runs: Counter[int] = Counter()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1
        await asyncio.sleep(0.001)

    async def scenario() -> None:
        handlers = mail_handlers(handler)
        async with (
            running(jobs_dsn, handlers) as one,
            running(jobs_dsn, handlers) as other,
        ):
            await until(lambda: one.stats().succeeded + other.stats().succeeded == 300)

    enqueue(jobs_dsn, 300)
    asyncio.run(scenario())
    assert len(runs) == 300
    assert set(runs.values()) == {1}


def block_the_thread(seconds: float) -> None:
    """What a careless handler does to the event loop."""
    time.sleep(seconds)
