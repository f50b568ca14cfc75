"""What the environment or the user's connections say has no part in the work."""

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import scalar_row

import generated_example as jobs
from jobgen.runtime import listener
from jobgen.runtime.link import Connect, open_connection
from tests.worker.support import mail_handlers, rows, running, statuses, until


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


def test_a_listening_connection_may_have_scalar_rows(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[AsyncConnection[Any]] = []

    async def connect() -> AsyncConnection[object]:
        conn = await AsyncConnection[object].connect(jobs_dsn, row_factory=scalar_row)
        opened.append(conn)
        return conn

    async def main() -> None:
        heard: list[str] = []
        channels = [jobs.send_mail.CHANNEL]
        task = asyncio.create_task(
            listener.listen(connect, "listener", channels, heard.append)
        )
        await until(lambda: len(heard) == 1)
        await asyncio.sleep(0.5)  # several probes
        with psycopg.connect(jobs_dsn) as conn:
            conn.execute("SELECT pg_notify(%s, '')", [channels[0]])
        await until(lambda: len(heard) == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(opened) == 1

    monkeypatch.setattr(listener, "PROBE_SECONDS", 0.1)
    asyncio.run(main())
