"""Others lock rows and tables, or forbid a result: everything else goes on."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from itertools import cycle
from typing import Final

import psycopg

import generated_example as jobs
from jobgen.runtime import Handlers
from tests.emit.schemas import HEAD, files
from tests.properties.packages import imported
from tests.unseen import Unseen
from tests.wakeups.promises import Connection
from tests.wakeups.tables import JOBS, fifty_tables
from tests.worker.support import (
    enqueue,
    mail_handlers,
    rows,
    running,
    statuses,
    until,
)

_LOCKED: Final = 3.0
"""Seconds: much longer than a worker waits for a lock, or between its rescues."""
_FULL: Final = 1.5
"""Seconds in which all slots are: longer than a mark lives."""

_NEVER_ENDS = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not this one';
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (NEW.user_id = 3 AND OLD.status = 'job_status_running')
    EXECUTE FUNCTION refuse()
"""


def test_a_locked_table_holds_up_no_other_table(
    database: str, hold_seconds: float
) -> None:
    """Each job of the others runs while the lock is held; the figure is printed."""
    held = max(_LOCKED, hold_seconds)
    locked, *others = JOBS

    async def scenario(
        handlers: Handlers, locker: Connection, producer: Connection
    ) -> None:
        waits: list[float] = []
        async with running(database, handlers) as worker:
            await until(lambda: worker.stats().succeeded == 1)
            locker.execute(
                f"LOCK TABLE {locked}_jobs IN ACCESS EXCLUSIVE MODE".encode()
            )
            end = time.monotonic() + held
            for name in cycle(others):
                began = time.monotonic()
                if began > end:
                    break
                await asyncio.to_thread(_insert_one, producer, name)
                waits.append(began)
                await until(lambda: worker.stats().succeeded == 1 + len(waits))
                waits[-1] = time.monotonic() - began
            locker.rollback()
            _insert_one(producer, locked)
            await until(lambda: worker.stats().succeeded == 2 + len(waits))
        waits.sort()
        print(
            f"locked: {len(waits)} jobs of {len(others)} other tables, half within"
            f" {waits[len(waits) // 2]:.3f}, worst {waits[-1]:.3f} s"
        )
        assert len(waits) > max(10 * held, len(others))

    with (
        fifty_tables(database) as handlers,
        psycopg.connect(database) as locker,
        psycopg.connect(database, autocommit=True) as producer,
    ):
        _insert_one(producer, locked)
        asyncio.run(scenario(handlers, locker, producer))


def _insert_one(conn: Connection, name: str) -> None:
    conn.execute(f"INSERT INTO {name}_jobs DEFAULT VALUES".encode())


def test_a_running_row_that_somebody_locks_runs_once(
    jobs_dsn: str, conn: Connection, hold_seconds: float
) -> None:
    """And the results of the others are written, and new jobs run."""
    held = max(_LOCKED, hold_seconds)
    runs: Counter[int] = Counter()
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1
        await release.wait()

    async def scenario() -> None:
        handlers = mail_handlers(handler)
        dead, lost = held / 2, held / 3
        async with (
            running(jobs_dsn, handlers, dead_after=dead, lost_after=lost) as one,
            running(jobs_dsn, handlers, dead_after=dead, lost_after=lost) as other,
        ):

            def succeeded() -> int:
                return one.stats().succeeded + other.stats().succeeded

            await until(lambda: len(runs) == 8)
            conn.execute(
                "SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [ids[3]]
            )
            release.set()
            await until(lambda: succeeded() == 7)
            enqueue(jobs_dsn, 8)
            await until(lambda: succeeded() == 15)
            await asyncio.sleep(held)
            assert statuses(jobs_dsn)[3] == "running"
            conn.rollback()
            await until(lambda: succeeded() == 16)

    ids = enqueue(jobs_dsn, 8)
    asyncio.run(scenario())
    assert set(runs.values()) == {1}
    assert len(runs) == 16


def test_a_row_whose_result_cannot_be_written_stops_no_other(jobs_dsn: str) -> None:
    """It stays with its worker, which writes it as soon as it can, as a failure."""
    runs: Counter[int] = Counter()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().succeeded == 7)
            enqueue(jobs_dsn, 3)
            await until(lambda: worker.stats().succeeded == 10)
            assert rows(jobs_dsn, "status::text, attempts_count")[3] == (
                "job_status_running",
                1,
            )
            with psycopg.connect(jobs_dsn) as conn:
                conn.execute("DROP TRIGGER refuse ON send_mail_jobs")
            await until(lambda: worker.stats().retried == 1)

    enqueue(jobs_dsn, 8)
    with psycopg.connect(jobs_dsn) as conn:
        conn.execute(_NEVER_ENDS)
    asyncio.run(scenario())
    assert statuses(jobs_dsn) == ["succeeded"] * 3 + ["retry"] + ["succeeded"] * 7
    assert set(runs.values()) == {1}


def test_a_row_of_higher_priority_is_next_when_a_slot_becomes_free(
    database: str, hold_seconds: float
) -> None:
    """However long all slots were full, and whatever was fetched before."""
    text = HEAD + "jobs: {work: {columns: {}, priority: true, concurrency: 2}}\n"
    ran: list[int] = []
    free = asyncio.Semaphore(0)

    async def work(job: Unseen) -> None:
        ran.append(job.priority)
        await free.acquire()

    async def scenario(package: Unseen) -> None:
        handlers = package.handlers(work=work)
        async with running(database, handlers, poll_interval=0.2):
            await until(lambda: len(ran) == 2)
            await asyncio.sleep(max(_FULL, hold_seconds))
            await asyncio.to_thread(_insert, database, 0, 1)
            free.release()
            await until(lambda: len(ran) == 3)
            for _ in range(50):
                free.release()
            await until(lambda: len(ran) == 21)

    with imported(files(text), {}) as package:
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        _insert(database, 5, 20)
        asyncio.run(scenario(package))
    assert ran[:3] == [5, 5, 0]


def _insert(dsn: str, priority: int, count: int) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO work_jobs (priority) SELECT %s FROM generate_series(1, %s)",
            [priority, count],
        )
