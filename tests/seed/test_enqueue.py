"""Putting jobs into the caller's transaction, all of them or none."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import cast
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.range import Range

from generated_example import (
    ImportContacts,
    MailKind,
    PostWebhook,
    PruneCharts,
    SendMail,
    SyncCrm,
    import_contacts,
    post_webhook,
    prune_charts,
    send_mail,
    sync_crm,
)
from jobgen.runtime import DEFAULT, plans
from tests.seed.kit import MAIL, Connection, Queue

NAIVE = datetime(2026, 1, 1, 12)
AWARE = NAIVE.replace(tzinfo=UTC)

CRM = SyncCrm(account="a", changed=Range(AWARE, None))

WAYS = ["enqueue", "enqueue_many", "enqueue_copy"]
MORE_THAN_A_BATCH = {"enqueue_many": 1_001, "enqueue_copy": 10_001}


def put(queue: Queue, way: str, *jobs: SendMail) -> None:
    if way == "enqueue_many":
        queue.enqueue_many(jobs)
    elif way == "enqueue_copy":
        queue.enqueue_copy(jobs)
    else:
        for job in jobs:
            queue.enqueue(job)


def put_post_webhook(conn: Connection, way: str, webhook: PostWebhook) -> None:
    if way == "enqueue":
        post_webhook.enqueue(conn, webhook)
    elif way == "enqueue_many":
        post_webhook.enqueue_many(conn, [webhook])
    else:
        post_webhook.enqueue_copy(conn, [webhook])


def put_sync_crm(conn: Connection, way: str, job: SyncCrm) -> None:
    if way == "enqueue":
        sync_crm.enqueue(conn, job)
    elif way == "enqueue_many":
        sync_crm.enqueue_many(conn, [job])
    else:
        sync_crm.enqueue_copy(conn, [job])


@pytest.mark.parametrize("way", WAYS)
def test_jobs_are_part_of_the_callers_transaction(
    queue: Queue, other: Queue, way: str
) -> None:
    put(queue, way, MAIL, MAIL)
    assert queue.pending() == 2
    assert other.pending() == 0, "nothing is committed"
    queue.rollback()
    assert queue.pending() == 0
    put(queue, way, MAIL)
    queue.commit()
    other.rollback()  # its now() was before the commit
    assert other.pending() == 1


@pytest.mark.parametrize("way", WAYS)
def test_under_autocommit_jobs_are_there_at_once(
    queue: Queue, other: Queue, way: str
) -> None:
    queue.set_autocommit()
    put(queue, way, MAIL, MAIL)
    assert other.pending() == 2


@pytest.mark.parametrize("way", WAYS)
def test_every_way_stores_the_same(queue: Queue, way: str) -> None:
    jobs = [
        MAIL,
        SendMail(user_id=-(2**63), email="", subject="", kind=MailKind.RECEIPT),
        SendMail(user_id=2**63 - 1, email='a\t"b"\\\n{,}', subject="NULL"),
        SendMail(user_id=0, email="\\N", subject="é🙂", run_at=AWARE),
    ]
    put(queue, way, *jobs)
    found = queue.fetch_many(uuid4(), 10)
    found.sort(key=lambda job: job.id)
    for job in found:
        assert job.run_at == (AWARE if job.email == "\\N" else job.created_at)
    by_key = {(job.user_id, job.email, job.subject, job.kind) for job in found}
    assert by_key == {
        (
            job.user_id,
            job.email,
            job.subject,
            MailKind.WELCOME if job.kind is DEFAULT else job.kind,
        )
        for job in jobs
    }


def test_ids_come_in_the_order_of_the_jobs(queue: Queue) -> None:
    jobs = [SendMail(user_id=(n * 7919) % 2500, email="") for n in range(2500)]
    ids = queue.enqueue_many(iter(jobs))
    assert ids == sorted(ids)
    rows = queue.execute("SELECT id, user_id FROM send_mail_jobs")
    found: dict[int, int] = dict(rows)
    assert [found[job_id] for job_id in ids] == [job.user_id for job in jobs]


def test_uuids_come_in_the_order_of_the_jobs(conn: Connection) -> None:
    jobs = [
        ImportContacts(file_name=str(n), content="", columns_map={})
        for n in range(1500)
    ]
    ids = import_contacts.enqueue_many(conn, jobs)
    rows = conn.execute("SELECT id, file_name FROM import_contacts_jobs")
    names: dict[UUID, str] = dict(rows.fetchall())
    assert [names[job_id] for job_id in ids] == [job.file_name for job in jobs]


def test_no_jobs_are_no_rows(queue: Queue) -> None:
    assert queue.enqueue_many([]) == []
    assert queue.enqueue_copy([]) == 0
    assert queue.pending() == 0


def test_copy_says_how_many(queue: Queue) -> None:
    kinds = [MAIL, SendMail(user_id=1, email="", kind=MailKind.RECEIPT)]
    assert queue.enqueue_copy(kinds * 6_000) == 12_000
    assert queue.pending() == 12_000


def test_copy_makes_rows_while_the_server_takes_those_before(conn: Connection) -> None:
    """It would wait for ten thousand of them otherwise, and we for it afterwards."""
    made: list[int] = []

    def values(new: SendMail) -> tuple[object, ...]:
        made.append(new.user_id)
        return send_mail.JOB.values(new)

    job = replace(send_mail.JOB, values=values)
    news = [SendMail(user_id=number, email="") for number in range(1_000)]
    step = next(plans.enqueue_copy(job, news))
    assert isinstance(step, plans.Copy)
    rows = iter(step.rows)
    assert next(rows) == (0, "", None)
    assert made == [0]
    assert sum(1 for _ in rows) == 999
    assert made == list(range(1_000))


def test_copy_leaves_no_job_out_where_a_value_ends_an_iteration() -> None:
    def values(new: SendMail) -> tuple[object, ...]:
        return next(left)

    left = iter([send_mail.JOB.values(MAIL)])
    job = replace(send_mail.JOB, values=values)
    step = next(plans.enqueue_copy(job, [MAIL, MAIL]))
    assert isinstance(step, plans.Copy)
    with pytest.raises(RuntimeError):
        list(step.rows)


def test_copy_refuses_a_job_that_comes_after_others_were_sent(queue: Queue) -> None:
    jobs = [MAIL] * 5_000 + [SendMail(user_id=1, email="", run_at=NAIVE)]
    with pytest.raises(ValueError, match="run_at"):
        queue.enqueue_copy(jobs)
    assert queue.pending() == 0
    assert queue.enqueue_copy(jobs[:-1]) == 5_000


@pytest.mark.parametrize("count", [1, 1_001])
def test_copy_takes_jobs_that_say_nothing(conn: Connection, count: int) -> None:
    """PostgreSQL has no COPY of no columns; the server's defaults fill them in."""
    jobs = [PruneCharts()] * count + [PruneCharts(run_at=AWARE)]
    assert prune_charts.enqueue_copy(conn, jobs) == count + 1
    rows = conn.execute(
        "SELECT run_at = %s, count(*) FROM prune_charts_jobs GROUP BY 1", [AWARE]
    )
    assert sorted(rows) == [(False, count), (True, 1)]


@pytest.mark.parametrize("way", ["enqueue_many", "enqueue_copy"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_bulk_is_all_or_nothing_where_the_server_refuses_a_job(
    queue: Queue, way: str, autocommit: bool
) -> None:
    queue.execute("ALTER TABLE send_mail_jobs ADD CHECK (email <> 'bad')")
    queue.commit()
    if autocommit:
        queue.set_autocommit()
    bad = SendMail(user_id=1, email="bad", kind=MailKind.RECEIPT)
    jobs = [*[MAIL] * MORE_THAN_A_BATCH[way], bad]
    with pytest.raises(psycopg.errors.CheckViolation):
        put(queue, way, *jobs)
    if autocommit:
        assert queue.pending() == 0


@pytest.mark.parametrize("way", ["enqueue_many", "enqueue_copy"])
def test_bulk_that_fails_leaves_the_callers_transaction_usable(
    queue: Queue, other: Queue, way: str
) -> None:
    queue.execute("ALTER TABLE send_mail_jobs ADD CHECK (email <> 'bad')")
    queue.commit()
    kept = queue.enqueue()
    with pytest.raises(psycopg.errors.CheckViolation):
        put(queue, way, MAIL, SendMail(user_id=1, email="bad"))
    queue.commit()
    assert other.take(uuid4()).id == kept
    assert other.fetch(uuid4()) is None


@pytest.mark.parametrize("way", ["enqueue_many", "enqueue_copy"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_bulk_is_all_or_nothing_where_the_callers_iterable_raises(
    queue: Queue, way: str, autocommit: bool
) -> None:
    if autocommit:
        queue.set_autocommit()

    def jobs() -> Iterator[SendMail]:
        yield from [MAIL] * MORE_THAN_A_BATCH[way]
        raise LookupError("no more users")

    bulk = queue.enqueue_many if way == "enqueue_many" else queue.enqueue_copy
    with pytest.raises(LookupError):
        bulk(jobs())
    assert queue.pending() == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_naive_run_at_is_refused(queue: Queue, way: str) -> None:
    with pytest.raises(ValueError, match=r"run_at.*is naive; pass .*time zone"):
        put(queue, way, SendMail(user_id=1, email="", run_at=NAIVE))
    assert queue.pending() == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_naive_datetime_in_the_payload_is_refused(conn: Connection, way: str) -> None:
    webhook = PostWebhook(event="paid", url="", payload=None, happened_at=NAIVE)
    with pytest.raises(ValueError, match=r"happened_at.*is naive; pass"):
        put_post_webhook(conn, way, webhook)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "changed",
    [Range(NAIVE, None), Range(None, NAIVE), Range(AWARE, NAIVE + timedelta(days=1))],
    ids=["lower", "upper", "mixed"],
)
def test_a_naive_bound_of_a_range_is_refused(
    conn: Connection, way: str, changed: Range[datetime]
) -> None:
    job = SyncCrm(account="a", changed=changed)
    with pytest.raises(ValueError, match=r"changed.*is naive; pass"):
        put_sync_crm(conn, way, job)


@pytest.mark.parametrize("way", ["enqueue_many", "enqueue_copy"])
def test_one_naive_job_among_good_ones_refuses_them_all(queue: Queue, way: str) -> None:
    queue.set_autocommit()
    with pytest.raises(ValueError, match="is naive"):
        put(queue, way, MAIL, MAIL, SendMail(user_id=1, email="", run_at=NAIVE))
    assert queue.pending() == 0


@pytest.mark.parametrize("value", [1.9, "12"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_whole_number_is_refused(queue: Queue, way: str, value: int) -> None:
    with pytest.raises(TypeError, match=rf"^user_id: {value!r} is not a whole number"):
        put(queue, way, replace(MAIL, user_id=value))


@pytest.mark.parametrize("way", WAYS)
def test_a_boolean_is_stored_as_a_number(queue: Queue, way: str) -> None:
    put(queue, way, replace(MAIL, user_id=True))
    assert queue.execute("SELECT user_id FROM send_mail_jobs") == [(1,)]


@pytest.mark.parametrize("way", WAYS)
def test_an_array_with_a_gap_is_refused(conn: Connection, way: str) -> None:
    """No fetch could read it: the type of its elements has no None."""
    gap = cast(IPv4Network, None)
    job = replace(CRM, allowed_networks=[IPv4Network("10.0.0.0/8"), gap])
    with pytest.raises(ValueError, match=r"^allowed_networks: None is among"):
        put_sync_crm(conn, way, job)


@pytest.mark.parametrize("way", WAYS)
def test_one_text_is_no_list_of_texts(conn: Connection, way: str) -> None:
    text = cast(list[IPv4Network | IPv6Network], "10.0.0.0/8")
    with pytest.raises(TypeError, match=r"^allowed_networks: .* pass \['10"):
        put_sync_crm(conn, way, replace(CRM, allowed_networks=text))
