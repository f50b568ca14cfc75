"""A server that sends an answer is at work for as long as some of it comes in."""

import asyncio
import logging
import sys
import time
from functools import partial
from typing import Final

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import generated_example as jobs
from jobgen.runtime.link import open_connection
from jobgen.runtime.liveness import Session, is_at_work
from tests.stalls import Stalls
from tests.worker.proxy import NarrowProxy
from tests.worker.support import enqueue, mail_handlers, running, statuses, until

_MEGABYTE: Final = 1 << 20
_LARGE: Final = b"SELECT repeat('x', 1048576) FROM generate_series(1, 20)"

_only_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not say when data came in"
)


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _enqueue_large(dsn: str, count: int) -> None:
    """Jobs of a megabyte each."""
    enqueue(dsn, count)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE send_mail_jobs SET subject = repeat('x', 1048576)")


def _waits_to_send(dsn: str) -> bool:
    """Whether a process of the server waits until somebody takes its answer."""
    query = (
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event = 'ClientWrite'"
    )
    with psycopg.connect(dsn) as conn:
        return conn.execute(query).fetchone() is not None


@_only_linux
def test_an_answer_that_stops_coming_in_is_given_up(
    jobs_dsn: str, stalls: Stalls
) -> None:
    """The server says that it is at work: it waits for us to take the rest.

    What it was to give us is given to us again.
    """

    async def scenario() -> float:
        proxy = NarrowProxy(jobs_dsn, stall_after=5 * _MEGABYTE)
        handlers = mail_handlers(_nothing)
        async with proxy.serving(), running(proxy.dsn, handlers) as worker:
            await proxy.stalled.wait()
            start = time.monotonic()
            await until(lambda: _waits_to_send(jobs_dsn))
            await until(lambda: worker.stats().succeeded == 32)
            return stalls.since(start)

    _enqueue_large(jobs_dsn, 32)
    noticed = asyncio.run(scenario())
    print(f"an answer that stopped was given up after {noticed:.1f} s")
    assert noticed < 10
    assert statuses(jobs_dsn) == ["succeeded"] * 32


def test_an_answer_that_comes_in_slowly_is_not_taken_for_dead(
    jobs_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It takes twice as long as a silence may."""
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", 0.5)

    async def scenario() -> float:
        proxy = NarrowProxy(jobs_dsn, pause=0.05)
        handlers = mail_handlers(_nothing)
        async with proxy.serving(), running(proxy.dsn, handlers) as worker:
            start = time.monotonic()
            await until(lambda: worker.stats().succeeded == 8)
            return time.monotonic() - start

    _enqueue_large(jobs_dsn, 8)
    assert asyncio.run(scenario()) > 6
    assert _warnings(caplog) == []


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        each.getMessage()
        for each in caplog.records
        if each.name == "jobgen" and each.levelno >= logging.WARNING
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", None], ids=["TCP", "Unix"])
def test_an_answer_that_nobody_reads_is_not_taken_for_dead(
    jobs_dsn: str, host: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a handler blocks the event loop nothing more comes in, for want of room."""
    monkeypatch.setattr("jobgen.runtime.liveness.DOUBT_SECONDS", 0.2)
    dsn = make_conninfo(jobs_dsn, host=host or conninfo_to_dict(jobs_dsn)["host"])

    async def scenario() -> bool:
        conn = await open_connection(dsn, "blocked")
        session = Session(conn.info.backend_pid, since=None)
        conn.pgconn.send_query(_LARGE)
        await until(lambda: _waits_to_send(jobs_dsn))
        await asyncio.sleep(1)
        another = partial(open_connection, dsn, "another")
        at_work = await is_at_work(conn, another, lambda: session)
        assert _waits_to_send(jobs_dsn)
        await conn.close()
        return at_work

    assert asyncio.run(scenario())
