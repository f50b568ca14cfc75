"""Only the server's clock counts: here it is an hour ahead of the client's."""

from collections.abc import Callable
from datetime import timedelta
from typing import LiteralString
from uuid import uuid4

import pytest

from generated_example import SendMailJob, send_mail
from jobgen.runtime import JobStatus, plans, sync
from jobgen.runtime.job import Fence
from tests.seed.kit import MAIL, Connection, Queue

AHEAD: LiteralString = """
CREATE SCHEMA ahead;
CREATE FUNCTION ahead.now() RETURNS timestamp with time zone
    STABLE RETURN pg_catalog.now() + interval '1 hour';
CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamp with time zone
    VOLATILE RETURN pg_catalog.clock_timestamp() + interval '1 hour';
ALTER TABLE send_mail_jobs
    ALTER created_at SET DEFAULT ahead.now(),
    ALTER updated_at SET DEFAULT ahead.now(),
    ALTER run_at SET DEFAULT ahead.now();
SET search_path = ahead, pg_catalog, public;
"""
"""In such a session now() and clock_timestamp() are these functions."""

LONG = timedelta(hours=3)


@pytest.fixture
def ahead(queue: Queue) -> Queue:
    """The queue in a session of which the clock is ahead."""
    for statement in filter(str.strip, AHEAD.split(";")):
        queue.execute(statement)
    queue.commit()
    return queue


@pytest.fixture
def ahead_conn(conn: Connection) -> Connection:
    """The same without a queue: in a transaction, where now() stands still."""
    conn.execute(AHEAD)
    return conn


def enqueue(queue: Queue) -> None:
    queue.enqueue()


def enqueue_many(queue: Queue) -> None:
    queue.enqueue_many([MAIL])


def enqueue_copy(queue: Queue) -> None:
    queue.enqueue_copy([MAIL])


@pytest.mark.parametrize("put", [enqueue, enqueue_many, enqueue_copy])
def test_a_new_job_is_due_by_the_servers_clock(
    ahead: Queue, put: Callable[[Queue], None]
) -> None:
    put(ahead)
    job = ahead.take(uuid4())
    row = ahead.row(job.id)
    assert (row.wait, row.touched) == (timedelta(0), True)
    assert job.created_at == job.run_at == row.run_at


def test_a_row_is_locked_by_the_servers_clock(ahead: Queue) -> None:
    ahead.enqueue()
    ((before,),) = ahead.execute("SELECT clock_timestamp()")
    job = ahead.take(uuid4())
    ((after,),) = ahead.execute("SELECT clock_timestamp()")
    assert job.locked_at is not None
    assert before <= job.locked_at <= after


def test_a_backoff_begins_by_the_servers_clock(ahead: Queue) -> None:
    ahead.enqueue()
    job = ahead.take(uuid4())
    assert ahead.fail(job, "no") is JobStatus.RETRY
    assert ahead.row(job.id).wait == send_mail.retry_delay(1)


def test_a_rescue_goes_by_the_servers_clock(ahead: Queue) -> None:
    ahead.enqueue()
    job = ahead.take(uuid4())
    assert ahead.rescue() == 0
    ahead.execute("UPDATE send_mail_jobs SET locked_at = now() - interval '11 minutes'")
    assert ahead.rescue() == 1
    assert ahead.row(job.id).wait == timedelta(0)


def retry(job: SendMailJob) -> plans.Plan[JobStatus | None]:
    return plans.fail(send_mail.JOB.statements, Fence.of(job), "later", LONG)


def snooze(job: SendMailJob) -> plans.Plan[JobStatus | None]:
    return plans.give_back(send_mail.JOB.statements, Fence.of(job), LONG)


@pytest.mark.parametrize("delayed", [retry, snooze])
def test_a_handlers_delay_begins_by_the_servers_clock(
    ahead_conn: Connection,
    delayed: Callable[[SendMailJob], plans.Plan[JobStatus | None]],
) -> None:
    send_mail.enqueue(ahead_conn, MAIL)
    job = send_mail.fetch(ahead_conn, uuid4())
    assert job is not None
    assert sync.run(ahead_conn, delayed(job)) is not None
    waits = ahead_conn.execute("SELECT run_at - now() FROM send_mail_jobs").fetchall()
    assert waits == [(LONG,)]
