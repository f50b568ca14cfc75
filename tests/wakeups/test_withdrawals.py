"""What a worker does between its promise and its sleep, as the server sees it."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

import generated_example as jobs
from jobgen.runtime.link import Link
from jobgen.runtime.promises import Promises
from jobgen.runtime.table import Table
from jobgen.runtime.watch import PROMISE
from tests.servers import Server
from tests.stalls import Stalls
from tests.wakeups.promises import Connection
from tests.wakeups.statements import log_statements, logged
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail,
    mail_handlers,
    running,
    until,
)


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _transactions(server: Server, what: str) -> list[tuple[int, int]]:
    """Those of the statements with this text."""
    found = [each for each in logged(server) if what in each.text]
    return [(each.session, each.number) for each in found]


@pytest.mark.parametrize("listen", [True, False], ids=["listening", "pooled"])
def test_the_transaction_id_is_taken_after_the_withdrawal(
    own_server: Server, *, listen: bool
) -> None:
    """`setval` takes its own before it writes: whoever reads the promise in between
    has one beyond that."""

    async def scenario(dsn: str) -> None:
        async with running(dsn, mail_handlers(_nothing), listen=listen):
            await until(lambda: bool(_transactions(own_server, "pg_current_xact_id")))

    log_statements(own_server)
    with own_server.jobs_database() as dsn:
        asyncio.run(scenario(dsn))
    withdrawn = _transactions(own_server, "send_mail_jobs_wake', 1)")
    taken = _transactions(own_server, "pg_current_xact_id")
    assert withdrawn
    assert withdrawn[0] < taken[0]  # in one session


def test_a_job_that_read_a_promise_is_found_however_late_it_is_committed(
    jobs_dsn: str, conn: Connection, stalls: Stalls
) -> None:
    """Nobody is notified of it; the worker waits for its transaction, and looks then."""

    async def scenario() -> None:
        handlers = mail_handlers(_nothing)
        async with running(jobs_dsn, handlers, poll_interval=5 * PATIENCE) as worker:
            await asyncio.sleep(2 * PROMISE)  # it settles once, for an earlier promise
            others = await asyncio.to_thread(_insert_under_promise, jobs_dsn, conn)
            await until(lambda: worker.stats().succeeded == others)
            await asyncio.sleep(2 * PROMISE)  # it would be asleep by then
            start = time.monotonic()
            conn.commit()
            await until(lambda: worker.stats().succeeded == others + 1)
            assert stalls.since(start) < 1

    asyncio.run(scenario())


def _insert_under_promise(dsn: str, conn: Connection) -> int:
    """A job in the open transaction of `conn`, of which nobody is notified; how many
    others were committed to keep a worker promising."""
    promised = (
        "SELECT last_value - extract(epoch FROM clock_timestamp()) * 1000"
        " BETWEEN 50 AND 10000 FROM send_mail_jobs_wake"
    )
    deadline = time.monotonic() + PATIENCE
    others = 0
    while time.monotonic() < deadline:
        others += len(enqueue(dsn, 1_000))  # more than one batch
        before = conn.execute(promised).fetchall()
        jobs.send_mail.enqueue(conn, mail())
        if before == conn.execute(promised).fetchall() == [(True,)]:
            return others
        conn.rollback()
    raise AssertionError("no worker promises anything")


def test_jobs_that_keep_coming_while_a_worker_settles_are_promised(
    jobs_dsn: str, conn: Connection
) -> None:
    """They would not let it settle: each would notify, and inserts be slow for as long
    as there is no pause between them."""

    async def scenario() -> None:
        jobs.send_mail.enqueue(conn, mail())  # open: nobody can settle
        async with running(jobs_dsn, mail_handlers(_nothing)):
            await until(lambda: _lease(jobs_dsn) == 1)
            await until(lambda: bool(enqueue(jobs_dsn)) and _lease(jobs_dsn) > 1)

    asyncio.run(scenario())


def test_a_promise_that_was_taken_back_is_made_anew_once_rows_keep_coming(
    jobs_dsn: str,
) -> None:
    """At once, and not when the last one would have been renewed."""

    async def scenario() -> None:
        link = Link(jobs_dsn, "promises")
        promises = Promises(link)
        (bound,) = mail_handlers(_nothing).bound
        table = Table(bound, listens=True)
        for _ in range(2):
            table.watch.found(time.monotonic(), rows=50, wanted=50, settled=False)
            await promises.renew(table)
            assert _lease(jobs_dsn) > 1
            await promises.are_settled(table)
            assert _lease(jobs_dsn) == 1
        await link.drop()

    asyncio.run(scenario())


def _lease(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT last_value FROM send_mail_jobs_wake").fetchone()
    assert row is not None
    return int(row[0])


def test_a_lost_connection_is_replaced_without_waiting_for_a_tick(
    jobs_dsn: str, conn: Connection
) -> None:
    """Without one, a worker hears nothing."""

    async def scenario() -> None:
        handlers = mail_handlers(_nothing)
        async with running(jobs_dsn, handlers, poll_interval=5 * PATIENCE) as worker:
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)
            await asyncio.sleep(0.5)  # asleep by then
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            conn.rollback()
            await asyncio.sleep(0.5)  # it has noticed by then
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 2)

    asyncio.run(scenario())
