"""The demo's verdict: every way in which the traces may differ is noticed."""

import signal
from dataclasses import replace
from decimal import Decimal

import pytest

from examples.demo.verify import SHOWN, Facts, Figures, Row, verify
from jobgen.runtime import JobStatus

DONE = JobStatus.SUCCEEDED
FIGURES = {"3": Figures(buckets=31, total=Decimal("99.50"))}


def _row(key: str, status: JobStatus = DONE, attempts: int = 1) -> Row:
    return Row(id=f"id-{key}", key=key, status=status, attempts=attempts)


GOOD = Facts(
    enqueued={
        "send_mail": 3,
        "post_webhook": 2,
        "import_contacts": 3,
        "render_report": 1,
        "prune_charts": 1,
    },
    rows={
        "send_mail": (
            _row("m1"),
            _row("m2", attempts=2),
            _row("m3", JobStatus.FAILED),
        ),
        "post_webhook": (_row("w1"), _row("w2", JobStatus.TIMED_OUT, 12)),
        "import_contacts": (
            _row("a.csv"),
            _row("rehearsal.csv"),
            _row("broken.csv", JobStatus.FAILED),
        ),
        "render_report": (_row("3"),),
        "prune_charts": (),
    },
    # The pruning was in hand too: it succeeded later, and its row is gone.
    lost={"send_mail": {"id-m2"}, "prune_charts": {"id-p"}},
    killed=-signal.SIGKILL,
    stopped=0,
    messages={"m1": 1, "m2": 1},
    heard={"w1"},
    contacts={"a.csv": 8},
    expected_contacts={"a.csv": 8, "rehearsal.csv": 0, "broken.csv": 0},
    passed_on={"a.csv": 1},
    charts={"3": 31},
    figures=FIGURES,
    orders=FIGURES,
    old_chart=False,
)


def _with_row(job: str, row: Row) -> Facts:
    """The good facts with one row more, that was enqueued."""
    return replace(
        GOOD,
        enqueued={**GOOD.enqueued, job: GOOD.enqueued[job] + 1},
        rows={**GOOD.rows, job: (*GOOD.rows[job], row)},
    )


def test_traces_that_agree_are_fine() -> None:
    """Nothing is said about a demo in which everything is as it should be."""
    assert verify(GOOD) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            replace(GOOD, killed=0),
            "the first worker was to be killed, and ended with 0",
            id="the first worker survived",
        ),
        pytest.param(
            replace(GOOD, stopped=-9),
            "the second worker was to stop cleanly, and ended with -9",
            id="the second worker did not stop",
        ),
        pytest.param(
            replace(GOOD, enqueued={**GOOD.enqueued, "send_mail": 4}),
            "rows of send_mail: expected 4, found 3",
            id="a row is gone",
        ),
        pytest.param(
            _with_row("prune_charts", _row("p2")),
            "rows of prune_charts: expected 0, found 1",
            id="a row that was to be deleted is there",
        ),
        pytest.param(
            _with_row("send_mail", _row("m4", JobStatus.RETRY)),
            "end of send_mail id-m4: expected none, found job_status_retry",
            id="a job is not done",
        ),
        pytest.param(
            replace(GOOD, lost={"send_mail": set[str]()}),
            "the killed worker was at nothing: there was no rescue to be seen",
            id="nothing was lost",
        ),
        pytest.param(
            replace(GOOD, lost={"send_mail": {"id-m1"}}),
            "attempts to rescue send_mail id-m1: expected none, found 1",
            id="a lost job was not tried again",
        ),
        pytest.param(
            replace(GOOD, messages={"m1": 1}),
            "messages m2: expected 1, found none",
            id="a message is missing",
        ),
        pytest.param(
            replace(GOOD, messages={"m1": 1, "m2": 2}),
            "messages m2: expected 1, found 2",
            id="a message was delivered twice",
        ),
        pytest.param(
            replace(GOOD, messages={"m1": 1, "m2": 1, "m3": 1}),
            "messages m3: expected none, found 1",
            id="a message of a failed job",
        ),
        pytest.param(
            replace(GOOD, heard=set[str]()),
            "event w1: expected heard, found none",
            id="an event was not heard",
        ),
        pytest.param(
            replace(GOOD, heard={"w1", "w2"}),
            "event w2: expected none, found heard",
            id="an event was heard whose job timed out",
        ),
        pytest.param(
            replace(GOOD, contacts={"a.csv": 7}),
            "contacts of a.csv: expected 8, found 7",
            id="a contact is missing",
        ),
        pytest.param(
            replace(GOOD, contacts={"a.csv": 8, "rehearsal.csv": 8}),
            "contacts of rehearsal.csv: expected none, found 8",
            id="a rehearsal was imported",
        ),
        pytest.param(
            replace(GOOD, passed_on={"a.csv": 2}),
            "rows for the CRM of a.csv: expected 1, found 2",
            id="an import was passed on twice",
        ),
        pytest.param(
            replace(GOOD, figures={}),
            f"figures of report 3: expected {FIGURES['3']}, found none",
            id="figures are missing",
        ),
        pytest.param(
            replace(GOOD, orders={"3": Figures(buckets=31, total=Decimal(1))}),
            "figures of report 3: expected"
            f" {Figures(buckets=31, total=Decimal(1))}, found {FIGURES['3']}",
            id="figures are wrong",
        ),
        pytest.param(
            replace(GOOD, charts={}),
            "values in the chart of report 3: expected 31, found none",
            id="a chart is missing",
        ),
        pytest.param(
            replace(GOOD, charts={"3": 30}),
            "values in the chart of report 3: expected 31, found 30",
            id="a chart lacks a value",
        ),
        pytest.param(
            replace(GOOD, charts={"3": 31, "4": 31}),
            "values in the chart of report 4: expected none, found 31",
            id="a chart too many",
        ),
        pytest.param(
            replace(GOOD, old_chart=True),
            "the old chart has not been deleted",
            id="the old chart is there",
        ),
    ],
)
def test_a_discrepancy_is_told(facts: Facts, expected: str) -> None:
    """Exactly this one, in words that say where to look."""
    assert verify(facts) == [expected]


def test_many_discrepancies_are_told_in_few_lines() -> None:
    """The first ones are spelt out, the rest counted."""
    strays = {f"stray {number}": 1 for number in range(100)}
    lines = verify(replace(GOOD, messages={**GOOD.messages, **strays}))
    assert len(lines) == SHOWN + 1
    assert lines[0] == "messages stray 0: expected none, found 1"
    assert lines[-1] == f"messages {100 - SHOWN} more: likewise"
