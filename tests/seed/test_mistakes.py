"""The thirteen mistakes of the model, in its order; none may come back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, RawCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import generated_example as jobs
from generated_example import SendMailJob, post_webhook, send_mail
from jobgen.runtime import JobStatus, Outcome, Snooze, Worker, plans, sync
from jobgen.schema.load import load_schema
from tests.seed.kit import MAIL, Connection, build
from tests.servers import Server

Handler = Callable[[SendMailJob], Awaitable[Outcome | None]]


@asynccontextmanager
async def working(
    connect: str | Callable[[], Awaitable[AsyncConnection[object]]],
    handler: Handler,
    *,
    poll_interval: float = 0.2,
    grace: float = 5.0,
) -> AsyncGenerator[Worker]:
    """A worker of send_mail with short times, stopped at the end of the block."""

    async def unused(job: object) -> None:
        raise AssertionError(job)

    worker = Worker(
        connect,
        jobs.handlers(
            send_mail=handler,
            render_report=unused,
            post_webhook=unused,
            import_contacts=unused,
            prune_charts=unused,
        ),
        only=["send_mail"],
        poll_interval=poll_interval,
        grace=grace,
        heartbeat_interval=0.2,
        dead_after=1.0,
        lost_after=0.8,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        async with asyncio.timeout(20):
            await task


async def until(condition: Callable[[], bool], *, pause: float = 0.02) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(pause)


def reached(worker: Worker, succeeded: int) -> Callable[[], bool]:
    return lambda: worker.stats().succeeded == succeeded


async def nothing(job: SendMailJob) -> None:
    pass


def status(conn: Connection, job_id: int) -> JobStatus:
    ((label,),) = conn.execute(
        "SELECT status::text FROM send_mail_jobs WHERE id = %s", [job_id]
    )
    return JobStatus.parse(label)


def taken(conn: Connection, worker_id: UUID) -> SendMailJob:
    job = send_mail.fetch(conn, worker_id)
    assert job is not None
    return job


def sample(table: str) -> str:
    return (
        "jobgen: 1\npackage: sample\noutput: ../sample\njobs:\n"
        f"  work: {{table: {table}, columns: {{}}, notify: always}}\n"
    )


def test_01_names_too_long_for_a_channel_or_function_are_refused(
    database: str, tmp_path: Path
) -> None:
    for length in (46, 50, 63):
        loaded = load_schema(sample("t" * length).encode(), "jobs.yaml")
        assert loaded.schema is None
        assert "63" in "".join(each.message for each in loaded.diagnostics)
    package = build(sample("t" * 45), tmp_path)
    with Connection.connect(database, autocommit=True) as conn:
        conn.execute(package.SCHEMA_SQL)
        package.work.enqueue(conn, package.Work())
        assert package.work.fetch(conn, uuid4()) is not None


TRIGGERS = """
SELECT tgname, oid, xmin::text, tgenabled FROM pg_trigger
WHERE tgrelid = 'send_mail_jobs'::regclass AND NOT tgisinternal ORDER BY tgname
"""


@pytest.mark.parametrize("damage", ["none", "disabled", "body"])
def test_02_triggers_are_mended_without_anybody_waiting(
    conn: Connection, jobs_dsn: str, damage: str
) -> None:
    conn.autocommit = True
    if damage == "disabled":
        conn.execute(
            "ALTER TABLE send_mail_jobs DISABLE TRIGGER did_insert_job_send_mail_jobs"
        )
    elif damage == "body":
        conn.execute(
            "CREATE OR REPLACE FUNCTION notify_job_queued_send_mail_jobs()"
            " RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
    before = conn.execute(TRIGGERS).fetchall()

    def healthy() -> bool:
        ((count,),) = conn.execute(
            "SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE tgrelid = 'send_mail_jobs'::regclass AND tgenabled = 'O'"
            " AND prosrc LIKE '%%pg_notify%%' AND NOT tgisinternal"
        )
        return bool(count == 2)

    async def main() -> None:
        with psycopg.connect(jobs_dsn) as busy:
            # A writer that does not end, and a dump that reads.
            busy.execute("LOCK TABLE send_mail_jobs IN ROW EXCLUSIVE MODE")
            busy.execute("LOCK TABLE send_mail_jobs IN ACCESS SHARE MODE")
            conn.execute("SET lock_timeout = '50ms'")
            async with working(jobs_dsn, nothing) as worker:
                for _ in range(30):
                    send_mail.enqueue(conn, MAIL)
                    await asyncio.sleep(0.03)
                assert conn.execute(TRIGGERS).fetchall() == before
                busy.rollback()
                await until(healthy)
                await until(lambda: worker.stats().succeeded == 30)

    assert healthy() is (damage == "none")
    asyncio.run(main())
    if damage == "none":
        assert conn.execute(TRIGGERS).fetchall() == before


def test_03_a_fetch_neither_scans_nor_sorts_the_table(conn: Connection) -> None:
    conn.autocommit = True
    conn.execute(
        "INSERT INTO send_mail_jobs (user_id, email, status)"
        " SELECT n, '', CASE WHEN n % 10 = 0 THEN 'job_status_not_started'"
        " ELSE 'job_status_succeeded' END::job_status"
        " FROM generate_series(1, 20000) AS n"
    )
    conn.execute(
        "INSERT INTO post_webhook_jobs (event, url, payload, priority)"
        " SELECT 'paid', '', '{}', n % 5 FROM generate_series(1, 20000) AS n"
    )
    conn.execute("ANALYZE")
    for sql in (send_mail.FETCH_SQL, post_webhook.FETCH_SQL):
        cursor = RawCursor(conn)
        rows = cursor.execute("EXPLAIN (COSTS OFF) " + sql, (uuid4(), 10)).fetchall()
        plan = "\n".join(str(line) for (line,) in rows)
        assert "_jobs_ready on" in plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan


@pytest.mark.parametrize("module", [send_mail, post_webhook])
def test_04_a_failed_job_waits(conn: Connection, module: object) -> None:
    conn.autocommit = True
    if module is send_mail:
        send_mail.enqueue(conn, MAIL)
        send_mail.fail(conn, taken(conn, uuid4()), "no")
        assert send_mail.fetch(conn, uuid4()) is None
        sql = "SELECT run_at > clock_timestamp() FROM send_mail_jobs"
        assert conn.execute(sql).fetchall() == [(True,)]
    else:
        new = jobs.PostWebhook(event="paid", url="", payload=None)
        post_webhook.enqueue(conn, new)
        job = post_webhook.fetch(conn, uuid4())
        assert job is not None
        post_webhook.fail(conn, job, "no")
        assert post_webhook.fetch(conn, uuid4()) is None
        sql = "SELECT run_at > clock_timestamp() FROM post_webhook_jobs"
        assert conn.execute(sql).fetchall() == [(True,)]


def test_05_the_first_runner_cannot_overwrite_the_second(conn: Connection) -> None:
    job_id = send_mail.enqueue(conn, MAIL)
    first = taken(conn, uuid4())
    conn.execute("UPDATE send_mail_jobs SET locked_at = now() - interval '1 hour'")
    assert send_mail.rescue(conn) == 1
    second = taken(conn, uuid4())
    assert send_mail.succeed(conn, first) is None
    assert send_mail.fail(conn, first, "late") is None
    assert send_mail.timeout(conn, first) is None
    assert status(conn, job_id) is JobStatus.RUNNING
    assert send_mail.succeed(conn, second) is JobStatus.SUCCEEDED


def test_06_a_job_that_kills_its_workers_does_not_come_back_for_ever(
    conn: Connection,
) -> None:
    job_id = send_mail.enqueue(conn, MAIL)
    for attempt in range(1, 6):
        assert taken(conn, uuid4()).attempts_count == attempt
        conn.execute("UPDATE send_mail_jobs SET locked_at = now() - interval '1 hour'")
        assert send_mail.rescue(conn) == 1
    assert status(conn, job_id) is JobStatus.FAILED
    assert send_mail.fetch(conn, uuid4()) is None


def test_07_a_slow_job_of_a_living_worker_runs_once(
    conn: Connection, jobs_dsn: str
) -> None:
    conn.autocommit = True
    job_id = send_mail.enqueue(conn, MAIL)
    runs: list[int] = []

    async def slow(job: SendMailJob) -> None:
        runs.append(job.attempts_count)
        await asyncio.sleep(2.5)  # longer than dead_after

    async def main() -> None:
        async with working(jobs_dsn, slow), working(jobs_dsn, slow):
            await until(lambda: status(conn, job_id) is JobStatus.SUCCEEDED)

    asyncio.run(main())
    assert runs == [1]


def test_08_every_loop_survives_database_errors_and_says_so(
    conn: Connection, jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    conn.autocommit = True
    caplog.set_level(logging.WARNING, "jobgen")

    async def main() -> None:
        async with working(jobs_dsn, nothing) as worker:
            send_mail.enqueue(conn, MAIL)
            await until(lambda: worker.stats().succeeded == 1)
            for _ in range(3):
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
                await asyncio.sleep(0.3)
            conn.execute("ALTER TABLE send_mail_jobs RENAME TO elsewhere")
            conn.execute("ALTER TABLE jobgen_workers RENAME TO nowhere")
            await asyncio.sleep(0.6)
            conn.execute("ALTER TABLE nowhere RENAME TO jobgen_workers")
            conn.execute("ALTER TABLE elsewhere RENAME TO send_mail_jobs")
            send_mail.enqueue(conn, MAIL)
            await until(lambda: worker.stats().succeeded == 2)
            # And the rescue of what somebody else left behind.
            send_mail.enqueue_many(conn, [MAIL])
            conn.execute(
                "UPDATE send_mail_jobs SET status = 'job_status_running',"
                " locked_at = now() - interval '1 hour', locked_by = %s"
                " WHERE id = (SELECT max(id) FROM send_mail_jobs)",
                [uuid4()],
            )
            await until(
                lambda: (
                    conn.execute(
                        "SELECT bool_and(status = 'job_status_succeeded')"
                        " FROM send_mail_jobs"
                    ).fetchall()
                    == [(True,)]
                )
            )

    asyncio.run(main())
    assert "fetch failed" in caplog.text
    assert "rescue failed" in caplog.text
    assert "heartbeat failed" in caplog.text


def test_09_a_job_enqueued_as_the_worker_stops_looking_is_found_at_once(
    conn: Connection, jobs_dsn: str
) -> None:
    conn.autocommit = True

    async def main() -> None:
        async with working(jobs_dsn, nothing, poll_interval=60) as worker:
            for _ in range(100):
                send_mail.enqueue(conn, MAIL)
                done = worker.stats().succeeded + 1
                await until(reached(worker, done), pause=0)
                await asyncio.sleep(done % 10 / 1000)

    asyncio.run(main())


class Gate:
    """A TCP proxy that can lose what its first listening clients say."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.silenced = 0
        self.listeners = 0

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        server_reader, server_writer = await asyncio.open_connection(
            "127.0.0.1", self._port
        )
        try:
            await asyncio.gather(
                self._pipe(reader, server_writer, up=True),
                self._pipe(server_reader, writer, up=False),
            )
        except ConnectionError:
            pass
        finally:
            writer.close()
            server_writer.close()

    async def _pipe(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        up: bool,
    ) -> None:
        number = 0
        while data := await reader.read(65536):
            if up and b"LISTEN" in data and not number:
                self.listeners += 1
                number = self.listeners
            if not number or number > self.silenced:
                writer.write(data)
                await writer.drain()
        writer.close()


def test_10_a_half_open_listening_connection_is_noticed(
    server: Server, conn: Connection, jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobgen.runtime.fetching.PROBE_SECONDS", 0.3)
    monkeypatch.setattr("jobgen.runtime.link.DOUBT_SECONDS", 0.5)
    conn.autocommit = True

    async def main() -> None:
        gate = Gate(server.port)
        proxy = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
        port = proxy.sockets[0].getsockname()[1]
        name = str(conninfo_to_dict(jobs_dsn)["dbname"])
        dsn = make_conninfo(server.tcp_dsn(name), port=port)
        async with working(dsn, nothing, poll_interval=60) as worker:
            await until(lambda: gate.listeners == 1)
            await asyncio.sleep(0.2)
            gate.silenced = 1
            await until(lambda: gate.listeners == 2)
            await asyncio.sleep(0.2)
            send_mail.enqueue(conn, MAIL)
            await until(lambda: worker.stats().succeeded == 1)
        proxy.close()

    asyncio.run(main())


def test_11_rows_stranded_by_a_retry_are_freed_and_slow_nobody(
    conn: Connection,
) -> None:
    conn.autocommit = True
    conn.execute(
        """
        INSERT INTO send_mail_jobs
            (user_id, email, status, locked_by, locked_at, updated_at, run_at)
        SELECT n, '', 'job_status_retry', %s, now() - interval '1 hour',
            now() - interval '1 minute', now() - interval '1 day'
        FROM generate_series(1, 10000) AS n
        """,
        [uuid4()],
    )
    conn.execute("ANALYZE send_mail_jobs")
    rows = sync.run(conn, soonest())
    assert rows == [("send_mail", None)], "an idle worker sees nothing that is due"
    job_id = send_mail.enqueue(conn, MAIL)
    cursor = RawCursor(conn)
    explained = cursor.execute(
        "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) " + send_mail.FETCH_SQL,
        (uuid4(), 1),
    )
    plan = "\n".join(str(line) for (line,) in explained.fetchall())
    assert "Rows Removed by Filter" not in plan
    assert "Seq Scan" not in plan
    assert status(conn, job_id) is JobStatus.RUNNING
    assert send_mail.pending(conn) == 0
    assert send_mail.rescue(conn) == 0
    assert send_mail.pending(conn) == 10_000


def soonest() -> plans.Plan[list[tuple[object, ...]]]:
    rows = yield plans.Execute(send_mail.NEXT_DUE_SQL)
    return rows.all()


def test_12_an_error_while_the_result_is_written_leaves_no_row_running(
    conn: Connection, jobs_dsn: str
) -> None:
    conn.autocommit = True
    ids = send_mail.enqueue_many(
        conn,
        [jobs.SendMail(user_id=n, email="") for n in range(3)],
    )

    async def handler(job: SendMailJob) -> Outcome | None:
        if job.user_id == 0:
            raise ValueError("a\0b\ud800")
        if job.user_id == 1:
            return Snooze(timedelta(days=999_999_999))  # beyond the server's calendar
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        return None

    async def main() -> None:
        async with working(jobs_dsn, handler):
            await until(lambda: status(conn, ids[0]) is JobStatus.RETRY)
            await until(lambda: status(conn, ids[1]) is JobStatus.RETRY)
            await until(lambda: status(conn, ids[2]) is JobStatus.SUCCEEDED)

    asyncio.run(main())


def test_13_a_shutdown_is_no_failed_attempt(conn: Connection, jobs_dsn: str) -> None:
    conn.autocommit = True
    job_id = send_mail.enqueue(conn, MAIL)
    started: list[UUID | None] = []

    async def endless(job: SendMailJob) -> None:
        started.append(job.locked_by)
        await asyncio.sleep(60)

    async def main() -> None:
        async with working(jobs_dsn, endless, grace=0.1):
            await until(lambda: bool(started))

    asyncio.run(main())
    assert conn.execute(
        "SELECT status::text, attempts_count, last_error, locked_at, locked_by"
        " FROM send_mail_jobs WHERE id = %s",
        [job_id],
    ).fetchall() == [("job_status_not_started", 0, None, None, None)]
