"""Writing what came of an attempt, and who may write it."""

from dataclasses import replace
from uuid import uuid4

import pytest

from generated_example import SendMailJob, send_mail
from jobgen.runtime import JobStatus, plans, sync
from jobgen.runtime.job import Fence
from tests.seed.kit import Connection, Queue

WORKER = uuid4()


def taken(queue: Queue) -> SendMailJob:
    queue.enqueue()
    return queue.take(WORKER)


def test_success_unlocks_and_keeps_the_last_error(queue: Queue) -> None:
    job = taken(queue)
    queue.fail(job, "no luck")
    queue.execute("UPDATE send_mail_jobs SET run_at = now()")
    again = queue.take(WORKER)
    assert again.attempts_count == 2
    assert queue.succeed(again) is JobStatus.SUCCEEDED
    row = queue.row(job.id)
    assert row.status is JobStatus.SUCCEEDED
    assert row.locked_by is None
    assert row.last_error == "no luck"
    assert row.attempts_count == 2
    assert row.touched


def test_failure_keeps_the_error_and_waits_for_the_retry(queue: Queue) -> None:
    job = taken(queue)
    assert queue.fail(job, ValueError("no such user")) is JobStatus.RETRY
    row = queue.row(job.id)
    assert row.status is JobStatus.RETRY
    assert row.locked_by is None
    assert row.last_error is not None
    assert row.last_error.startswith("ValueError: no such user")
    assert row.wait.total_seconds() == 20
    assert queue.fetch(WORKER) is None


def test_timeout_says_timeout_reached(queue: Queue) -> None:
    job = taken(queue)
    assert queue.timeout(job) is JobStatus.RETRY
    row = queue.row(job.id)
    assert (row.status, row.locked_by) == (JobStatus.RETRY, None)
    assert row.last_error == "Timeout reached"
    assert row.wait.total_seconds() == 20


@pytest.mark.parametrize("ending", [JobStatus.FAILED, JobStatus.TIMED_OUT])
def test_the_last_attempt_is_final(queue: Queue, ending: JobStatus) -> None:
    job_id = queue.enqueue()
    found: list[JobStatus | None] = []
    for attempt in range(1, 6):
        queue.execute("UPDATE send_mail_jobs SET run_at = now()")
        job = queue.take(WORKER)
        assert job.attempts_count == attempt
        timed_out = ending is JobStatus.TIMED_OUT
        found.append(queue.timeout(job) if timed_out else queue.fail(job, "no"))
    assert found == [JobStatus.RETRY] * 4 + [ending]
    row = queue.row(job_id)
    assert (row.status, row.attempts_count, row.locked_by) == (ending, 5, None)
    assert row.wait.total_seconds() == 0, "run_at stays as it was"
    assert queue.fetch(WORKER) is None


@pytest.mark.parametrize(
    "change",
    ["id", "locked_by", "locked_at", "attempts_count", "status"],
)
def test_only_the_owner_writes(queue: Queue, change: str) -> None:
    job = taken(queue)
    assert job.locked_at is not None
    match change:
        case "id":
            stranger = replace(job, id=job.id + 1)
        case "locked_by":
            stranger = replace(job, locked_by=uuid4())
        case "locked_at":
            stranger = replace(job, locked_at=job.created_at)
        case "attempts_count":
            stranger = replace(job, attempts_count=2)
        case _:
            stranger = job
            queue.execute("UPDATE send_mail_jobs SET status = 'job_status_retry'")
    before = queue.row(job.id)
    assert queue.succeed(stranger) is None
    assert queue.fail(stranger, "no") is None
    assert queue.timeout(stranger) is None
    assert queue.row(job.id) == before


def test_a_result_is_written_once(queue: Queue) -> None:
    job = taken(queue)
    assert queue.succeed(job) is JobStatus.SUCCEEDED
    assert queue.succeed(job) is None
    assert queue.fail(job, "too late") is None
    assert queue.timeout(job) is None
    assert queue.row(job.id).status is JobStatus.SUCCEEDED


def test_an_old_owner_cannot_write_over_a_later_attempt(queue: Queue) -> None:
    first = taken(queue)
    queue.fail(first, "no")
    queue.execute("UPDATE send_mail_jobs SET run_at = now()")
    second = queue.take(uuid4())
    assert queue.succeed(first) is None
    assert queue.fail(first, "late") is None
    assert queue.timeout(first) is None
    assert queue.row(first.id).status is JobStatus.RUNNING
    assert queue.succeed(second) is JobStatus.SUCCEEDED


def test_an_old_owner_cannot_write_after_a_give_back_to_the_same_worker(
    conn: Connection,
) -> None:
    send_mail.enqueue(conn, send_mail.SendMail(user_id=1, email=""))
    first = send_mail.fetch(conn, WORKER)
    assert first is not None
    statements = send_mail.JOB.statements
    given = sync.run(conn, plans.give_back(statements, Fence.of(first)))
    assert given is JobStatus.NOT_STARTED
    second = send_mail.fetch(conn, WORKER)
    assert second is not None
    same = (first.id, first.locked_by, first.attempts_count)
    assert (second.id, second.locked_by, second.attempts_count) == same
    assert send_mail.succeed(conn, first) is None
    assert send_mail.fail(conn, first, "late") is None
    assert send_mail.timeout(conn, first) is None
    assert sync.run(conn, plans.give_back(statements, Fence.of(first))) is None
    assert send_mail.succeed(conn, second) is JobStatus.SUCCEEDED


def test_a_give_back_does_not_count(conn: Connection) -> None:
    job_id = send_mail.enqueue(conn, send_mail.SendMail(user_id=1, email=""))
    statements = send_mail.JOB.statements
    for failures, status in ((0, JobStatus.NOT_STARTED), (1, JobStatus.RETRY)):
        job = send_mail.fetch(conn, WORKER)
        assert job is not None
        given = sync.run(conn, plans.give_back(statements, Fence.of(job)))
        assert given is status
        (row,) = conn.execute(
            "SELECT attempts_count, locked_at, locked_by, run_at"
            " FROM send_mail_jobs WHERE id = %s",
            [job_id],
        )
        assert row == (failures, None, None, job.run_at)
        if not failures:
            job = send_mail.fetch(conn, WORKER)
            assert job is not None
            send_mail.fail(conn, job, "no")
            conn.execute("UPDATE send_mail_jobs SET run_at = now()")


@pytest.mark.parametrize("text", [True, False], ids=["text", "exception"])
@pytest.mark.parametrize(
    ("message", "kept"),
    [("a\0b", "a\\x00b"), ("a\ud800b", "a\\ud800b"), ("", ""), ("→ 🙂", "→ 🙂")],
    ids=["NUL", "surrogate", "empty", "unicode"],
)
def test_any_error_text_is_kept(
    queue: Queue, message: str, kept: str, text: bool
) -> None:
    job = taken(queue)
    assert queue.fail(job, message if text else ValueError(message)) is JobStatus.RETRY
    found = queue.row(job.id).last_error
    assert found is not None
    if text:
        assert found == kept
    else:
        assert found.startswith(f"ValueError: {kept}" if kept else "ValueError")


@pytest.mark.parametrize("text", [True, False], ids=["text", "exception"])
def test_a_huge_error_text_keeps_its_head_and_tail(queue: Queue, text: bool) -> None:
    job = taken(queue)
    huge = "head" + "é" * 5_000_000 + "tail"
    assert queue.fail(job, huge if text else ValueError(huge)) is JobStatus.RETRY
    found = queue.row(job.id).last_error
    assert found is not None
    assert "head" in found[:20]
    assert found.endswith("tail")
    assert "bytes left out" in found
    assert len(found.encode()) <= 16 * 1024


def test_an_exception_without_a_text_is_still_written(queue: Queue) -> None:
    class WeirdError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    job = taken(queue)
    assert queue.fail(job, WeirdError()) is JobStatus.RETRY
    found = queue.row(job.id).last_error
    assert found is not None
    assert found.startswith("WeirdError")
