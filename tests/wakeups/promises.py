"""What a worker does to a lease, step by step, as a test wants it."""

from __future__ import annotations

from typing import TypeAlias

import psycopg
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.runtime import Lease, sync, worker_plans
from jobgen.runtime.watch import PROMISE

Connection: TypeAlias = psycopg.Connection[TupleRow]


def lease() -> Lease:
    """That of send_mail."""
    notifications = jobs.send_mail.JOB.notifications
    assert notifications is not None
    assert notifications.lease is not None
    return notifications.lease


def promise(conn: Connection, seconds: float = PROMISE) -> None:
    sync.run(conn, worker_plans.promise(lease(), seconds))


def withdraw(conn: Connection) -> int:
    """The transaction id to settle, taken after the withdrawal; in autocommit mode."""
    sync.run(conn, worker_plans.withdraw(lease()))
    return sync.run(conn, worker_plans.transaction())


def passed(conn: Connection, transaction: int) -> bool:
    """Whether all have ended who may have read the promise."""
    return sync.run(conn, worker_plans.barrier(lease(), transaction))


def listening(dsn: str) -> Connection:
    """A session that hears of new jobs of send_mail, in autocommit mode."""
    conn = psycopg.connect(dsn, autocommit=True)
    conn.execute(f"LISTEN {jobs.send_mail.CHANNEL}".encode())
    return conn


def heard(conn: Connection) -> bool:
    """Whether a notification has come; one sent before is here with an answer."""
    conn.execute("SELECT 1")
    return any(conn.notifies(timeout=0, stop_after=1))
