"""The same drain while another session, such as a backup, holds an old snapshot.

Rows that are finished cannot be cleaned up then, and a fetch may have to walk over
all of them.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.drain import SPEED, drained
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN, Subject

KEPT: Final = "last fifth ÷ first fifth"
FREE: Final = "jobgen, none held"


def measure(bench: Bench) -> Measure:
    """jobgen also without the snapshot, on as many jobs."""
    counts = bench.sizes.snapshot
    held = [
        Case(label=subject.label, sample=partial(_speed, bench, subject, count, True))
        for subject, count in counts.items()
        if bench.can_run(subject)
    ]
    free = Case(
        label=FREE, sample=partial(_speed, bench, JOBGEN, counts[JOBGEN], False)
    )
    return Measure(
        name="snapshot",
        title="Drain with an old snapshot held",
        how="As above, while a session holds a snapshot from before the first job;"
        f" jobgen {counts[JOBGEN]:,} jobs.",
        figures=(SPEED, KEPT),
        cases=(free, *held),
    )


def _speed(bench: Bench, subject: Subject, count: int, held: bool) -> Sample:
    answer = drained(bench, subject, count, held=held)
    times: list[float] = answer["times"]
    kept = (times[1] - times[0]) / (times[-1] - times[-2])
    return {SPEED: count / answer["seconds"], KEPT: kept}
