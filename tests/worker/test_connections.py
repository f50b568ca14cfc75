"""What the environment or the user's connections say has no part in the work."""

import asyncio
import socket
import time
from functools import partial
from typing import Final

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import scalar_row

import generated_example as jobs
from jobgen.runtime import Worker
from jobgen.runtime.cursor import AsyncCursor
from jobgen.runtime.link import Connect, Link, open_connection
from jobgen.runtime.liveness import Session, is_at_work
from tests.chaos.network import Network, network
from tests.servers import Server
from tests.stalls import Stalls
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


def test_a_column_gets_another_type_while_a_worker_runs(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    """What was prepared before can never be carried out again in that session."""

    async def handler(job: jobs.SendMailJob) -> None:
        pass

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().succeeded == 1)
            conn.execute("ALTER TABLE send_mail_jobs ALTER email TYPE varchar(300)")
            conn.commit()
            enqueue(jobs_dsn, 2)
            await until(lambda: worker.stats().succeeded == 3)

    enqueue(jobs_dsn, 1)
    asyncio.run(scenario())


def test_a_transaction_whose_worker_fell_silent_holds_its_rows_for_seconds(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host is gone, say: the server hears nothing, not even that."""
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", 2 * PATIENCE)

    async def fetch(conn: AsyncConnection[object]) -> None:
        await conn.execute("SELECT FROM send_mail_jobs FOR UPDATE")
        held.set()
        await asyncio.sleep(2 * PATIENCE)

    async def handler(job: jobs.SendMailJob) -> None: ...

    async def main() -> None:
        silent = Link(jobs_dsn, "silent", pooled=True)
        fetching = asyncio.create_task(silent.use(fetch))
        await held.wait()
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await asyncio.sleep(1)
            assert not worker.stats().fetched
            await until(lambda: worker.stats().succeeded == 1)
        fetching.cancel()
        await asyncio.wait({fetching})

    held = asyncio.Event()
    enqueue(jobs_dsn)
    asyncio.run(main())


def test_work_in_many_short_statements_is_not_taken_for_dead(
    jobs_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whenever the server is asked, it may just be waiting for the next one."""
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", 0.05)

    async def work(conn: AsyncConnection[object]) -> None:
        for _ in range(100):
            await conn.execute("SELECT pg_sleep(0.005)")
            await asyncio.sleep(0.015)

    async def main() -> None:
        link = Link(jobs_dsn, "busy")
        await link.use(work)
        await link.drop()

    asyncio.run(main())
    assert [each for each in caplog.records if each.name == "jobgen"] == []


def test_a_network_that_fails_while_the_server_is_asked_does_not_end_the_doubt(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again, on yet another connection."""
    monkeypatch.setattr("jobgen.runtime.liveness.DOUBT_SECONDS", 0.3)

    async def scenario(broken: Network, dsn: str) -> bool:
        async def open_another() -> AsyncConnection[object]:
            conn = await open_connection(dsn, "another")
            broken.swallow()
            return conn

        async with await open_connection(jobs_dsn, "ours") as conn:
            session = Session(conn.info.backend_pid, since=None)
            asked = is_at_work(conn, open_another, lambda: session)
            return await asyncio.wait_for(asked, PATIENCE)

    with network(jobs_dsn) as (broken, dsn):
        assert asyncio.run(scenario(broken, dsn))


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


_SETTINGS: Final = (
    "idle_session_timeout = '500ms'",
    "default_transaction_isolation = 'serializable'",
)


@pytest.mark.parametrize("listen", [True, False])
@pytest.mark.parametrize("setting", _SETTINGS)
def test_what_a_database_sets_for_its_sessions_is_not_meant_for_workers(
    jobs_dsn: str, setting: str, listen: bool
) -> None:
    async def settings(conn: AsyncConnection[object]) -> tuple[object, ...]:
        cursor = AsyncCursor(conn)
        await cursor.execute(
            "SELECT current_setting('transaction_isolation'),"
            " current_setting('idle_session_timeout')"
        )
        (row,) = await cursor.fetchall()
        return row

    async def scenario() -> None:
        link = Link(jobs_dsn, "probe", pooled=not listen)
        isolation, idle = await link.use(settings)
        await link.drop()
        assert isolation == "read committed"
        assert idle == "0"

    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET {setting}".encode())
    asyncio.run(scenario())


@pytest.mark.parametrize("listen", [True, False])
def test_what_a_database_allows_a_transaction_is_not_meant_for_workers(
    jobs_dsn: str, listen: bool
) -> None:
    """A statement that takes longer goes on, and nothing is begun twice."""

    async def slow(conn: AsyncConnection[object]) -> None:
        await AsyncCursor(conn).execute("SELECT pg_sleep(0.6)")

    async def scenario() -> None:
        link = Link(jobs_dsn, "probe", pooled=not listen)
        await link.use(slow)
        await link.drop()

    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        if conn.info.server_version < 170000:
            pytest.skip("there is no such setting before PostgreSQL 17")
        setting = "transaction_timeout = '300ms'"
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET {setting}".encode())
    asyncio.run(scenario())


def test_a_worker_knows_its_schema_however_the_database_spells_names(
    jobs_dsn: str,
) -> None:
    """Types and triggers are compared as the server prints them."""

    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().succeeded == 1)

    setting = "quote_all_identifiers = on"
    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET {setting}".encode())
    enqueue(jobs_dsn)
    asyncio.run(scenario())


def test_a_success_is_written_once_a_server_that_only_read_writes_again(
    own_server: Server,
) -> None:
    """It does not become a failure that nobody could write either."""
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        await release.wait()

    async def scenario(dsn: str, conn: psycopg.Connection[object]) -> None:
        async with running(dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().fetched == 1)
            conn.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            conn.execute("SELECT pg_reload_conf()")
            await asyncio.sleep(0.5)
            release.set()
            await asyncio.sleep(1)
            conn.execute("SET default_transaction_read_only = off")
            conn.execute("ALTER SYSTEM RESET default_transaction_read_only")
            conn.execute("SELECT pg_reload_conf()")
            await until(lambda: worker.stats().succeeded == 1)

    with own_server.jobs_database() as dsn:
        enqueue(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            asyncio.run(scenario(dsn, conn))
        assert rows(dsn, "status::text, last_error") == [("job_status_succeeded", None)]


def test_a_worker_leaves_a_server_that_only_reads(jobs_dsn: str) -> None:
    """It was the primary, say; a new connection leads to the one that is now."""
    opened = 0

    async def connect() -> AsyncConnection[object]:
        nonlocal opened
        opened += 1
        return await AsyncConnection.connect(jobs_dsn)

    async def scenario() -> None:
        link = Link(connect, "probe")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await link.use(write_where_nothing_is_written)
        await link.open()
        await link.drop()

    async def write_where_nothing_is_written(conn: AsyncConnection[object]) -> None:
        await conn.execute("SET default_transaction_read_only = on")
        await conn.execute("DELETE FROM send_mail_jobs")

    asyncio.run(scenario())
    assert opened == 2


def test_a_host_that_does_not_answer_keeps_nobody_from_the_next_one(
    jobs_dsn: str,
) -> None:
    """It has lost its power, say; the standby behind it has been promoted."""

    async def scenario(dsn: str) -> None:
        async with await open_connection(dsn, "probe", seconds=2) as conn:
            await conn.execute("SELECT")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        known = conninfo_to_dict(jobs_dsn)
        hosts, ports = f"127.0.0.1,{known['host']}", f"{port},{known['port']}"
        asyncio.run(scenario(make_conninfo(jobs_dsn, host=hosts, port=ports)))


def test_a_server_that_does_not_answer_is_not_waited_for(
    jobs_dsn: str, stalls: Stalls
) -> None:
    async def scenario(dsn: str) -> None:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            await open_connection(dsn, "probe", seconds=2)
        assert stalls.since(started) < 4

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        asyncio.run(scenario(make_conninfo(jobs_dsn, host="127.0.0.1", port=port)))
