"""What the environment or the user's connections say has no part in the work."""

import asyncio
from functools import partial

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import scalar_row

import generated_example as jobs
from jobgen.runtime import Worker
from jobgen.runtime.link import Connect, open_connection
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail_handlers,
    rows,
    running,
    statuses,
    until,
)


@pytest.mark.parametrize("own", [False, True], ids=["a DSN", "a function"])
def test_a_row_that_the_clients_encoding_lacks_is_run(
    jobs_dsn: str, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def latin() -> AsyncConnection[object]:
        return await AsyncConnection.connect(jobs_dsn)

    async def handler(job: jobs.SendMailJob) -> None:
        raise ValueError(job.email)

    async def main() -> None:
        connect: Connect = latin if own else jobs_dsn
        async with await open_connection(connect, "probe") as conn:
            assert conn.info.parameter_status("client_encoding") == "UTF8"
        async with running(connect, mail_handlers(handler)):
            await until(lambda: statuses(jobs_dsn) == ["retry"])

    with psycopg.connect(jobs_dsn) as conn:
        jobs.send_mail.enqueue(conn, jobs.SendMail(user_id=1, email="漢"))
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    asyncio.run(main())
    monkeypatch.delenv("PGCLIENTENCODING")
    ((error,),) = rows(jobs_dsn, "last_error")
    assert error.startswith("ValueError: 漢")


def _has_succeeded(worker: Worker, count: int) -> bool:
    return worker.stats().succeeded == count


def test_the_users_connections_may_have_scalar_rows(jobs_dsn: str) -> None:
    """Also the one that listens: what it hears is heard while it sleeps."""
    opened: list[AsyncConnection[object]] = []

    async def connect() -> AsyncConnection[object]:
        conn = await AsyncConnection[object].connect(jobs_dsn, row_factory=scalar_row)
        opened.append(conn)
        return conn

    async def handler(job: jobs.SendMailJob) -> None: ...

    async def main() -> None:
        patient = running(connect, mail_handlers(handler), poll_interval=PATIENCE)
        async with patient as worker:
            for number in (1, 2):
                await asyncio.sleep(0.3)
                enqueue(jobs_dsn)
                await until(partial(_has_succeeded, worker, number))
        assert len(opened) == 4  # to fetch, for results, for care, for the heartbeat

    asyncio.run(main())
