"""The table at the end: what became of the jobs, how fast, and how late."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg
from psycopg.rows import class_row

from examples.demo.tables import TABLES

_OUTCOME: LiteralString = """
    SELECT
        count(*) FILTER (WHERE status = 'job_status_succeeded') AS succeeded,
        count(*) FILTER (WHERE attempts_count > 1) AS retried,
        count(*) FILTER (WHERE status = 'job_status_failed') AS failed,
        count(*) FILTER (WHERE status = 'job_status_timed_out') AS timed_out,
        count(*) FILTER (WHERE id::text = ANY(%s)) AS rescued,
        count(*)::float8
            / nullif(count(DISTINCT date_trunc('second', updated_at)), 0) AS rate,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY latency) AS p50,
        percentile_cont(0.99) WITHIN GROUP (ORDER BY latency) AS p99
    FROM (
        SELECT *, extract(epoch FROM updated_at - run_at)::float8 AS latency
        FROM """

_HEADS: Final = (
    *("job", "succeeded", "retried", "failed", "timed out", "rescued"),
    *("jobs/s", "p50", "p99"),
)

NOTES: Final = """\
retried: more than one attempt · rescued: taken from the killed worker
jobs/s: over the seconds in which one finished · p50, p99: from run_at to the end"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One line of the table; latencies in seconds, None where no row is left."""

    succeeded: int
    retried: int
    failed: int
    timed_out: int
    rescued: int
    rate: float | None
    p50: float | None
    p99: float | None


def outcomes(
    conn: psycopg.Connection[object], lost: Mapping[str, Set[str]]
) -> dict[str, Outcome]:
    """What became of the rows of each table, by the name of the job.

    `lost` are the ids of those that a dead worker had in its hands.
    """
    with conn.cursor(row_factory=class_row(Outcome)) as cursor:
        return {
            job: cursor.execute(
                _OUTCOME + table + ") AS row", [list(lost[job])]
            ).fetchall()[0]
            for job, table in TABLES.items()
        }


def table(outcomes: Mapping[str, Outcome], enqueued: Mapping[str, int]) -> str:
    """The table as text."""
    lines = [
        _HEADS,
        *(_cells(job, outcome, enqueued[job]) for job, outcome in outcomes.items()),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _cells(job: str, outcome: Outcome, enqueued: int) -> tuple[str, ...]:
    # A job with `on_success: delete` has no row any more to tell of its success.
    deleted = enqueued - outcome.succeeded - outcome.failed - outcome.timed_out
    return (
        job,
        f"{outcome.succeeded + deleted:,}",
        *map(
            str, (outcome.retried, outcome.failed, outcome.timed_out, outcome.rescued)
        ),
        "–" if outcome.rate is None else f"{outcome.rate:,.0f}",
        _seconds(outcome.p50),
        _seconds(outcome.p99),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if index == 0 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(["", first, *rest])


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"
