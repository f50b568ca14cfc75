"""The sequence that holds the lease: who may read it, and what it costs to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

import generated_example as jobs
from tests.chaos.standby import standby
from tests.servers import SCHEMA_SQL, Server
from tests.wakeups.promises import Connection, heard, listening, promise, withdraw
from tests.worker.support import enqueue, mail


@pytest.fixture
def listener(jobs_dsn: str) -> Iterator[Connection]:
    with closing(listening(jobs_dsn)) as conn:
        yield conn


@pytest.fixture
def worker(jobs_dsn: str) -> Iterator[Connection]:
    with closing(psycopg.connect(jobs_dsn, autocommit=True)) as conn:
        yield conn


def test_nobody_is_notified_while_a_promise_holds(
    jobs_dsn: str, worker: Connection, listener: Connection
) -> None:
    promise(worker, 9)
    enqueue(jobs_dsn)
    assert not heard(listener)
    withdraw(worker)
    enqueue(jobs_dsn)
    assert heard(listener)


def test_a_promise_is_seen_in_a_transaction_that_began_before(
    conn: Connection, worker: Connection, listener: Connection
) -> None:
    """Whatever its isolation level: a withdrawal must be, lest a job be overlooked."""
    promise(worker, 9)
    conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    conn.execute("SELECT last_value FROM send_mail_jobs_wake")
    withdraw(worker)
    jobs.send_mail.enqueue(conn, mail())
    conn.commit()
    assert heard(listener)


@pytest.mark.parametrize("seconds", [-1, 0, 11, 3600], ids=str)
def test_a_lease_that_is_past_or_an_hour_ahead_is_none(
    jobs_dsn: str, worker: Connection, listener: Connection, seconds: int
) -> None:
    """A clock that was wrong for a moment silences no table for an hour."""
    promise(worker, seconds)
    enqueue(jobs_dsn)
    assert heard(listener)


def test_a_producer_without_a_right_on_the_sequence_inserts_and_notifies(
    server: Server, jobs_dsn: str, listener: Connection
) -> None:
    """As a role that was granted INSERT by hand, and knows of no sequence."""
    role = "wakeups_stranger"
    with closing(psycopg.connect(jobs_dsn, autocommit=True)) as admin:
        admin.execute(f"DROP ROLE IF EXISTS {role}".encode())
        admin.execute(f"CREATE ROLE {role}".encode())
        try:
            table = jobs.send_mail.TABLE
            admin.execute(f"GRANT INSERT, SELECT ON {table} TO {role}".encode())
            admin.execute(f"SET ROLE {role}".encode())
            jobs.send_mail.enqueue(admin, mail())
            assert heard(listener)
        finally:
            admin.execute("RESET ROLE")
            admin.execute(f"DROP OWNED BY {role}".encode())
            admin.execute(f"DROP ROLE {role}".encode())


def test_a_sequence_made_under_a_standby_outlives_its_promotion(
    own_server: Server,
) -> None:
    """An unlogged one would be corrupt there, on 15, and fail every insert."""
    with standby(own_server) as second:
        with psycopg.connect(own_server.dsn(), autocommit=True) as conn:
            conn.execute(SCHEMA_SQL.read_bytes())
        second.promote()
        with closing(listening(second.dsn())) as listener:
            enqueue(second.dsn())
            assert heard(listener)
        with psycopg.connect(second.dsn(), autocommit=True) as conn:
            promise(conn)
            withdraw(conn)


def test_a_promise_waits_for_no_disk(own_server: Server) -> None:
    """Nor does its withdrawal. The log's own writer syncs now and then."""
    with psycopg.connect(own_server.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET fsync = on")
        conn.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    own_server.restart()
    with (
        own_server.jobs_database() as dsn,
        closing(psycopg.connect(dsn, autocommit=True)) as worker,
    ):
        before = _syncs(worker)
        for _ in range(100):
            promise(worker)
            withdraw(worker)
        assert _syncs(worker) - before < 20
        for _ in range(100):
            jobs.send_mail.enqueue(worker, mail())
        assert _syncs(worker) - before >= 100  # they are counted here


def _syncs(conn: Connection) -> int:
    """How often the write-ahead log was synced so far."""
    in_wal = conn.info.server_version < 180000
    conn.execute("SELECT pg_stat_force_next_flush()")
    query = (
        "SELECT wal_sync FROM pg_stat_wal"
        if in_wal
        else "SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'"
    )
    ((count,),) = conn.execute(query.encode()).fetchall()
    return int(count)
