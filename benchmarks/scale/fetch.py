"""Whether a worker slows down with what lies in the table."""

from __future__ import annotations

import statistics
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.drain import SPEED
from benchmarks.rounds import Case, Measure, Measured, Sample
from benchmarks.scale.fill import holding
from benchmarks.server import Database
from benchmarks.subject import JOBGEN

SMALL: Final = "10,000 ready, nothing else"
_SMALL: Final = 10_000
_TAKEN: Final = 9_000
"""Jobs that are run of either table: before the small one is empty."""


@contextmanager
def measuring(bench: Bench, *, ready: int, finished: int) -> Generator[Measure]:
    """The large table is filled once: a round takes a hundredth of it."""
    large = f"{ready:,} ready, {finished:,} finished"
    with holding(bench, JOBGEN, ready=ready, finished=finished) as database:
        yield Measure(
            name="fetch",
            title="A large table",
            how=f"The first {_TAKEN:,} jobs, from the first handler to the last.",
            figures=(SPEED,),
            cases=(
                Case(label=SMALL, sample=partial(_small, bench)),
                Case(label=large, sample=partial(_taken, bench, database)),
            ),
        )


def verdict(measured: Measured) -> str:
    """The large table to the small one, round by round."""
    _, large = measured.rows
    ratios = measured.ratios(large.label, SMALL, SPEED)
    if not ratios:
        return "Large ÷ small: not measured\n"
    return f"Large ÷ small: {statistics.median(ratios):.2f} (goal: ≥ 0.85)\n"


def _small(bench: Bench) -> Sample:
    with holding(bench, JOBGEN, ready=_SMALL) as database:
        return _taken(bench, database)


def _taken(bench: Bench, database: Database) -> Sample:
    with bench.process(JOBGEN) as process:
        answer = process.ask("take", dsn=database.url, count=_TAKEN)
    return {SPEED: _TAKEN / answer["seconds"]}
