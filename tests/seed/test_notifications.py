"""`notify: always`: exactly IHP's notifications."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.types.range import Range

from generated_example import SyncCrm, send_mail, sync_crm
from tests.seed.kit import Connection

JOB = SyncCrm(account="a", changed=Range(empty=True))


@pytest.fixture
def listener(conn: Connection, jobs_dsn: str) -> Iterator[Connection]:
    """A second session that listens for sync_crm, which says `notify: always`."""
    conn.autocommit = True
    with psycopg.connect(jobs_dsn, autocommit=True) as listener:
        listener.execute("LISTEN job_available_crm_sync_queue")
        yield listener


def heard(listener: Connection) -> list[tuple[str, str]]:
    """Channel and payload of what has been sent since."""
    listener.execute("SELECT")
    notifies = listener.notifies(timeout=0.2)
    return [(notify.channel, notify.payload) for notify in notifies]


ONE = [("job_available_crm_sync_queue", "")]


def test_the_channel_is_ihps() -> None:
    assert sync_crm.CHANNEL == "job_available_crm_sync_queue"
    assert send_mail.CHANNEL == "job_available_send_mail_jobs"


def test_an_insert_sends_one_empty_notification(
    conn: Connection, listener: Connection
) -> None:
    sync_crm.enqueue(conn, JOB)
    assert heard(listener) == ONE


def test_an_insert_by_others_sends_one_too(
    conn: Connection, listener: Connection
) -> None:
    conn.execute("INSERT INTO crm_sync_queue (account, changed) VALUES ('a', 'empty')")
    assert heard(listener) == ONE


@pytest.mark.parametrize("bulk", [sync_crm.enqueue_many, sync_crm.enqueue_copy])
def test_a_bulk_of_jobs_wakes_once(
    conn: Connection, listener: Connection, bulk: object
) -> None:
    if bulk is sync_crm.enqueue_many:
        sync_crm.enqueue_many(conn, [JOB] * 50)
    else:
        sync_crm.enqueue_copy(conn, [JOB] * 50)
    assert heard(listener) == ONE, "the server joins equal ones of a transaction"


def test_nothing_is_heard_before_the_commit_or_after_a_rollback(
    conn: Connection, listener: Connection
) -> None:
    with conn.transaction(force_rollback=True):
        sync_crm.enqueue(conn, JOB)
        assert heard(listener) == []
    assert heard(listener) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("not_started", ONE),
        ("running", []),
        ("failed", []),
        ("timed_out", []),
        ("succeeded", []),
        ("retry", ONE),
    ],
)
def test_an_update_is_announced_where_the_row_is_to_run(
    conn: Connection,
    listener: Connection,
    status: str,
    expected: list[tuple[str, str]],
) -> None:
    sync_crm.enqueue(conn, JOB)
    heard(listener)
    conn.execute(
        "UPDATE crm_sync_queue SET status = %s::job_status", [f"job_status_{status}"]
    )
    assert heard(listener) == expected


@pytest.mark.parametrize(
    "status", ["running", "failed", "timed_out", "succeeded"], ids=str
)
def test_an_insert_of_a_row_that_is_not_to_run_is_silent(
    conn: Connection, listener: Connection, status: str
) -> None:
    conn.execute(
        "INSERT INTO crm_sync_queue (account, changed, status)"
        " VALUES ('a', 'empty', %s::job_status)",
        [f"job_status_{status}"],
    )
    assert heard(listener) == []


def test_a_job_that_says_never_is_silent(conn: Connection) -> None:
    ((count,),) = conn.execute(
        "SELECT count(*) FROM pg_trigger"
        " WHERE tgrelid = 'prune_charts_jobs'::regclass AND NOT tgisinternal"
    )
    assert count == 0


@pytest.mark.parametrize("event", ["insert", "update"])
def test_triggers_have_ihps_names(conn: Connection, event: str) -> None:
    ((enabled, level, function),) = conn.execute(
        "SELECT tgenabled, tgtype & 1, tgfoid::regproc::text FROM pg_trigger"
        " WHERE tgrelid = 'crm_sync_queue'::regclass AND tgname = %s",
        [f"did_{event}_job_crm_sync_queue"],
    )
    assert (enabled, level) in {("O", 1), (b"O", 1)}
    assert function == "notify_job_queued_crm_sync_queue"
