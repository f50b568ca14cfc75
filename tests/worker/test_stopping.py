"""A worker ends when it is told to, whatever the server does meanwhile."""

import asyncio
import select
import socket
import time

import psycopg
import pytest

import generated_example as jobs
from jobgen.runtime import Worker
from tests.chaos.network import network
from tests.stalls import Pause, Stalls
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail_handlers,
    rows,
    running,
    statuses,
    until,
)

_SLOW_FETCH = f"""\
CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep({2 * PATIENCE});
    RETURN NEW;
END $$;
CREATE TRIGGER take_long BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (NEW.user_id = 1 AND NEW.status = 'job_status_running')
    EXECUTE FUNCTION take_long()
"""
_FETCHING = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name LIKE 'jobgen worker%' AND wait_event = 'PgSleep'"
)


class _Handler:
    """Never returns by itself; knows when it was called, and when cancelled."""

    def __init__(self) -> None:
        self.begun = False
        self.cancelled_at = 0.0

    async def __call__(self, job: jobs.SendMailJob) -> None:
        self.begun = True
        try:
            await asyncio.sleep(2 * PATIENCE)
        finally:
            self.cancelled_at = time.monotonic()


def test_a_server_that_does_not_answer_at_the_start_is_not_waited_for(
    stalls: Stalls,
) -> None:
    """The worker ends as cleanly as one that had begun."""

    async def scenario(port: int) -> float:
        dsn = f"host=127.0.0.1 port={port} connect_timeout={PATIENCE}"
        worker = Worker(dsn, mail_handlers(_Handler()))
        running = asyncio.create_task(worker.run())
        await until(lambda: select.select([server], [], [], 0)[0] != [])
        stopped_at = time.monotonic()
        worker.stop()
        await running
        return stalls.since(stopped_at)

    with socket.create_server(("127.0.0.1", 0)) as server:
        assert asyncio.run(scenario(server.getsockname()[1])) < 1


@pytest.mark.parametrize("hurry", [False, True], ids=["once", "twice"])
def test_a_fetch_that_takes_long_is_cancelled(
    jobs_dsn: str, conn: psycopg.Connection[object], stalls: Stalls, hurry: bool
) -> None:
    """At once where somebody is in a hurry; its rows are left as they were."""
    handler = _Handler()

    async def scenario() -> float:
        worker = Worker(jobs_dsn, mail_handlers(handler), grace=0.0)
        running = asyncio.create_task(worker.run())
        await until(lambda: handler.begun)
        enqueue(jobs_dsn, 2)  # the second of them takes long to fetch
        await until(lambda: conn.execute(_FETCHING).rowcount == 1)
        stopped_at = time.monotonic()
        worker.stop()
        if hurry:
            worker.stop()
        await running
        waited = stalls.without(Pause(stopped_at, handler.cancelled_at))
        assert waited < (1 if hurry else 7)
        return stalls.since(stopped_at)

    conn.autocommit = True
    conn.execute(_SLOW_FETCH.encode())
    enqueue(jobs_dsn)
    assert asyncio.run(scenario()) < (4 if hurry else 10)
    columns = "status::text, attempts_count, locked_by"
    assert set(rows(jobs_dsn, columns)) == {("job_status_not_started", 0, None)}


def test_a_server_that_says_nothing_any_more_is_not_waited_for(
    jobs_dsn: str, stalls: Stalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", 4 * PATIENCE)
    handler = _Handler()

    async def scenario() -> float:
        with network(jobs_dsn) as (wire, dsn):
            worker = Worker(dsn, mail_handlers(handler), poll_interval=0.2)
            running = asyncio.create_task(worker.run())
            await until(lambda: handler.begun)
            wire.swallow()
            await asyncio.sleep(1)  # it has asked what falls due
            stopped_at = time.monotonic()
            worker.stop()
            worker.stop()
            await running
            assert stalls.without(Pause(stopped_at, handler.cancelled_at)) < 1
            return time.monotonic() - stopped_at

    enqueue(jobs_dsn)
    assert asyncio.run(scenario()) < PATIENCE


def test_a_row_that_is_locked_at_the_end_is_rescued_soon(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    """It cannot be given back; the others can, and the worker counts as dead."""
    handler = _Handler()

    async def stopped() -> None:
        handlers = mail_handlers(handler)
        async with running(jobs_dsn, handlers, grace=0.1) as worker:
            await until(lambda: worker.stats().fetched == 3)
            await until(lambda: handler.begun)
            conn.execute(
                "SELECT FROM send_mail_jobs WHERE id = ANY(%s) FOR UPDATE", [ids[:2]]
            )

    async def others() -> None:
        handlers = mail_handlers(_nothing)
        async with running(
            jobs_dsn, handlers, lost_after=1.0, dead_after=1.5
        ) as worker:
            await until(lambda: worker.stats().succeeded == 3)

    ids = enqueue(jobs_dsn, 3)
    asyncio.run(stopped())
    assert statuses(jobs_dsn) == ["running", "running", "not_started"]
    conn.rollback()
    asyncio.run(others())
    assert rows(jobs_dsn, "attempts_count") == [(2,), (2,), (1,)]


async def _nothing(job: jobs.SendMailJob) -> None: ...
