"""How late scheduled jobs run."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.dialogue import VoidError
from benchmarks.measures.wake import P50, P99
from benchmarks.percentiles import percentile
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import Subject
from benchmarks.working import working

_APART: Final = 0.02
"""Seconds between two jobs."""


def measure(bench: Bench) -> Measure:
    """jobgen with its defaults beside the peers that the sizes name."""
    return Measure(
        name="scheduled",
        title="Lateness of scheduled jobs",
        how=f"Jobs that are due one after the other, {1000 * _APART:.0f} ms apart; from"
        " the moment they are due until the handler runs.",
        figures=(P50, P99),
        cases=tuple(
            Case(label=each.label, sample=partial(_sample, bench, each, count))
            for each, count in bench.sizes.scheduled.items()
            if bench.can_run(each)
        ),
    )


def _sample(bench: Bench, subject: Subject, count: int) -> Sample:
    with working(bench, subject) as found:
        answer = found.producer.ask(
            "schedule",
            dsn=found.database.url,
            count=count,
            seconds=count * _APART,
            after=1 + count / 150,  # Enough to enqueue them all before.
        )
    if answer["late"]:
        raise VoidError("the jobs were not enqueued before the first was due")
    due: list[int] = answer["due"]
    times = found.lateness(enumerate(due))
    return {P50: percentile(times, 50), P99: percentile(times, 99)}
