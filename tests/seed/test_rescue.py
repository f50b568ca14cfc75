"""Rows whose worker is gone, and rows that only look so."""

from datetime import timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from generated_example import SendMailJob
from jobgen.runtime import JobStatus
from tests.seed.kit import Queue

WORKER = uuid4()

REGISTER: LiteralString = """
INSERT INTO jobgen_workers (id, host, pid, started_at, heartbeat_at, jobs, protocol)
VALUES (%s, 'here', 1, now() - interval '1 day', now() - %s, '{send_mail}', 1)
"""


def register(queue: Queue, worker_id: UUID, silent: timedelta) -> None:
    """A worker whose last heartbeat was so long ago."""
    queue.execute(REGISTER, [worker_id, silent])


def abandoned(
    queue: Queue, age: timedelta, attempts: int = 1, worker_id: UUID = WORKER
) -> SendMailJob:
    """A running row that was locked so long ago."""
    queue.enqueue()
    job = queue.take(worker_id)
    queue.execute(
        "UPDATE send_mail_jobs SET run_at = now() - interval '3 days',"
        " updated_at = now() - interval '3 days',"
        " locked_at = now() - %s, attempts_count = %s WHERE id = %s",
        [age, attempts, job.id],
    )
    return job


MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def test_a_row_of_an_unknown_worker_is_left_alone_for_9_minutes(queue: Queue) -> None:
    job = abandoned(queue, 9 * MINUTE)
    before = queue.row(job.id)
    assert queue.rescue() == 0
    assert queue.row(job.id) == before
    assert before.status is JobStatus.RUNNING


def test_a_row_of_an_unknown_worker_is_given_back_after_11_minutes(
    queue: Queue,
) -> None:
    job = abandoned(queue, 11 * MINUTE)
    assert queue.rescue() == 1
    row = queue.row(job.id)
    assert row.status is JobStatus.RETRY
    assert (row.locked_at, row.locked_by) == (None, None)
    assert row.wait == timedelta(0), "run_at is now"
    assert row.last_error == "Worker lost"
    assert row.attempts_count == 1
    assert row.touched
    assert queue.rescue() == 0
    assert queue.take(WORKER).attempts_count == 2


@pytest.mark.parametrize("attempts", [1, 5])
def test_a_row_of_an_unknown_worker_fails_after_25_hours(
    queue: Queue, attempts: int
) -> None:
    job = abandoned(queue, 25 * HOUR, attempts)
    assert queue.rescue() == 1
    row = queue.row(job.id)
    assert row.status is JobStatus.FAILED
    assert row.locked_by is None
    assert row.last_error == "Stale for more than a day"
    assert row.wait == timedelta(days=-3), "run_at stays as it was"


def test_a_row_of_23_hours_is_still_given_back(queue: Queue) -> None:
    job = abandoned(queue, 23 * HOUR)
    assert queue.rescue() == 1
    assert queue.row(job.id).status is JobStatus.RETRY


@pytest.mark.parametrize("known", [False, True])
def test_a_running_row_without_locked_at_is_untouched(
    queue: Queue, known: bool
) -> None:
    job = abandoned(queue, HOUR)
    if known:
        register(queue, WORKER, HOUR)
    queue.execute("UPDATE send_mail_jobs SET locked_at = NULL")
    before = queue.row(job.id)
    assert queue.rescue() == 0
    assert queue.row(job.id) == before


def test_a_running_row_that_nobody_holds_is_given_back(queue: Queue) -> None:
    job = abandoned(queue, 11 * MINUTE)
    queue.execute("UPDATE send_mail_jobs SET locked_by = NULL")
    assert queue.rescue() == 1
    assert queue.row(job.id).status is JobStatus.RETRY


def test_a_dead_workers_row_is_given_back_at_once(queue: Queue) -> None:
    job = abandoned(queue, 31 * timedelta(seconds=1))
    register(queue, WORKER, timedelta(seconds=31))
    assert queue.rescue() == 1
    row = queue.row(job.id)
    assert (row.status, row.locked_by, row.locked_at) == (JobStatus.RETRY, None, None)
    assert row.last_error == "Worker lost"
    assert row.wait == timedelta(0)


def test_a_living_workers_row_is_left_alone_however_old(queue: Queue) -> None:
    job = abandoned(queue, 25 * HOUR)
    register(queue, WORKER, timedelta(seconds=29))
    before = queue.row(job.id)
    assert queue.rescue() == 0
    assert queue.row(job.id) == before


def test_a_dead_workers_old_row_is_given_back_and_not_failed(queue: Queue) -> None:
    job = abandoned(queue, 25 * HOUR)
    register(queue, WORKER, HOUR)
    assert queue.rescue() == 1
    assert queue.row(job.id).status is JobStatus.RETRY


def test_dead_after_is_the_callers(queue: Queue) -> None:
    job = abandoned(queue, MINUTE)
    register(queue, WORKER, timedelta(seconds=5))
    assert queue.rescue(timedelta(seconds=10)) == 0
    assert queue.rescue(timedelta(seconds=3)) == 1
    assert queue.row(job.id).status is JobStatus.RETRY


@pytest.mark.parametrize("known", [False, True])
def test_a_row_without_attempts_left_fails(queue: Queue, known: bool) -> None:
    if known:
        register(queue, WORKER, HOUR)
    last = abandoned(queue, HOUR, attempts=5)
    more = abandoned(queue, HOUR, attempts=4)
    assert queue.rescue() == 2
    assert queue.row(more.id).status is JobStatus.RETRY
    row = queue.row(last.id)
    assert (row.status, row.last_error) == (JobStatus.FAILED, "Worker lost")
    assert row.locked_by is None
    assert row.wait == timedelta(days=-3), "run_at stays as it was"


def test_the_lost_worker_cannot_write_any_more(queue: Queue) -> None:
    job = abandoned(queue, 11 * MINUTE)
    assert queue.rescue() == 1
    assert queue.succeed(job) is None
    assert queue.fail(job, "late") is None
    assert queue.timeout(job) is None
    assert queue.row(job.id).status is JobStatus.RETRY


STRAND: LiteralString = """
UPDATE send_mail_jobs
SET status = %s::job_status, locked_by = %s,
    locked_at = CASE WHEN %s THEN now() - %s::interval END, updated_at = now() - %s
"""


@pytest.mark.parametrize("with_locked_at", [True, False])
@pytest.mark.parametrize("status", [JobStatus.NOT_STARTED, JobStatus.RETRY], ids=str)
def test_a_ready_row_that_a_lost_worker_holds_is_released(
    queue: Queue, status: JobStatus, with_locked_at: bool
) -> None:
    job_id = queue.enqueue()
    age = 9 * MINUTE
    queue.execute(STRAND, [status.value, WORKER, with_locked_at, age, age])
    before = queue.row(job_id)
    assert queue.rescue() == 0
    assert queue.row(job_id) == before, "not before stale_after"
    age = 11 * MINUTE
    queue.execute(STRAND, [status.value, WORKER, with_locked_at, age, age])
    assert queue.rescue() == 0, "not counted"
    row = queue.row(job_id)
    assert (row.status, row.locked_by, row.locked_at) == (status, None, None)
    assert queue.take(uuid4()).id == job_id


@pytest.mark.parametrize(("silent", "released"), [(1, False), (60, True)])
def test_a_ready_row_is_released_from_a_dead_worker_only(
    queue: Queue, silent: int, released: bool
) -> None:
    job_id = queue.enqueue()
    age = 11 * MINUTE
    queue.execute(STRAND, [JobStatus.RETRY.value, WORKER, True, age, age])
    register(queue, WORKER, timedelta(seconds=silent))
    queue.rescue()
    assert (queue.row(job_id).locked_by is None) is released


def test_more_rows_than_one_batch_are_rescued(queue: Queue) -> None:
    queue.execute(
        """
        INSERT INTO send_mail_jobs
            (user_id, email, status, attempts_count, locked_at, locked_by)
        SELECT n, '', 'job_status_running', 1, now() - interval '1 hour', %s
        FROM generate_series(1, 1200) AS n
        """,
        [WORKER],
    )
    assert queue.rescue() == 1200
    assert queue.pending() == 1200


def test_a_rescue_does_not_wait_for_a_row_that_is_locked(
    queue: Queue, other: Queue
) -> None:
    first = abandoned(queue, 11 * MINUTE)
    second = abandoned(queue, 11 * MINUTE)
    queue.commit()
    other.execute("SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [first.id])
    queue.execute("SET lock_timeout = '100ms'")
    assert queue.rescue() == 1
    assert queue.row(second.id).status is JobStatus.RETRY
