"""Whoever keeps vacuum from the job tables is named, once."""

import asyncio
import logging
import re
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import generated_example as jobs
from jobgen.runtime import bind
from jobgen.runtime.link import Link
from jobgen.runtime.vacuum import DEAD_ROWS, VacuumWatch
from tests.chaos.standby import standby
from tests.servers import Server
from tests.worker.support import enqueue, mail_handlers, running, until, wait_until

_BOUND = (bind(jobs.send_mail.JOB, lambda job: None),)


@contextmanager
def _transaction(dsn: str, name: str, *statements: str) -> Generator[int]:
    """A session with this application_name that has done that and commits nothing."""
    with psycopg.connect(dsn, application_name=name) as conn:
        for statement in statements:
            conn.execute(statement.encode())
        yield conn.info.backend_pid
        conn.rollback()


def _make_dead_rows(dsn: str, count: int = DEAD_ROWS) -> None:
    """Which stay: an autovacuum's ANALYZE holds a snapshot too, and would be named."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("ALTER TABLE send_mail_jobs SET (autovacuum_enabled = off)")
    enqueue(dsn, count)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("UPDATE send_mail_jobs SET subject = 'dead'")
        conn.execute("SELECT pg_stat_force_next_flush()")


_BEGINS: Final = 0.3
"""Seconds in which a session of another test begins; it holds a snapshot meanwhile,
and a role without rights cannot tell what it is."""


def _look(dsn: str, times: int, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What so many looks in a row warn of."""

    async def scenario() -> None:
        link = Link(dsn, "jobgen test")
        watch = VacuumWatch(link, _BOUND, every=60)
        for _ in range(times):
            await watch.look()
            await asyncio.sleep(_BEGINS)
        await link.drop()

    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="jobgen"):
        asyncio.run(scenario())
    return [record.getMessage() for record in caplog.records]


_SNAPSHOT = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")
_WRITES = ("CREATE TABLE anything ()",)


@pytest.mark.parametrize("statements", [_SNAPSHOT, _WRITES], ids=["reads", "writes"])
def test_a_session_that_holds_back_vacuum_is_named_once(
    jobs_dsn: str, statements: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """By its snapshot, or by a transaction of its own, though it is idle."""
    _make_dead_rows(jobs_dsn)
    with _transaction(jobs_dsn, "nightly report", *statements) as pid:
        assert _look(jobs_dsn, 1, caplog) == []  # it may be over in a moment
        (warning,) = _look(jobs_dsn, 4, caplog)
        who = f"session {pid} (nightly report) keeps vacuum from cleaning"
        assert warning.startswith(who)
        assert f"({DEAD_ROWS} dead rows), since 20" in warning
        assert "or before" not in warning
    assert _look(jobs_dsn, 3, caplog) == []


def test_nobody_is_named_where_there_is_nothing_to_clean(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    _make_dead_rows(jobs_dsn, DEAD_ROWS - 1)
    with _transaction(jobs_dsn, "nightly report", *_SNAPSHOT):
        assert _look(jobs_dsn, 3, caplog) == []


def test_a_session_that_moves_on_is_not_named(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A transaction that only reads takes a new snapshot for each statement."""
    _make_dead_rows(jobs_dsn)
    with _transaction(jobs_dsn, "busy", "SELECT 1"):
        assert _look(jobs_dsn, 3, caplog) == []


def test_a_transaction_of_another_database_is_not_named(
    server: Server, jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It keeps no row of this one."""
    _make_dead_rows(jobs_dsn)
    with _transaction(server.dsn(), "elsewhere", *_SNAPSHOT):
        assert _look(jobs_dsn, 3, caplog) == []


_SLOW = """
CREATE FUNCTION slow(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('application_name') = '' THEN
        PERFORM pg_sleep(60);
    END IF;
    RETURN $1;
END $$;
CREATE TABLE report (number integer) WITH (autovacuum_analyze_threshold = 1);
CREATE INDEX ON report (slow(number));
INSERT INTO report SELECT generate_series(1, 9);
"""


def test_an_autovacuum_is_named_as_what_it_is(
    own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Its ANALYZE, that is, which can take long; nobody finds an application."""
    with own_server.jobs_database() as dsn:
        _make_dead_rows(dsn)
        settings = make_conninfo(dsn, application_name="nightly report")
        with psycopg.connect(settings, autocommit=True) as conn:
            conn.execute(_SLOW)
            conn.execute("ALTER SYSTEM SET autovacuum = on")
            conn.execute("ALTER SYSTEM SET autovacuum_naptime = 1")
            conn.execute("SELECT pg_reload_conf()")
            query = (
                "SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
                " AND wait_event = 'PgSleep' AND datname = current_database()"
            )
            wait_until(lambda: conn.execute(query).rowcount == 1)
            (warning,) = _look(dsn, 2, caplog)
    assert re.match(r"autovacuum worker \d+ keeps vacuum from cleaning", warning)


def test_a_prepared_transaction_is_named(
    own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """No session shows it."""
    with psycopg.connect(own_server.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET max_prepared_transactions = 1")
    own_server.restart()
    with own_server.jobs_database() as dsn:
        _make_dead_rows(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("BEGIN")
            conn.execute("CREATE TABLE anything ()")
            conn.execute("PREPARE TRANSACTION 'of a lost manager'")
            try:
                found = _look(dsn, 3, caplog)
            finally:
                conn.execute("ROLLBACK PREPARED 'of a lost manager'")
    (warning,) = found
    assert warning.startswith("prepared transaction of a lost manager keeps")


def test_a_replication_slot_is_named_also_when_nobody_uses_it_any_more(
    own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A standby asked for the rows of its report, and did not come back."""
    with standby(own_server) as second, own_server.jobs_database() as dsn:
        _use_slot(own_server, second)
        name = str(conninfo_to_dict(dsn)["dbname"])
        with closing(psycopg.connect(second.dsn(name))) as report:
            report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            report.execute("SELECT 1")
            wait_until(lambda: _asks_for_rows(own_server))
            _make_dead_rows(dsn)
            second.stop("immediate")
        try:
            found = _look(dsn, 3, caplog)
        finally:
            _leave_alone(own_server)
        assert _look(dsn, 3, caplog) == []
    (warning,) = found
    assert warning.startswith("replication slot of_a_standby keeps vacuum from")
    assert warning.endswith("or before")


def _use_slot(first: Server, second: Server) -> None:
    """The standby has a slot of its own, by which it says what it still reads."""
    with psycopg.connect(first.dsn(), autocommit=True) as conn:
        conn.execute("SELECT pg_create_physical_replication_slot('of_a_standby')")
    with (second.directory / "data" / "postgresql.conf").open("a") as file:
        file.write("primary_slot_name = 'of_a_standby'\nhot_standby_feedback = on\n")
        file.write("wal_receiver_status_interval = 1s\n")
    second.restart()


def _asks_for_rows(server: Server) -> bool:
    with psycopg.connect(server.dsn()) as conn:
        query = "SELECT FROM pg_replication_slots WHERE xmin IS NOT NULL"
        return conn.execute(query).fetchone() is not None


def _leave_alone(server: Server) -> None:
    """It waits for no standby any more, and keeps nothing for one."""
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("SELECT pg_drop_replication_slot('of_a_standby')")
        conn.execute("ALTER SYSTEM RESET synchronous_standby_names")
        conn.execute("SELECT pg_reload_conf()")


def test_a_slot_of_logical_replication_is_not_named(
    own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """It keeps rows of the catalogue alone. Whoever keeps others is named beside it."""
    with psycopg.connect(own_server.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET wal_level = logical")
    own_server.restart()
    with (
        own_server.jobs_database() as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
    ):
        conn.execute("SELECT pg_create_logical_replication_slot('feed', 'pgoutput')")
        _make_dead_rows(dsn)
        query = "SELECT catalog_xmin IS NOT NULL FROM pg_replication_slots"
        assert conn.execute(query).fetchall() == [(True,)]
        alone = _look(dsn, 3, caplog)
        with _transaction(dsn, "nightly report", *_SNAPSHOT) as pid:
            found = _look(dsn, 3, caplog)
        conn.execute("SELECT pg_drop_replication_slot('feed')")
    assert alone == []
    (warning,) = found
    assert warning.startswith(f"session {pid} (nightly report) keeps vacuum")


def test_a_role_that_may_not_see_other_sessions_names_them_all_the_same(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not learn when their transaction began."""
    _make_dead_rows(jobs_dsn)
    name = f"worker_{uuid4().hex}"
    role = sql.Identifier(name)
    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        try:
            with _transaction(jobs_dsn, "nightly report", *_SNAPSHOT) as pid:
                found = _look(make_conninfo(jobs_dsn, user=name), 2, caplog)
        finally:
            conn.execute(sql.SQL("DROP ROLE {}").format(role))
    (warning,) = found
    assert warning.startswith(f"session {pid} (nightly report) keeps vacuum")
    assert warning.endswith("or before")


def test_a_worker_looks_by_itself(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler), heartbeat_interval=0.1):
            await until(lambda: "(nightly report) keeps vacuum" in caplog.text)

    _make_dead_rows(jobs_dsn)
    with (
        caplog.at_level(logging.WARNING, logger="jobgen"),
        _transaction(jobs_dsn, "nightly report", *_SNAPSHOT),
    ):
        asyncio.run(scenario())
