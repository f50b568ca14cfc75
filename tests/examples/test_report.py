"""A report's figures, chart and success come together or not at all."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from psycopg.types.range import Range

import generated_example as jobs
from examples.report import Reporter, chart_file
from jobgen.runtime import Cancel
from tests.examples.conftest import Shop

SVG = "{http://www.w3.org/2000/svg}"
MAY = Range(date(2026, 5, 1), date(2026, 5, 4))


@pytest.fixture
def reporter(shop: Shop, tmp_path: Path) -> Reporter:
    orders = [
        (datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC), 100),
        (datetime(2026, 5, 1, tzinfo=UTC), 10),
        (datetime(2026, 5, 1, 12, tzinfo=UTC), 5),
        (datetime(2026, 5, 3, 23, 59, 59, tzinfo=UTC), 7),
        (datetime(2026, 5, 4, tzinfo=UTC), 100),
    ]
    with shop.conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO orders (ordered_at, email, amount) VALUES (%s, 'a@b', %s)",
            orders,
        )
    return Reporter(dsn=shop.dsn, charts=tmp_path / "charts")


def _fetched(shop: Shop, new: jobs.RenderReport) -> jobs.RenderReportJob:
    jobs.render_report.enqueue(shop.conn, new)
    job = jobs.render_report.fetch(shop.conn, shop.worker)
    assert job is not None
    return job


def _figures(shop: Shop) -> list[tuple[object, ...]]:
    query = "SELECT orders, total FROM report_figures ORDER BY starts_at"
    return shop.conn.execute(query).fetchall()


def _status(shop: Shop, job: jobs.RenderReportJob) -> str:
    query = "SELECT status::text FROM render_report_jobs WHERE id = %s"
    [(status,)] = shop.conn.execute(query, [job.id]).fetchall()
    return str(status)


def test_a_report_finishes_its_own_job(shop: Shop, reporter: Reporter) -> None:
    """The figures are those of the period, days without orders among them."""
    job = _fetched(shop, jobs.RenderReport(title="May", period=MAY))
    assert asyncio.run(reporter.render(job)) is None
    expected = [(2, Decimal("15.00")), (0, Decimal(0)), (1, Decimal("7.00"))]
    assert expected == _figures(shop)
    assert _status(shop, job) == "job_status_succeeded"


@pytest.mark.parametrize(
    ("style", "mark"),
    [(jobs.ReportStyle.BARS, "bar"), (jobs.ReportStyle.LINE, "dot")],
)
def test_a_chart_shows_every_figure(
    shop: Shop, reporter: Reporter, style: jobs.ReportStyle, mark: str
) -> None:
    """It is well-formed, titled and labelled, whatever the title has in it."""
    job = _fetched(
        shop,
        jobs.RenderReport(
            title="<May> & more",
            period=MAY,
            style=style,
            target=Decimal("12.50"),
            due_on=date(2026, 5, 9),
            width=1000,
        ),
    )
    asyncio.run(reporter.render(job))
    svg = ElementTree.parse(chart_file(reporter.charts, job.id)).getroot()
    texts = {element.text for element in svg.iter(f"{SVG}text")}
    assert {"<May> & more", "1 May", "3 May", "target 12.50"} <= texts
    subtitle = "1 May 2026 to 3 May 2026 · total 22.00 · due on 9 May 2026"
    assert svg.findtext(f"{SVG}desc") == subtitle
    marks = [shape for shape in svg.iter() if shape.get("class") == mark]
    assert [shape.findtext(f"{SVG}title") for shape in marks] == [
        "1 May: 15.00",
        "2 May: 0.00",
        "3 May: 7.00",
    ]
    assert svg.get("width") == "1000"


def test_an_attempt_that_lost_its_row_records_nothing(
    shop: Shop, reporter: Reporter
) -> None:
    """Its figures are rolled back: they belong to the attempt that owns the row."""
    job = _fetched(shop, jobs.RenderReport(title="May", period=MAY))
    late = replace(job, attempts_count=job.attempts_count - 1)
    asyncio.run(reporter.render(late))
    assert _figures(shop) == []
    assert _status(shop, job) == "job_status_running"
    asyncio.run(reporter.render(job))
    assert _status(shop, job) == "job_status_succeeded"


def test_a_chart_that_cannot_be_written_undoes_the_figures(
    shop: Shop, reporter: Reporter
) -> None:
    """Whatever fails before the commit, the job is still to be done."""
    reporter.charts.write_text("a file where the directory should be")
    job = _fetched(shop, jobs.RenderReport(title="May", period=MAY))
    with pytest.raises(FileExistsError):
        asyncio.run(reporter.render(job))
    assert _figures(shop) == []
    assert _status(shop, job) == "job_status_running"


def test_a_bucket_may_be_longer_than_what_is_left(
    shop: Shop, reporter: Reporter
) -> None:
    """The last one ends with the period."""
    new = jobs.RenderReport(title="May", period=MAY, bucket=timedelta(days=2))
    asyncio.run(reporter.render(_fetched(shop, new)))
    assert [(2, Decimal("15.00")), (1, Decimal("7.00"))] == _figures(shop)


@pytest.mark.parametrize(
    ("period", "bucket"),
    [
        (Range(date(2026, 5, 1), None), timedelta(days=1)),
        (Range[date](empty=True), timedelta(days=1)),
        (MAY, timedelta()),
    ],
)
def test_a_report_without_an_end_is_cancelled(
    shop: Shop, reporter: Reporter, period: Range[date], bucket: timedelta
) -> None:
    """No attempt could draw it."""
    job = _fetched(shop, jobs.RenderReport(title="?", period=period, bucket=bucket))
    assert isinstance(asyncio.run(reporter.render(job)), Cancel)
