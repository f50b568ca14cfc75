"""Workers and producers behind a PgBouncer that lends out a session for each transaction."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.runtime import Worker
from jobgen.runtime.cursor import AsyncCursor
from jobgen.runtime.link import open_connection
from jobgen.runtime.liveness import TRANSACTION, Session, is_at_work
from tests.chaos.network import Network
from tests.servers import Server
from tests.stalls import Stalls
from tests.worker import pgbouncer
from tests.worker.pgbouncer import Pooler, pooling
from tests.worker.process import working
from tests.worker.support import (
    enqueue,
    mail,
    mail_handlers,
    running,
    statuses,
    until,
    wait_until,
)

FEW: Final = 2
"""Sessions of the server for all clients: fewer than one worker's connections."""

_MODULE: Final = """\
import os

import generated_example as jobs


async def send_mail(job):
    file = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{job.id}\\n".encode())
    os.close(file)


def nothing(job):
    pass


handlers = jobs.handlers(
    send_mail=send_mail,
    render_report=nothing,
    post_webhook=nothing,
    import_contacts=nothing,
    prune_charts=nothing,
)
"""

_SLOW_SUCCESS: Final = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(2);
    RETURN NEW;
END $$;
CREATE TRIGGER dawdle BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (NEW.status = 'job_status_succeeded') EXECUTE FUNCTION dawdle()
"""

_SETTINGS: Final = """
SELECT name, setting FROM pg_settings
WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding')
UNION ALL SELECT 'prepared', name FROM pg_prepared_statements
UNION ALL SELECT 'listening', * FROM pg_listening_channels()
"""
"""What a transaction finds that others left. The pooler sets those two itself."""


@pytest.fixture
def pooler(
    server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Pooler]:
    """With few sessions, if the test does not say how many."""
    program = pgbouncer.program()
    home = server.directory / f"pooler_{tmp_path.name}"
    home.mkdir()
    sessions = getattr(request, "param", FEW)
    with pooling(server, home, program, sessions) as made:
        yield made


Connection: TypeAlias = psycopg.Connection[TupleRow]


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _has_succeeded(worker: Worker, count: int) -> bool:
    return worker.stats().succeeded == count


def _produce(dsn: str, rounds: int, kept: list[int]) -> None:
    """All that producers do, in transactions of which each fourth is undone."""
    for number in range(rounds):
        with psycopg.connect(dsn, prepare_threshold=None) as conn:
            ids = [jobs.send_mail.enqueue(conn, mail())]
            ids += jobs.send_mail.enqueue_many(conn, map(mail, range(20)))
            time.sleep(0.002)
            if number % 4:
                kept.extend(ids)
            else:
                conn.rollback()
            jobs.send_mail.enqueue_copy(conn, map(mail, range(5)))


def test_every_job_of_many_producers_runs_once(
    jobs_dsn: str, pooler: Pooler, tmp_path: Path
) -> None:
    """Two worker processes and four producers on two sessions of the server."""
    (tmp_path / "app.py").write_text(_MODULE)
    dsn, ledger = pooler.dsn(jobs_dsn), tmp_path / "ledger"
    ledger.touch()
    kept: list[int] = []
    producers = [
        threading.Thread(target=_produce, args=(dsn, 20, kept)) for _ in range(4)
    ]
    arguments = ("app:handlers", "--dsn", dsn, "--no-listen", "--processes", "2")
    with working(tmp_path, *arguments) as process:
        for producer in producers:
            producer.start()
        for producer in producers:
            producer.join()
        wait_until(lambda: set(statuses(jobs_dsn)) == {"succeeded"})
        assert _sessions(jobs_dsn) <= FEW
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate()
    assert process.returncode == 0
    ran = Counter(map(int, ledger.read_text().split()))
    assert set(ran.values()) == {1}
    assert set(kept) < ran.keys()
    assert len(ran) == len(kept) + 4 * 20 * 5 == len(statuses(jobs_dsn))
    assert "WARNING" not in log


def _sessions(dsn: str) -> int:
    """Of others in this database."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    with psycopg.connect(dsn) as conn:
        ((count,),) = conn.execute(query).fetchall()
    return int(count)


def test_nothing_is_left_in_a_session(jobs_dsn: str, pooler: Pooler) -> None:
    """While workers come, work and go, whoever else uses their sessions sees nothing."""
    dsn = pooler.dsn(jobs_dsn)
    left: list[object] = []

    def use(conn: Connection) -> None:
        for _ in range(50):
            jobs.send_mail.enqueue(conn, mail())
            time.sleep(0.005)
            left.extend(conn.execute(_SETTINGS).fetchall())

    async def scenario(conn: Connection) -> None:
        async with running(dsn, mail_handlers(_nothing), listen=False) as worker:
            await asyncio.to_thread(use, conn)
            await until(lambda: worker.stats().succeeded == 50)

    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
        asyncio.run(scenario(conn))
        use(conn)
    assert left == []


def test_a_slow_statement_is_not_taken_for_dead(
    jobs_dsn: str,
    pooler: Pooler,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server knows no process of the number that a pooler gives its clients."""
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", 0.5)

    async def scenario() -> None:
        dsn = pooler.dsn(jobs_dsn)
        async with running(dsn, mail_handlers(_nothing), listen=False) as worker:
            await until(lambda: worker.stats().succeeded == 1)

    enqueue(jobs_dsn)
    with psycopg.connect(jobs_dsn) as conn:
        conn.execute(_SLOW_SUCCESS)
    with caplog.at_level(logging.WARNING, logger="jobgen"):
        asyncio.run(scenario())
    assert caplog.messages == []


def test_a_session_is_at_our_work_for_as_long_as_our_transaction_lasts(
    jobs_dsn: str,
) -> None:
    """Others to whom a pooler lends it may be busy there: our answer was sent before."""

    async def scenario() -> tuple[bool, bool]:
        open_another = partial(_another, jobs_dsn)
        async with await open_another() as conn:
            async with conn.transaction():
                session = await _session(conn)
                async with _busy(conn):
                    ours = await is_at_work(conn, open_another, lambda: session)
            async with conn.transaction(), _busy(conn):
                others = await is_at_work(conn, open_another, lambda: session)
        return ours, others

    assert asyncio.run(scenario()) == (True, False)


async def _session(conn: AsyncConnection[object]) -> Session:
    cursor = AsyncCursor(conn)
    await cursor.execute(TRANSACTION)
    ((pid, since),) = await cursor.fetchall()
    return Session(pid, since)


@asynccontextmanager
async def _busy(conn: AsyncConnection[object]) -> AsyncGenerator[None]:
    """A statement is under way on it within the block."""
    task = asyncio.create_task(AsyncCursor(conn).execute("SELECT pg_sleep(1)"))
    await asyncio.sleep(0.1)
    try:
        yield
    finally:
        await task


async def _another(dsn: str) -> AsyncConnection[object]:
    return await open_connection(dsn, "another", pooled=True)


def test_a_session_that_a_pooler_lends_to_the_question_is_not_at_our_work(
    jobs_dsn: str,
) -> None:
    """What was asked there before has had its answer."""

    async def scenario() -> bool:
        conn = await _another(jobs_dsn)

        async def open_another() -> AsyncConnection[object]:
            return conn

        async with conn.transaction():
            session = await _session(conn)
        return await is_at_work(conn, open_another, lambda: session)

    assert not asyncio.run(scenario())


@pytest.mark.parametrize("pooler", [20], indirect=True, ids=str)
def test_a_pooler_that_does_not_answer_any_more_is_noticed(
    jobs_dsn: str, pooler: Pooler
) -> None:
    """The connections are half open: nobody says that they are lost, nor to it."""

    async def scenario() -> float:
        dsn = make_conninfo(pooler.dsn(jobs_dsn), port=network.port)
        handlers = mail_handlers(_nothing)
        async with running(dsn, handlers, listen=False) as worker:
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)
            network.swallow()
            start = time.monotonic()
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 2)
            return time.monotonic() - start

    network = Network(pooler.socket)
    try:
        noticed = asyncio.run(scenario())
    finally:
        network.close()
    print(f"pooler: half-open connections noticed after {noticed:.1f} s")
    assert noticed < 10
    assert statuses(jobs_dsn) == ["succeeded", "succeeded"]


def test_a_pooler_may_be_restarted(jobs_dsn: str, pooler: Pooler) -> None:
    runs: Counter[int] = Counter()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1

    async def scenario() -> None:
        dsn = pooler.dsn(jobs_dsn)
        async with running(dsn, mail_handlers(handler), listen=False):
            for number in range(1, 5):
                enqueue(jobs_dsn, 50)
                await until(lambda: bool(runs))
                pooler.kill()
                await asyncio.to_thread(pooler.start)
                await until(partial(done, 50 * number))

    def done(count: int) -> bool:
        return statuses(jobs_dsn) == ["succeeded"] * count

    asyncio.run(scenario())
    assert len(runs) == 200


def test_a_job_is_done_soon_however_long_the_worker_was_idle(
    jobs_dsn: str, pooler: Pooler, stalls: Stalls
) -> None:
    """Nothing announces it: within the poll interval, and then ever sooner."""

    async def scenario() -> list[float]:
        waits: list[float] = []
        dsn = pooler.dsn(jobs_dsn)
        handlers = mail_handlers(_nothing)
        async with running(dsn, handlers, listen=False, poll_interval=1.0) as worker:
            await asyncio.sleep(3)
            for number in range(1, 21):
                start = time.monotonic()
                await asyncio.to_thread(enqueue, jobs_dsn)
                await until(partial(_has_succeeded, worker, number))
                waits.append(stalls.since(start))
        return waits

    waits = asyncio.run(scenario())
    later = sorted(waits[1:])
    print(f"pooler: first after {waits[0]:.3f} s, then {later[9]:.3f}, {later[-1]:.3f}")
    assert waits[0] < 1.5
    assert later[len(later) // 2] < 0.1
