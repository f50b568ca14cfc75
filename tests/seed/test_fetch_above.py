"""The fetch that starts above a row, which a worker sends after a full batch."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from generated_example import PostWebhook, post_webhook, send_mail
from jobgen.runtime import plans, sync
from jobgen.runtime.job import J, JobType, K, Key, N
from tests.seed.kit import MAIL, Connection

_WORKER = uuid4()
_PAST = datetime(2020, 1, 1, tzinfo=UTC)
_HOOK = PostWebhook(event="sale", url="http://example.org", payload=None)


def _take_mails(conn: Connection, limit: int, above: Key | None) -> plans.Taken:
    return sync.run(conn, plans.take(send_mail.JOB, _WORKER, limit, above))


def _take_hooks(conn: Connection, limit: int, above: Key | None) -> plans.Taken:
    return sync.run(conn, plans.take(post_webhook.JOB, _WORKER, limit, above))


def _ids(job: JobType[N, J, K], taken: plans.Taken) -> list[int | UUID]:
    jobs, lost = plans.decoded(job, taken)
    assert not lost
    return [row.id for row in jobs]


def _minutes(numbers: Iterable[int]) -> list[datetime]:
    return [_PAST + timedelta(minutes=number) for number in numbers]


def test_it_goes_on_where_the_last_one_ended(conn: Connection) -> None:
    """Rows of one transaction fall due together, and are told apart by their ids."""
    ids = send_mail.enqueue_many(conn, [MAIL] * 7)
    first = _take_mails(conn, 3, None)
    second = _take_mails(conn, 3, first.last)
    third = _take_mails(conn, 3, second.last)
    found = [_ids(send_mail.JOB, each) for each in (first, second, third)]
    assert found == [ids[:3], ids[3:6], ids[6:]]


def test_what_falls_due_before_the_row_is_left_for_a_fetch_from_the_beginning(
    conn: Connection,
) -> None:
    times = _minutes([2, 5, 3, 7])
    news = [replace(MAIL, run_at=time) for time in times]
    _, later, earlier, last = send_mail.enqueue_many(conn, news)
    assert _ids(send_mail.JOB, _take_mails(conn, 9, (times[2], earlier))) == [
        later,
        last,
    ]


def test_priority_comes_before_time_and_time_before_the_id(conn: Connection) -> None:
    noon, hour = _PAST, timedelta(hours=1)
    news = [
        replace(_HOOK, priority=-1, run_at=noon + hour),  # before it: more urgent
        replace(_HOOK, priority=0, run_at=noon - hour),  # before it: due earlier
        replace(_HOOK, priority=0, run_at=noon),  # the row itself
        replace(_HOOK, priority=0, run_at=noon),  # after it: a later id
        replace(_HOOK, priority=1, run_at=noon - hour),  # after it: less urgent
    ]
    *_, mark, same, lesser = ids = post_webhook.enqueue_many(conn, news)
    assert _ids(post_webhook.JOB, _take_hooks(conn, 9, (0, noon, mark))) == [
        same,
        lesser,
    ]
    assert _ids(post_webhook.JOB, _take_hooks(conn, 9, None)) == ids[:3]


def test_above_the_last_row_there_is_nothing(conn: Connection) -> None:
    send_mail.enqueue_many(conn, [MAIL] * 2)
    last = _take_mails(conn, 2, None).last
    assert _take_mails(conn, 2, last).number == 0
