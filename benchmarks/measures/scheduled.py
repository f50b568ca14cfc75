"""How late scheduled jobs run."""

from __future__ import annotations

from functools import partial

from benchmarks.bench import Bench
from benchmarks.dialogue import VoidError
from benchmarks.measures.wake import P50, P99
from benchmarks.percentiles import percentile
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN_DEFAULT, RAW, Subject
from benchmarks.working import working


def measure(bench: Bench) -> Measure:
    """jobgen with its defaults beside the peers that the sizes name."""
    count, seconds = bench.sizes.scheduled
    peers = [each for each in bench.sizes.latecomers if bench.can_run(each)]
    return Measure(
        name="scheduled",
        title="Lateness of scheduled jobs",
        how=f"{count} jobs, due one after the other within {seconds:g} s; from the"
        " moment they are due until the handler runs.",
        figures=(P50, P99),
        cases=tuple(
            Case(label=each.label, sample=partial(_sample, bench, each))
            for each in (RAW, JOBGEN_DEFAULT, *peers)
        ),
    )


def _sample(bench: Bench, subject: Subject) -> Sample:
    count, seconds = bench.sizes.scheduled
    with working(bench, subject) as found:
        answer = found.producer.ask(
            "schedule",
            dsn=found.database.url,
            count=count,
            seconds=seconds,
            after=1 + count / 150,  # Enough to enqueue them all before.
        )
    if answer["late"]:
        raise VoidError("the jobs were not enqueued before the first was due")
    due: list[int] = answer["due"]
    times = found.lateness(enumerate(due))
    return {P50: percentile(times, 50), P99: percentile(times, 99)}
