"""Renders reports: queries the orders of a period and draws a chart of them.

The figures and the success of the job are committed together: whoever reads
`report_figures` finds those of succeeded jobs and no others. The file cannot be
part of the transaction; it is in place before the commit, and a second attempt
replaces it under the same name.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.range import Range

import generated_example as jobs
from examples.chart import Bar, Chart, draw
from jobgen.runtime import Cancel

_RECORD: LiteralString = """
    INSERT INTO report_figures (report_id, starts_at, orders, total)
    SELECT
        %(report_id)s, bucket.starts_at, count(orders.id), coalesce(sum(amount), 0)
    FROM generate_series(
            %(lower)s::timestamptz,
            %(upper)s::timestamptz - interval '1 microsecond',
            %(bucket)s::interval
        ) AS bucket (starts_at)
        LEFT JOIN orders
            ON ordered_at >= bucket.starts_at
            AND ordered_at < least(
                bucket.starts_at + %(bucket)s::interval, %(upper)s::timestamptz
            )
    GROUP BY bucket.starts_at
    RETURNING starts_at, total
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What happened in one bucket of the period."""

    starts_at: datetime
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Draws from the database `dsn` into the directory `charts`."""

    dsn: str
    charts: Path

    async def render(self, job: jobs.RenderReportJob) -> Cancel | None:
        """Handle one `render_report` job."""
        bounds = _bounds(job.period)
        if bounds is None or not job.bucket:
            return Cancel("a report needs a period that begins and ends, and a bucket")
        async with (
            await AsyncConnection.connect(self.dsn) as conn,
            conn.transaction(),
        ):
            figures = await record(conn, job, *bounds)
            svg = draw(chart_of(job, figures, *bounds))
            await asyncio.to_thread(_replace, chart_file(self.charts, job.id), svg)
            if await jobs.aio.render_report.succeed(conn, job) is None:
                # Too late: a later attempt owns the row, and the figures.
                raise psycopg.Rollback
        return None


async def record(
    conn: AsyncConnection[object],
    job: jobs.RenderReportJob,
    lower: datetime,
    upper: datetime,
) -> list[Figure]:
    """Write down the figures of the job's period; in order of time."""
    parameters = {
        "report_id": job.id,
        "lower": lower,
        "upper": upper,
        "bucket": job.bucket,
    }
    cursor = conn.cursor(row_factory=class_row(Figure))
    await cursor.execute(_RECORD, parameters)
    return sorted(await cursor.fetchall(), key=lambda figure: figure.starts_at)


def chart_of(
    job: jobs.RenderReportJob, figures: list[Figure], lower: datetime, upper: datetime
) -> Chart:
    """What to draw for a job whose period begins at `lower` and ends before `upper`."""
    total = sum((figure.total for figure in figures), Decimal())
    last_day = upper - timedelta(days=1)
    parts = [f"{lower:%-d %b %Y} to {last_day:%-d %b %Y}"]
    parts.append(f"total {total:,.2f}")
    if job.due_on is not None:
        parts.append(f"due on {job.due_on:%-d %b %Y}")
    return Chart(
        title=job.title,
        subtitle=" · ".join(parts),
        bars=tuple(
            Bar(label=f"{figure.starts_at.astimezone(UTC):%-d %b}", value=figure.total)
            for figure in figures
        ),
        target=job.target,
        style=job.style,
        width=job.width,
    )


def chart_file(charts: Path, report_id: int) -> Path:
    """Where the chart of a report is, for all of its attempts."""
    return charts / f"report-{report_id}.svg"


def _bounds(period: Range[date]) -> tuple[datetime, datetime] | None:
    """From the first moment of the period to the first one after it, in UTC."""
    if period.lower is None or period.upper is None:
        return None
    return (
        datetime.combine(period.lower, time(), UTC),
        datetime.combine(period.upper, time(), UTC),
    )


def _replace(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
