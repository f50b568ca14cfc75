"""The memory of a worker over millions of jobs."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.scale.fill import holding
from benchmarks.subject import JOBGEN

_MOMENTS: Final = tuple(f"MB at {percent} %" for percent in (0, 20, 40, 60, 80, 100))


def measure(bench: Bench, jobs: int) -> Measure:
    """Once."""
    return Measure(
        name="memory",
        title="Memory of a worker",
        how=f"Resident memory while {jobs:,} jobs are drained, once.",
        figures=_MOMENTS,
        cases=(Case(label=JOBGEN.label, sample=partial(_sample, bench, jobs)),),
        rounds=1,
    )


def _sample(bench: Bench, jobs: int) -> Sample:
    with (
        holding(bench, JOBGEN, ready=jobs) as database,
        bench.process(JOBGEN) as process,
    ):
        answer = process.ask("drain", dsn=database.url, count=jobs, pause=0)
    memory: list[int] = answer["memory"]
    return {name: at / 1e6 for name, at in zip(_MOMENTS, memory, strict=True)}
