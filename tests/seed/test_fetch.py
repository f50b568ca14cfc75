"""Taking rows: which, in what order, and never one twice."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from generated_example import MailKind, SendMail, prune_charts
from jobgen.runtime import JobStatus
from tests.seed.kit import MAIL, Connection, Queue

WORKER = uuid4()


def test_fetch_locks_the_row_for_its_worker(queue: Queue) -> None:
    job_id = queue.enqueue()
    job = queue.take(WORKER)
    assert (job.id, job.status, job.attempts_count) == (job_id, JobStatus.RUNNING, 1)
    assert (job.user_id, job.email, job.subject) == (1, "ada@example.org", None)
    assert job.kind is MailKind.WELCOME
    row = queue.row(job_id)
    assert (row.status, row.locked_by, row.attempts_count) == (
        JobStatus.RUNNING,
        WORKER,
        1,
    )
    assert row.locked_at is not None
    assert row.locked_at == job.locked_at


def test_fetch_finds_nothing_in_an_empty_table(queue: Queue) -> None:
    assert queue.fetch(WORKER) is None
    assert queue.fetch_many(WORKER, 5) == []


def test_fetch_many_returns_queue_order(queue: Queue) -> None:
    now = datetime.now(UTC)
    ages = [3, 9, 1, 7, 5, 9]
    news = [
        SendMail(user_id=age, email="", run_at=now - timedelta(hours=age))
        for age in ages
    ]
    first = queue.enqueue_many(news)[1]
    jobs = queue.fetch_many(WORKER, 4)
    assert [job.user_id for job in jobs] == [9, 9, 7, 5]
    assert jobs[0].id == first, "rows that are due at the same time go by id"
    assert [job.user_id for job in queue.fetch_many(WORKER, 4)] == [3, 1]


@pytest.mark.parametrize("limit", [0, -1])
def test_fetch_many_refuses_a_limit_below_one(queue: Queue, limit: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        queue.fetch_many(WORKER, limit)


def test_locked_at_is_new_for_each_fetch_of_a_transaction(queue: Queue) -> None:
    queue.enqueue_many([MAIL, MAIL])
    first, second = queue.take(WORKER), queue.take(WORKER)
    assert first.locked_at is not None
    assert second.locked_at is not None
    assert first.locked_at < second.locked_at


def test_rows_of_the_future_wait(queue: Queue) -> None:
    (soon,) = queue.execute("SELECT clock_timestamp() + interval '1 hour'")
    queue.enqueue(SendMail(user_id=1, email="", run_at=soon[0]))
    assert queue.fetch(WORKER) is None
    queue.execute("UPDATE send_mail_jobs SET run_at = now()")
    assert queue.fetch(WORKER) is not None


@pytest.mark.parametrize(
    "status", ["running", "failed", "timed_out", "succeeded"], ids=str
)
def test_only_new_rows_and_retries_are_fetched(queue: Queue, status: str) -> None:
    queue.enqueue()
    queue.execute(
        "UPDATE send_mail_jobs SET status = %s::job_status", [f"job_status_{status}"]
    )
    assert queue.fetch(WORKER) is None
    assert queue.pending() == 0
    queue.execute("UPDATE send_mail_jobs SET status = 'job_status_retry'")
    assert queue.pending() == 1
    assert queue.fetch(WORKER) is not None


def test_a_row_that_somebody_holds_is_never_fetched(queue: Queue) -> None:
    queue.enqueue()
    queue.execute("UPDATE send_mail_jobs SET locked_by = %s", [uuid4()])
    assert queue.pending() == 0
    assert queue.fetch(WORKER) is None


def test_a_retry_may_have_locked_at_set(queue: Queue) -> None:
    queue.enqueue()
    queue.execute(
        "UPDATE send_mail_jobs SET status = 'job_status_retry', locked_at = now()"
    )
    assert queue.fetch(WORKER) is not None


def test_two_fetchers_never_get_the_same_row_and_never_wait(
    queue: Queue, other: Queue
) -> None:
    ids = queue.enqueue_many([MAIL] * 20)
    queue.commit()
    for session in (queue, other):
        session.execute("SET lock_timeout = '100ms'")
    found: list[int] = []
    for _ in range(10):  # both transactions stay open
        found += [queue.take(WORKER).id, other.take(uuid4()).id]
    assert found == ids
    assert queue.fetch(WORKER) is None
    assert other.fetch(WORKER) is None


def test_many_fetchers_share_the_rows_without_waiting(
    queue: Queue, other: Queue
) -> None:
    ids = queue.enqueue_many([MAIL] * 10)
    queue.commit()
    other.execute("SET lock_timeout = '100ms'")
    mine = [job.id for job in queue.fetch_many(WORKER, 6)]
    theirs = [job.id for job in other.fetch_many(uuid4(), 6)]
    assert (mine, theirs) == (ids[:6], ids[6:])


def test_a_fetch_that_is_rolled_back_gives_the_row_back(
    queue: Queue, other: Queue
) -> None:
    job_id = queue.enqueue()
    queue.commit()
    queue.take(WORKER)
    queue.rollback()
    job = other.take(WORKER)
    assert (job.id, job.attempts_count) == (job_id, 1)


def test_pending_counts_what_is_due(queue: Queue) -> None:
    (soon,) = queue.execute("SELECT clock_timestamp() + interval '1 hour'")
    queue.enqueue_many([MAIL, MAIL, SendMail(user_id=1, email="", run_at=soon[0])])
    assert queue.pending() == 2
    queue.take(WORKER)
    assert queue.pending() == 1


def test_rows_that_others_insert_are_fetched(queue: Queue) -> None:
    queue.execute(
        "INSERT INTO send_mail_jobs (user_id, email) VALUES (7, 'b@example.org')"
    )
    job = queue.take(WORKER)
    assert (job.user_id, job.email, job.subject) == (7, "b@example.org", None)
    assert (job.attempts_count, job.last_error) == (1, None)


def test_rows_of_default_values_are_fetched(conn: Connection) -> None:
    conn.execute("INSERT INTO prune_charts_jobs DEFAULT VALUES")
    job = prune_charts.fetch(conn, WORKER)
    assert job is not None
    assert job.older_than == timedelta(days=30)
    assert prune_charts.succeed(conn, job) is JobStatus.SUCCEEDED


def test_the_largest_count_of_attempts_blocks_nothing(queue: Queue) -> None:
    ids = queue.enqueue_many([MAIL, MAIL])
    most = 2**31 - 1
    queue.execute(
        "UPDATE send_mail_jobs SET attempts_count = %s WHERE id = %s", [most, ids[0]]
    )
    jobs = queue.fetch_many(WORKER, 2)
    assert [(job.id, job.attempts_count) for job in jobs] == [
        (ids[0], most),
        (ids[1], 1),
    ]
    assert queue.fail(jobs[0], "no") is JobStatus.FAILED
    assert queue.succeed(jobs[1]) is JobStatus.SUCCEEDED


UNDECODABLE = {
    "a label that is not in the schema": "kind = 'carrier pigeon'",
    "a time beyond Python's": "created_at = '20000-01-01'",
    "an infinite time": "created_at = '-infinity'",
}


@pytest.mark.parametrize("change", UNDECODABLE.values(), ids=UNDECODABLE.keys())
@pytest.mark.parametrize("autocommit", [False, True])
def test_a_row_that_cannot_be_decoded_fails_alone(
    queue: Queue, change: str, autocommit: bool
) -> None:
    queue.execute("ALTER TYPE mail_kind ADD VALUE 'carrier pigeon'")
    queue.commit()
    ids = queue.enqueue_many([MAIL] * 4)
    column, _, value = change.partition(" = ")
    bad = [ids[0], ids[2]]
    if column == "kind":
        queue.execute(
            "UPDATE send_mail_jobs SET kind = 'carrier pigeon' WHERE id = ANY (%s)",
            [bad],
        )
    else:
        queue.execute(
            "UPDATE send_mail_jobs SET created_at = %s::timestamptz"
            " WHERE id = ANY (%s)",
            [value.strip("'"), bad],
        )
    queue.commit()
    if autocommit:
        queue.set_autocommit()
    assert queue.take(WORKER).id == ids[1]
    assert [job.id for job in queue.fetch_many(WORKER, 5)] == [ids[3]]
    for job_id in bad:
        row = queue.row(job_id)
        assert row.status is JobStatus.FAILED
        assert row.locked_by is None
        assert row.last_error is not None
        assert row.last_error.startswith("Cannot be decoded: ")
