"""What a worker does between its promise and its sleep, as the server sees it."""

from __future__ import annotations

import asyncio
import re

import psycopg
import pytest

import generated_example as jobs
from tests.servers import Server
from tests.worker.support import PATIENCE, enqueue, mail_handlers, running, until


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _log_statements(server: Server) -> None:
    """With the session and the number in it of each one's transaction."""
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET log_statement = 'all'")
        conn.execute("ALTER SYSTEM SET log_line_prefix = '@%v '")
        conn.execute("SELECT pg_reload_conf()")


def _transactions(server: Server, what: str) -> list[tuple[int, int]]:
    """Those of the statements of the log with this text."""
    entries = re.split(r"^@", server.log.read_text(), flags=re.MULTILINE)
    found = [entry.split()[0].split("/") for entry in entries if what in entry]
    return [(int(session), int(number)) for session, number in found]


@pytest.mark.parametrize("listen", [True, False], ids=["listening", "pooled"])
def test_the_transaction_id_is_taken_after_the_withdrawal(
    own_server: Server, *, listen: bool
) -> None:
    """`setval` takes its own before it writes: whoever reads the promise in between
    has one beyond that."""

    async def scenario(dsn: str) -> None:
        async with running(dsn, mail_handlers(_nothing), listen=listen):
            await until(lambda: bool(_transactions(own_server, "pg_current_xact_id")))

    _log_statements(own_server)
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
