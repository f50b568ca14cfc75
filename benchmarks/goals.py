"""The ratios that jobgen promises itself, and what a run says of each.

A ratio is the median of those of the rounds: neighbours in time are compared, so
that a busy machine slows both.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.measures.crowd import ALWAYS, INSERTS, NEVER, WHEN_IDLE
from benchmarks.measures.drain import SPEED
from benchmarks.measures.enqueue import COPY, RAW_COPY, RAW_INSERT
from benchmarks.measures.idle import QUERIES
from benchmarks.measures.memory import END, START
from benchmarks.measures.snapshot import FREE, KEPT
from benchmarks.measures.wake import P50, P99
from benchmarks.results import Results
from benchmarks.subject import (
    JOBGEN,
    JOBGEN_DEFAULT,
    JOBGEN_MANY,
    PGQUEUER,
    RAW,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """value: what the run says, or None. at_least: else at most."""

    text: str
    bound: float
    value: Callable[[Results], float | None]
    at_least: bool = True

    def reached(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


def _ratio(
    measure: str, label: str, other: str, figure: str, results: Results
) -> float | None:
    measured = results.of(measure)
    ratios = measured.ratios(label, other, figure) if measured else []
    return statistics.median(ratios) if ratios else None


def _figure(measure: str, label: str, figure: str, results: Results) -> float | None:
    measured = results.of(measure)
    row = measured.row(label) if measured else None
    return row.median(figure) if row else None


def _growth(results: Results) -> float | None:
    start = _figure("memory", JOBGEN.label, START, results)
    end = _figure("memory", JOBGEN.label, END, results)
    return end / start if start and end else None


def _idle(results: Results) -> float | None:
    measured = results.of("idle")
    return measured.rows[0].median(QUERIES) if measured else None


_WAKE: Final = partial(_figure, "wake", JOBGEN_DEFAULT.label)
_LATE: Final = partial(_figure, "scheduled", JOBGEN_DEFAULT.label)

GOALS: Final = (
    Goal(
        text="drain ÷ pgqueuer",
        bound=4,
        value=partial(_ratio, "drain", JOBGEN.label, PGQUEUER.label, SPEED),
    ),
    Goal(
        text="drain ÷ raw loop",
        bound=0.8,
        value=partial(_ratio, "drain", JOBGEN.label, RAW.label, SPEED),
    ),
    Goal(
        text="drain with concurrency 16 ÷ pgqueuer",
        bound=2,
        value=partial(_ratio, "drain", JOBGEN_DEFAULT.label, PGQUEUER.label, SPEED),
    ),
    Goal(
        text="drain with an old snapshot held ÷ without",
        bound=0.75,
        value=partial(_ratio, "snapshot", JOBGEN.label, FREE, SPEED),
    ),
    Goal(
        text="the same, last fifth ÷ first fifth",
        bound=0.9,
        value=partial(_figure, "snapshot", JOBGEN.label, KEPT),
    ),
    Goal(
        text="enqueue_copy ÷ raw COPY",
        bound=0.65,
        value=partial(_ratio, "bulk", COPY, RAW_COPY, SPEED),
    ),
    Goal(
        text="enqueue_copy ÷ pgqueuer's bulk",
        bound=4,
        value=partial(_ratio, "bulk", COPY, PGQUEUER.label, SPEED),
    ),
    Goal(
        text="enqueue_many ÷ pgqueuer's bulk",
        bound=1.5,
        value=partial(_ratio, "bulk", JOBGEN_MANY.label, PGQUEUER.label, SPEED),
    ),
    Goal(
        text="enqueue ÷ raw INSERT … RETURNING",
        bound=0.9,
        value=partial(_ratio, "single", JOBGEN.label, RAW_INSERT, SPEED),
    ),
    Goal(
        text="32 connections, when_idle ÷ always",
        bound=4,
        value=partial(_ratio, "crowd", WHEN_IDLE, ALWAYS, INSERTS),
    ),
    Goal(
        text="32 connections, when_idle ÷ no trigger",
        bound=0.75,
        value=partial(_ratio, "crowd", WHEN_IDLE, NEVER, INSERTS),
    ),
    Goal(text="wake-up, p50 ms", bound=2, value=partial(_WAKE, P50), at_least=False),
    Goal(text="wake-up, p99 ms", bound=5, value=partial(_WAKE, P99), at_least=False),
    Goal(text="scheduled, p50 ms", bound=3, value=partial(_LATE, P50), at_least=False),
    Goal(text="scheduled, p99 ms", bound=10, value=partial(_LATE, P99), at_least=False),
    Goal(text="idle, 50 jobs, queries/s", bound=2, value=_idle, at_least=False),
    Goal(text="memory, end ÷ a fifth", bound=1.1, value=_growth, at_least=False),
)
