"""How long an idle worker takes to run a job, from the commit on."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.percentiles import percentile
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN_DEFAULT, PEERS, RAW, Subject
from benchmarks.working import working

P50: Final = "p50 ms"
P99: Final = "p99 ms"
_FROM_SENDING: Final = "p50 ms from sending COMMIT"
_PAUSE: Final = 0.06
"""Seconds after each job: longer than any worker lingers."""


def measure(bench: Bench) -> Measure:
    """jobgen with its defaults beside the peers."""
    subjects = [each for each in (RAW, JOBGEN_DEFAULT, *PEERS) if bench.can_run(each)]
    return Measure(
        name="wake",
        title="Wake-up of an idle worker",
        how="From the answer to COMMIT until the handler runs, in another process; a job"
        f" every {_PAUSE * 1000:.0f} ms. In the last column from before COMMIT was sent:"
        " the flush to disk, which every queue waits for, is in it.",
        figures=(P50, P99, _FROM_SENDING),
        cases=tuple(
            Case(label=each.label, sample=partial(_sample, bench, each))
            for each in subjects
        ),
    )


def _sample(bench: Bench, subject: Subject) -> Sample:
    with working(bench, subject) as found:
        answer = found.producer.ask(
            "wake",
            dsn=found.database.url,
            count=bench.sizes.wakes,
            pause=_PAUSE,
        )
    times = found.milliseconds(answer["answered"])
    return {
        P50: percentile(times, 50),
        P99: percentile(times, 99),
        _FROM_SENDING: percentile(found.milliseconds(answer["sent"]), 50),
    }
