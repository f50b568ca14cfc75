"""Latency under a steady load: a producer and a worker together."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.drain import SPEED, speed
from benchmarks.measures.wake import P50, P99
from benchmarks.percentiles import percentile
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN, PEERS, RAW, Subject
from benchmarks.working import working

P999: Final = "p99.9 ms"


def measure(bench: Bench) -> Measure:
    """Each at half of its own speed, which is measured first."""
    subjects = [
        each
        for each in (RAW, JOBGEN, *PEERS)
        if bench.can_run(each) and each in bench.sizes.snapshot
    ]
    rates: dict[str, float] = {}
    return Measure(
        name="steady",
        title="Steady load",
        how="Jobs in bulks every 10 ms, at half of the speed of a drain just before; from"
        " just before they are sent until the handler runs.",
        figures=(SPEED, P50, P99, P999),
        cases=tuple(
            Case(label=each.label, sample=partial(_sample, bench, each, rates))
            for each in subjects
        ),
    )


def _sample(bench: Bench, subject: Subject, rates: dict[str, float]) -> Sample:
    if subject.label not in rates:
        peak = speed(bench, subject, bench.sizes.drained[subject])[SPEED]
        rates[subject.label] = peak / 2
    with working(bench, subject) as found:
        answer = found.producer.ask(
            "steady",
            dsn=found.database.url,
            rate=rates[subject.label],
            first=0,
            seconds=bench.sizes.steady,
        )
    times = found.milliseconds(answer["sent"])
    return {
        SPEED: len(times) / bench.sizes.steady,
        P50: percentile(times, 50),
        P99: percentile(times, 99),
        P999: percentile(times, 99.9),
    }
