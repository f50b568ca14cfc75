"""Whether what the handlers left behind is what the tables say: a pure function."""

import signal
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from jobgen.runtime import JobStatus

SHOWN: Final = 5
"""So many discrepancies of a kind are spelt out."""

FINAL: Final = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.TIMED_OUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job as its table has it at the end. `key` names what it left behind."""

    id: str
    key: str
    status: JobStatus
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a report is about."""

    buckets: int
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the demo found when the last worker had stopped."""

    enqueued: Mapping[str, int]
    """Job → how many the producers made."""
    rows: Mapping[str, tuple[Row, ...]]
    """Job → its table."""
    lost: Mapping[str, Set[str]]
    """Job → ids of what the killed worker was at."""
    killed: int
    """Exit status of the first worker, and below that of the second."""
    stopped: int
    messages: Mapping[str, int]
    """Message-ID → how often it lies in the Maildir."""
    heard: Set[str]
    """The events that the webhooks' receiver has accepted."""
    contacts: Mapping[str, int]
    """File → how many contacts the address book has from it."""
    expected_contacts: Mapping[str, int]
    """File → how many it has to give."""
    passed_on: Mapping[str, int]
    """File → how many rows wait for the CRM because of it."""
    charts: Mapping[str, int]
    """Report → how many values its chart shows."""
    figures: Mapping[str, Figures]
    """Report → what its figures in the database add up to."""
    orders: Mapping[str, Figures]
    """Report → what the orders of its period really are."""
    old_chart: bool
    """Whether a chart is still there that had to be deleted."""


def verify(facts: Facts) -> list[str]:
    """What does not agree, one line each; none is as it should be."""
    return [
        *_workers(facts),
        *_tables(facts),
        *_rescued(facts),
        *_mails(facts),
        *_webhooks(facts),
        *_imports(facts),
        *_reports(facts),
        *(["the old chart has not been deleted"] if facts.old_chart else []),
    ]


def _workers(facts: Facts) -> Iterator[str]:
    if facts.killed != -signal.SIGKILL:
        yield f"the first worker was to be killed, and ended with {facts.killed}"
    if facts.stopped != 0:
        yield f"the second worker was to stop cleanly, and ended with {facts.stopped}"


def _tables(facts: Facts) -> Iterator[str]:
    """Every job is in its table and done; those of `prune_charts` are deleted."""
    found = {job: len(rows) for job, rows in facts.rows.items()}
    yield from _compare("rows of", {**facts.enqueued, "prune_charts": 0}, found)
    for job, rows in facts.rows.items():
        unfinished = {row.id: row.status for row in rows if row.status not in FINAL}
        yield from _compare(f"end of {job}", {}, unfinished)


def _rescued(facts: Facts) -> Iterator[str]:
    """What the killed worker was at has been taken up by the other one."""
    if not any(facts.lost.values()):
        yield "the killed worker was at nothing: there was no rescue to be seen"
    for job, ids in facts.lost.items():
        attempts = {row.id: row.attempts for row in facts.rows[job]}
        abandoned = {id: attempts[id] for id in ids if attempts.get(id, 2) < 2}
        yield from _compare(f"attempts to rescue {job}", {}, abandoned)


def _mails(facts: Facts) -> Iterator[str]:
    """One message for each job that succeeded, and none for any other."""
    expected = dict.fromkeys(_succeeded(facts, "send_mail"), 1)
    yield from _compare("messages", expected, facts.messages)


def _webhooks(facts: Facts) -> Iterator[str]:
    """A job that ran twice may be heard twice, but as the same event."""
    expected = dict.fromkeys(_succeeded(facts, "post_webhook"), "heard")
    yield from _compare("event", expected, dict.fromkeys(facts.heard, "heard"))


def _imports(facts: Facts) -> Iterator[str]:
    """All contacts of a file or none, and each file passed on once."""
    expected = {
        file: facts.expected_contacts[file]
        for file in _succeeded(facts, "import_contacts")
        if facts.expected_contacts[file]
    }
    yield from _compare("contacts of", expected, facts.contacts)
    once = dict.fromkeys(expected, 1)
    yield from _compare("rows for the CRM of", once, facts.passed_on)


def _reports(facts: Facts) -> Iterator[str]:
    """Figures exactly of those that succeeded; and all of them in the chart."""
    expected = {
        report: facts.orders[report] for report in _succeeded(facts, "render_report")
    }
    yield from _compare("figures of report", expected, facts.figures)
    buckets = {report: figures.buckets for report, figures in expected.items()}
    yield from _compare("values in the chart of report", buckets, facts.charts)


def _succeeded(facts: Facts, job: str) -> list[str]:
    """The keys of the rows that succeeded."""
    return [row.key for row in facts.rows[job] if row.status is JobStatus.SUCCEEDED]


def _compare(
    what: str, expected: Mapping[str, object], found: Mapping[str, object]
) -> Iterator[str]:
    """A line for each of the first keys under which the two differ."""
    keys = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
    for key in islice(keys, SHOWN):
        yield (
            f"{what} {key}: expected {_text(expected.get(key))},"
            f" found {_text(found.get(key))}"
        )
    if len(keys) > SHOWN:
        yield f"{what} {len(keys) - SHOWN} more: likewise"


def _text(value: object) -> str:
    return "none" if value is None else str(value)
