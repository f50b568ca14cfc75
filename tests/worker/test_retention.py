"""Finished rows go when they have been kept for as long as their job says."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

import generated_example as jobs
from generated_example import render_report, send_mail
from jobgen.runtime import Handlers, JobStatus, RefusedError, Stats, Worker, bind
from jobgen.runtime.link import Link, open_connection
from jobgen.runtime.retention import Retention
from tests.worker.support import enqueue, mail_handlers, running, until

Connection = psycopg.Connection[TupleRow]

# render_report keeps what succeeded for 30 days, and what failed for 90.
_ADD: Final[LiteralString] = """
INSERT INTO render_report_jobs (title, period, status, updated_at, run_at)
SELECT %(title)s, 'empty', %(status)s, now() - %(age)s, now() + interval '1 day'
FROM generate_series(1, %(count)s)
"""
_DAYS: Final = timedelta(days=1)
_EXPIRE: Final = render_report.EXPIRE_SQL


async def _handler(job: jobs.RenderReportJob) -> None:
    raise AssertionError("there is none to run")


_HANDLERS: Final = Handlers(jobs.PACKAGE, (bind(render_report.JOB, _handler),))


def _add(
    conn: Connection,
    status: JobStatus,
    age: timedelta,
    *,
    title: str = "",
    count: int = 1,
) -> None:
    """Rows of this status, as old as that; none of them is due."""
    conn.execute(_ADD, {"title": title, "status": status, "age": age, "count": count})
    conn.commit()


def _count(conn: Connection) -> int:
    (row,) = conn.execute("SELECT count(*) FROM render_report_jobs").fetchall()
    conn.commit()
    found: int = row[0]
    return found


def _expire(
    conn: Connection, limit: int, mark: str = "-infinity"
) -> tuple[int, str | None]:
    """One batch, as a worker sends it."""
    cursor = psycopg.RawCursor(conn)
    (row,) = cursor.execute(_EXPIRE, (limit, mark)).fetchall()
    return row[0], row[1]


def test_old_rows_go_and_others_stay(jobs_dsn: str, conn: Connection) -> None:
    """Each status has its time; what is not finished stays, however old."""
    for status in JobStatus:
        for days in (29, 31, 89, 91, 10_000):
            _add(conn, status, days * _DAYS, title=f"{status.name} {days}")

    async def scenario() -> None:
        async with running(jobs_dsn, _HANDLERS) as worker:
            await until(lambda: worker.stats().expired == 8)

    asyncio.run(scenario())
    rows = conn.execute("SELECT title FROM render_report_jobs").fetchall()
    every = (29, 31, 89, 91, 10_000)
    assert {row[0] for row in rows} == {
        *(f"{live} {n}" for live in ("NOT_STARTED", "RUNNING", "RETRY") for n in every),
        *(f"{failed} {n}" for failed in ("FAILED", "TIMED_OUT") for n in every[:3]),
        "SUCCEEDED 29",
    }


def test_a_row_goes_when_its_time_has_come(jobs_dsn: str, conn: Connection) -> None:
    """A worker looks again and again."""

    async def scenario() -> None:
        async with running(jobs_dsn, _HANDLERS) as worker:
            _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS)
            await until(lambda: worker.stats().expired == 1)
            _add(conn, JobStatus.FAILED, 91 * _DAYS)
            await until(lambda: worker.stats().expired == 2)

    asyncio.run(scenario())
    assert _count(conn) == 0


def test_more_than_a_batch_goes_in_one_turn(jobs_dsn: str, conn: Connection) -> None:
    _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS, count=1_700)
    _add(conn, JobStatus.FAILED, 91 * _DAYS, count=600)

    async def scenario() -> None:
        async with running(jobs_dsn, _HANDLERS) as worker:
            await until(lambda: worker.stats().expired == 2_300)

    asyncio.run(scenario())
    assert _count(conn) == 0


@pytest.mark.parametrize(
    "style", ["-c datestyle=iso,mdy", "-c datestyle=sql,dmy -c timezone=Asia/Kolkata"]
)
def test_a_turn_deletes_all_however_the_role_writes_dates(
    jobs_dsn: str, conn: Connection, style: str
) -> None:
    """There, `IST` is written for one time zone and read as another."""
    for minutes in range(3):
        age = 31 * _DAYS + timedelta(minutes=minutes)
        _add(conn, JobStatus.SUCCEEDED, age, count=500)
    stats = Stats()

    async def scenario() -> None:
        care = Link(make_conninfo(jobs_dsn, options=style), "care")
        await Retention(care, _HANDLERS.bound, stats, every=60).take_turn()
        await care.drop()

    asyncio.run(scenario())
    assert stats.expired == 1_500


def test_a_batch_is_bounded_and_says_where_the_next_one_starts(
    conn: Connection,
) -> None:
    """The oldest go first; no batch looks again at what those before it deleted."""
    for days in range(31, 38):
        _add(conn, JobStatus.SUCCEEDED, days * _DAYS)
        _add(conn, JobStatus.TIMED_OUT, (days + 60) * _DAYS)
    _add(conn, JobStatus.FAILED, 91 * _DAYS)
    sizes: list[int] = []
    marks: list[str] = []
    mark: str | None = "-infinity"
    while mark is not None:
        marks.append(mark)
        size, mark = _expire(conn, 3, mark)
        sizes.append(size)
    assert sizes == [7, 6, 2]
    assert _count(conn) == 0
    when = "SELECT now() - %s::timestamptz > %s::interval"
    for start, ago in ((marks[1], "4 days"), (marks[2], "1 day")):
        assert conn.execute(when, [start, ago]).fetchone() == (True,)


def test_a_mark_hides_what_was_due_before_it(conn: Connection) -> None:
    """It is the time at which a row was due, whatever its status."""
    _add(conn, JobStatus.SUCCEEDED, 40 * _DAYS)
    _add(conn, JobStatus.FAILED, 100 * _DAYS)
    row = conn.execute("SELECT (now() - interval '9 days')::text").fetchone()
    assert row is not None
    assert _expire(conn, 10, row[0]) == (0, None)
    row = conn.execute("SELECT (now() - interval '11 days')::text").fetchone()
    assert row is not None
    assert _expire(conn, 10, row[0]) == (2, None)


def test_a_row_from_before_all_time_goes_too(conn: Connection) -> None:
    """Python has no such time."""
    _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS, count=2)
    conn.execute("UPDATE render_report_jobs SET updated_at = '-infinity'")
    conn.commit()
    assert _expire(conn, 1) == (1, "-infinity")
    assert _expire(conn, 1, "-infinity") == (1, "-infinity")
    assert _expire(conn, 1, "-infinity") == (0, None)


def test_a_locked_row_is_left_alone_and_a_ready_one_stays(
    jobs_dsn: str, conn: Connection
) -> None:
    """Somebody retries an old row while it is looked at: it is not deleted."""
    _add(conn, JobStatus.FAILED, 91 * _DAYS, title="again")
    _add(conn, JobStatus.FAILED, 91 * _DAYS, title="old")
    conn.execute(
        "UPDATE render_report_jobs SET status = 'job_status_retry'"
        " WHERE title = 'again'"
    )
    with psycopg.connect(jobs_dsn, autocommit=True) as other:
        other.execute("SET lock_timeout = '10s'")
        assert _expire(other, 10) == (1, None)
        conn.commit()
        assert _expire(other, 10) == (0, None)
    rows = conn.execute("SELECT title FROM render_report_jobs").fetchall()
    assert rows == [("again",)]


def test_two_workers_delete_each_row_once(jobs_dsn: str, conn: Connection) -> None:
    _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS, count=5_000)

    async def scenario() -> None:
        async with (
            running(jobs_dsn, _HANDLERS) as one,
            running(jobs_dsn, _HANDLERS) as two,
        ):
            await until(lambda: one.stats().expired + two.stats().expired == 5_000)

    asyncio.run(scenario())
    assert _count(conn) == 0


def test_a_fault_ends_no_more_than_a_turn(
    jobs_dsn: str, conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """A trigger of the user forbids it; then the connection is cut."""
    _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS)
    conn.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'no'; END $$;"
        " CREATE TRIGGER refuse BEFORE DELETE ON render_report_jobs"
        " EXECUTE FUNCTION refuse()"
    )
    conn.commit()

    def warned() -> bool:
        return "render_report: old rows are not deleted" in caplog.text

    async def scenario() -> None:
        async with running(jobs_dsn, _HANDLERS) as worker:
            await until(warned)
            assert worker.stats().expired == 0
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database()"
                " AND application_name LIKE 'jobgen care%'"
            )
            conn.execute("DROP TRIGGER refuse ON render_report_jobs")
            conn.commit()
            await until(lambda: worker.stats().expired == 1)

    with caplog.at_level(logging.WARNING, logger="jobgen"):
        asyncio.run(scenario())
    assert _count(conn) == 0


_REFER: Final[LiteralString] = """
CREATE TABLE charts (job bigint REFERENCES render_report_jobs);
INSERT INTO charts SELECT id FROM render_report_jobs WHERE title = 'charted'
"""


@pytest.mark.parametrize("spread", ["id * interval '1 second'", "interval '0'"])
def test_rows_that_others_refer_to_are_left_and_told_once(
    jobs_dsn: str,
    conn: Connection,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    spread: LiteralString,
) -> None:
    """Also if they are more than a batch, of one time or not, or than a turn tries."""
    monkeypatch.setattr("jobgen.runtime.retention.BATCH", 10)
    monkeypatch.setattr("jobgen.runtime.retention.MOST_LEFT", 30)
    _add(conn, JobStatus.SUCCEEDED, 40 * _DAYS, title="charted", count=25)
    _add(conn, JobStatus.FAILED, 100 * _DAYS, title="old", count=25)
    _add(conn, JobStatus.SUCCEEDED, 40 * _DAYS, title="charted", count=25)
    _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS, title="old", count=25)
    move: LiteralString = "UPDATE render_report_jobs SET updated_at = updated_at + "
    conn.execute(move + spread)
    conn.execute(_REFER)
    conn.commit()

    async def scenario() -> None:
        async with running(jobs_dsn, _HANDLERS, heartbeat_interval=0.1) as worker:
            await until(lambda: worker.stats().expired == 50)
            await asyncio.sleep(2)  # another turn
            conn.execute("DELETE FROM charts")
            conn.commit()
            await until(lambda: worker.stats().expired == 100)

    with caplog.at_level(logging.WARNING, logger="jobgen"):
        asyncio.run(scenario())
    assert _count(conn) == 0
    told = [r.getMessage() for r in caplog.records if "old rows" in r.getMessage()]
    assert len(told) == 1
    assert "charts" in told[0]


def test_jobs_run_while_old_rows_are_locked_by_somebody(
    jobs_dsn: str, conn: Connection
) -> None:
    """Nothing waits: neither the handlers, nor the deletion of other rows."""
    _add(conn, JobStatus.SUCCEEDED, 31 * _DAYS, count=10)
    conn.execute("SELECT FROM render_report_jobs LIMIT 1 FOR UPDATE")

    async def send(job: jobs.SendMailJob) -> None: ...

    both = Handlers(jobs.PACKAGE, (*_HANDLERS.bound, *mail_handlers(send).bound))

    async def scenario() -> None:
        async with running(jobs_dsn, both) as worker:
            await until(lambda: worker.stats().expired == 9)
            enqueue(jobs_dsn, 20)
            await until(lambda: worker.stats().succeeded == 20)
            conn.rollback()
            await until(lambda: worker.stats().expired == 10)

    asyncio.run(scenario())


def test_a_worker_that_may_not_delete_is_refused(
    jobs_dsn: str, conn: Connection
) -> None:
    """Before it runs a job of which it could never write the result."""
    name = f"worker_{uuid4().hex}"
    role = sql.Identifier(name)
    conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    conn.execute(
        sql.SQL(
            "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {}"
        ).format(role)
    )
    conn.execute(sql.SQL("GRANT DELETE ON jobgen_workers TO {}").format(role))
    conn.commit()
    try:
        worker = Worker(make_conninfo(jobs_dsn, user=name), _HANDLERS)
        with pytest.raises(RefusedError, match=r"render_report_jobs: .* not DELETE"):
            asyncio.run(worker.run())
    finally:
        conn.execute(sql.SQL("DROP OWNED BY {}").format(role))
        conn.execute(sql.SQL("DROP ROLE {}").format(role))
        conn.commit()


def test_a_job_that_keeps_its_rows_has_neither_statement_nor_index(
    conn: Connection,
) -> None:
    assert send_mail.JOB.statements.expire is None
    query = "SELECT to_regclass(%s || '_finished') IS NULL"
    assert conn.execute(query, [send_mail.TABLE]).fetchone() == (True,)
    assert conn.execute(query, [render_report.TABLE]).fetchone() == (False,)


_FILL: Final[LiteralString] = """
INSERT INTO render_report_jobs (title, period, status, updated_at)
SELECT '', 'empty', (ARRAY['job_status_succeeded', 'job_status_failed',
    'job_status_timed_out', 'job_status_not_started'])[n % 4 + 1]::job_status,
    now() - n * interval '1 minute'
FROM generate_series(1, 200000) AS n
"""


@pytest.mark.parametrize(
    "steps",
    [
        [_FILL],
        [_FILL, "VACUUM ANALYZE render_report_jobs"],
        ["VACUUM ANALYZE render_report_jobs", _FILL],
    ],
    ids=["never analysed", "freshly analysed", "analysed while empty"],
)
def test_old_rows_are_found_in_the_index_and_in_order(
    jobs_dsn: str, steps: Sequence[LiteralString]
) -> None:
    """Whatever the planner knows of 200,000 rows, no batch sorts or reads them all."""

    async def explain() -> str:
        conn = await open_connection(jobs_dsn, "jobgen test")
        async with conn:
            for step in steps:
                await conn.execute(step)
            await conn.execute("SET plan_cache_mode = force_generic_plan")
            prepare: LiteralString = "PREPARE expire (bigint, text) AS "
            await conn.execute(prepare + _EXPIRE)
            cursor = await conn.execute("EXPLAIN EXECUTE expire (500, '-infinity')")
            return "\n".join(str(line) for line in await cursor.fetchall())

    plan = asyncio.run(explain())
    assert plan.count("Index Scan using render_report_jobs_finished") == 3
    assert plan.count("(updated_at < (now() - '") == 3
    assert "Index Cond: (id = ANY (ARRAY[" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
