"""Whom the barrier waits for: those that may have read a promise, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

import generated_example as jobs
from tests.servers import Server
from tests.wakeups.promises import Connection, passed, promise, withdraw
from tests.wakeups.schema import allow_prepared_transactions
from tests.worker.support import mail


@pytest.fixture
def worker(jobs_dsn: str) -> Iterator[Connection]:
    """A worker's connection, which has promised."""
    with closing(psycopg.connect(jobs_dsn, autocommit=True)) as conn:
        promise(conn, 5)
        yield conn


@pytest.fixture
def two_phase_dsn(own_server: Server) -> Iterator[str]:
    allow_prepared_transactions(own_server)
    with own_server.jobs_database() as dsn:
        yield dsn


def _enqueue(conn: Connection) -> None:
    jobs.send_mail.enqueue(conn, mail())


def test_it_waits_for_an_open_producer(worker: Connection, conn: Connection) -> None:
    _enqueue(conn)
    transaction = withdraw(worker)
    assert not passed(worker, transaction)
    conn.commit()
    assert passed(worker, transaction)


def test_a_transaction_id_at_or_above_the_snapshots_xmax_is_waited_for(
    own_server: Server,
) -> None:
    """It runs, and yet the list of running ids in a snapshot lacks it.

    On a server of its own: where others commit meanwhile, `xmax` goes on.
    """
    with (
        own_server.jobs_database() as dsn,
        closing(psycopg.connect(dsn, autocommit=True)) as worker,
        psycopg.connect(dsn) as conn,
    ):
        promise(worker, 5)
        _enqueue(conn)
        snapshot = "SELECT pg_current_snapshot()::text"
        ((text,),) = worker.execute(snapshot).fetchall()
        _, xmax, running = text.split(":")
        ((producer,),) = conn.execute("SELECT pg_current_xact_id()::text").fetchall()
        assert int(producer) >= int(xmax)
        assert producer not in running.split(",")
        assert not passed(worker, withdraw(worker))


def test_a_producer_in_a_savepoint_is_waited_for(
    worker: Connection, conn: Connection
) -> None:
    """Its lock is held under the id of the whole transaction."""
    conn.execute("SAVEPOINT here")
    _enqueue(conn)
    conn.execute("RELEASE SAVEPOINT here")
    assert not passed(worker, withdraw(worker))


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_producer_with_an_old_snapshot_is_waited_for(
    worker: Connection, conn: Connection, isolation: str
) -> None:
    conn.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
    conn.execute("SELECT FROM send_mail_jobs")
    _enqueue(conn)
    assert not passed(worker, withdraw(worker))


def test_who_comes_after_the_withdrawal_is_not_waited_for(
    worker: Connection, conn: Connection
) -> None:
    """It has read that nobody promises, and notifies."""
    transaction = withdraw(worker)
    _enqueue(conn)
    assert passed(worker, transaction)


def test_a_long_transaction_elsewhere_is_not_waited_for(
    worker: Connection, conn: Connection
) -> None:
    """Otherwise it would keep idle workers looking until it ends."""
    conn.execute("SELECT pg_current_xact_id()")
    conn.execute("SELECT FROM send_mail_jobs")
    jobs.prune_charts.enqueue(conn, jobs.PruneCharts())
    assert passed(worker, withdraw(worker))


def test_a_transaction_prepared_before_the_barrier_is_waited_for(
    two_phase_dsn: str,
) -> None:
    with (
        closing(psycopg.connect(two_phase_dsn, autocommit=True)) as worker,
        closing(psycopg.connect(two_phase_dsn, autocommit=True)) as producer,
    ):
        promise(worker, 5)
        producer.execute("BEGIN")
        _enqueue(producer)
        producer.execute("PREPARE TRANSACTION 'before'")
        transaction = withdraw(worker)
        assert not passed(worker, transaction)
        producer.execute("COMMIT PREPARED 'before'")
        assert passed(worker, transaction)


def test_a_transaction_prepared_during_the_barrier_is_waited_for(
    two_phase_dsn: str,
) -> None:
    with (
        closing(psycopg.connect(two_phase_dsn, autocommit=True)) as worker,
        closing(psycopg.connect(two_phase_dsn, autocommit=True)) as producer,
    ):
        promise(worker, 5)
        producer.execute("BEGIN")
        _enqueue(producer)
        transaction = withdraw(worker)
        assert not passed(worker, transaction)
        producer.execute("PREPARE TRANSACTION 'during'")
        assert not passed(worker, transaction)
        producer.execute("ROLLBACK PREPARED 'during'")
        assert passed(worker, transaction)
