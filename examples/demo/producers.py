"""Enqueues the demo's jobs: by COPY, in bulk, and one with the order it is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg

import generated_example as jobs
from examples.demo import orders
from examples.demo.files import File, file
from jobgen.runtime import DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of each job there are to be."""

    mails: int
    webhooks: int
    files: int
    reports: int
    orders: int
    """Placed while the worker runs; each enqueues a mail and a webhook."""

    @classmethod
    def of(cls, total: int) -> "Share":
        """Split about `total` jobs into a mixture."""
        return cls(
            mails=total * 60 // 100,
            webhooks=total * 25 // 100,
            files=max(total * 6 // 100, 40),
            reports=24,
            orders=total * 4 // 100,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """What was enqueued: the jobs' ids, and what the imports should bring.

    An `enqueue_copy` says no ids, so the mails are counted.
    """

    mails: int
    webhooks: frozenset[UUID]
    """By their `event_id`, which is what the receiver knows."""
    files: tuple[File, ...]
    reports: int
    prunes: int

    @property
    def counts(self) -> dict[str, int]:
        """How many of each job, by its name."""
        return {
            "send_mail": self.mails,
            "post_webhook": len(self.webhooks),
            "import_contacts": len(self.files),
            "render_report": self.reports,
            "prune_charts": self.prunes,
        }

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def __add__(self, other: "Enqueued") -> "Enqueued":
        return Enqueued(
            mails=self.mails + other.mails,
            webhooks=self.webhooks | other.webhooks,
            files=self.files + other.files,
            reports=self.reports + other.reports,
            prunes=self.prunes + other.prunes,
        )


def enqueue_backlog(conn: psycopg.Connection[object], share: Share) -> Enqueued:
    """What has piled up while no worker ran, in one transaction."""
    now = datetime.now(UTC)
    webhooks = list(_webhooks(share.webhooks))
    files = tuple(file(number) for number in range(share.files))
    with conn.transaction():
        mails = jobs.send_mail.enqueue_copy(conn, _mails(share.mails, now))
        jobs.post_webhook.enqueue_many(conn, (job for _, job in webhooks))
        jobs.import_contacts.enqueue_many(conn, (each.job for each in files))
        for report in _reports(share.reports, now):
            jobs.render_report.enqueue(conn, report)
        jobs.prune_charts.enqueue(conn, jobs.PruneCharts(not_before=time()))
    return Enqueued(
        mails=mails,
        webhooks=frozenset(event_id for event_id, _ in webhooks),
        files=files,
        reports=share.reports,
        prunes=1,
    )


def place_order(conn: psycopg.Connection[object], number: int) -> Enqueued:
    """An order and the jobs that follow from it: all committed, or none."""
    email = f"customer{number}@example.org"
    event_id = uuid4()
    with conn.transaction():
        orders.place(conn, email, 10 + number % 90)
        jobs.send_mail.enqueue(
            conn,
            jobs.SendMail(user_id=number, email=email, kind=jobs.MailKind.RECEIPT),
        )
        jobs.post_webhook.enqueue(conn, _webhook(event_id, "orders", number))
    return _more_webhooks(event_id, mails=1)


def enqueue_last_attempts(conn: psycopg.Connection[object]) -> Enqueued:
    """Webhooks that have failed since yesterday, and have one attempt left.

    A row is a row: what another system, or a migration, says of earlier attempts
    counts like what a worker has written.
    """
    events = [(uuid4(), path) for path in ("stuck", "stuck", "down", "down")]
    with conn.transaction():
        jobs.post_webhook.enqueue_many(
            conn, (_webhook(event_id, path, 0) for event_id, path in events)
        )
        conn.execute(
            "UPDATE post_webhook_jobs SET attempts_count = 11,"
            " status = 'job_status_retry', last_error = 'It was down all night.'"
            " WHERE event_id = ANY(%s)",
            [[event_id for event_id, _ in events]],
        )
    return _more_webhooks(*(event_id for event_id, _ in events))


def _more_webhooks(*event_ids: UUID, mails: int = 0) -> Enqueued:
    return Enqueued(
        mails=mails, webhooks=frozenset(event_ids), files=(), reports=0, prunes=0
    )


def _mails(count: int, now: datetime) -> Iterator[jobs.SendMail]:
    """A newsletter; one address in a hundred is none, some go out a little later."""
    for number in range(count):
        broken, later = number % 100 == 17, number % 50 == 3
        yield jobs.SendMail(
            user_id=number,
            email="nobody" if broken else f"reader{number}@example.org",
            kind=jobs.MailKind.NEWSLETTER,
            run_at=now + timedelta(seconds=3 + number % 13) if later else DEFAULT,
        )


def _webhooks(count: int) -> Iterator[tuple[UUID, jobs.PostWebhook]]:
    for number in range(count):
        event_id = uuid4()
        yield event_id, _webhook(event_id, _path(number), number)


def _path(number: int) -> str:
    """Most receivers are well; a few are slow, busy, or gone."""
    if number < 4:
        return "slow"
    match number % 50:
        case 11:
            return "gone"
        case 23 | 24:
            return "busy"
        case _:
            return "orders"


def _webhook(event_id: UUID, path: str, number: int) -> jobs.PostWebhook:
    return jobs.PostWebhook(
        event_id=event_id,
        event="order.placed",
        url=path,
        payload={"order": number, "lines": [{"sku": f"A-{number % 7}", "count": 1}]},
        # The slow ones first, so that they do not hold up the end.
        priority=-1 if path == "slow" else 0,
    )


def _reports(count: int, now: datetime) -> Iterator[jobs.RenderReport]:
    months = orders.last_months(now.date())
    for number in range(count):
        month = months[number % len(months)]
        yield jobs.RenderReport(
            title=f"Orders in {month.lower:%B %Y}",
            period=month,
            style=list(jobs.ReportStyle)[number // len(months) % 2],
            target=Decimal(200) if number % 3 == 0 else None,
            due_on=month.upper,
        )
