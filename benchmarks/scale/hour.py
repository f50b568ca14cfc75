"""A long steady load: latencies, and what becomes of the table and its indexes."""

from __future__ import annotations

from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.steady import P999
from benchmarks.measures.wake import P50, P99
from benchmarks.percentiles import percentile
from benchmarks.rounds import Measured, Row
from benchmarks.server import Database
from benchmarks.subject import JOBGEN_DEFAULT
from benchmarks.working import working

_SIZES: Final = """
SELECT
    pg_relation_size('public.mail_jobs') / 1e6 AS "table MB",
    pg_relation_size('public.mail_jobs_ready') / 1e6 AS "ready index MB",
    pg_relation_size('public.mail_jobs_running') / 1e6 AS "running index MB",
    (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'mail_jobs')
        AS "dead rows"
"""
_COLUMNS: Final = ("table MB", "ready index MB", "running index MB", "dead rows")


def measured(bench: Bench, *, seconds: float, rate: float, window: float) -> Measured:
    """`rate` jobs a second for so long; a row for each window."""
    windows: list[list[tuple[int, int]]] = []
    sizes: list[dict[str, float]] = []
    with working(bench, JOBGEN_DEFAULT) as found:
        sent = 0
        while len(windows) * window < seconds:
            answer = found.producer.ask(
                "steady", dsn=found.database.url, rate=rate, seconds=window, first=sent
            )
            windows.append(answer["sent"])
            sent += len(windows[-1])
            sizes.append(_sizes(found.database))
    rows = tuple(
        Row(label=_label(number, window), samples=(_latencies(times) | size,), voids=())
        for number, (times, size) in enumerate(
            zip(map(found.milliseconds, windows), sizes, strict=True)
        )
    )
    return Measured(
        name="hour",
        title=f"{rate:,.0f} jobs a second for {seconds:,.0f} s",
        how="Default settings, finished rows are kept; latencies as under steady load.",
        figures=(P50, P99, P999, *_COLUMNS),
        rows=rows,
    )


def _label(number: int, window: float) -> str:
    return f"until {(number + 1) * window:,.0f} s"


def _latencies(times: list[float]) -> dict[str, float]:
    return {
        P50: percentile(times, 50),
        P99: percentile(times, 99),
        P999: percentile(times, 99.9),
    }


def _sizes(database: Database) -> dict[str, float]:
    with database.connect() as conn:
        row = conn.execute(_SIZES).fetchone()
    assert row is not None
    return {name: float(value) for name, value in zip(_COLUMNS, row, strict=True)}
