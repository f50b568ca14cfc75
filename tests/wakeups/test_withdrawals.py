"""What a worker does between its promise and its sleep, as the server sees it."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

import generated_example as jobs
from tests.servers import Server
from tests.wakeups.statements import log_statements, logged
from tests.worker.support import PATIENCE, enqueue, mail_handlers, running, until


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


def test_a_lost_connection_is_replaced_without_waiting_for_a_tick(
    jobs_dsn: str, conn: psycopg.Connection[object]
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
