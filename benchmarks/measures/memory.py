"""The memory of a worker over a long drain."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.drain import drained
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN

START: Final = "MB at 20 %"
MIDDLE: Final = "MB at 60 %"
END: Final = "MB at 100 %"
_MB: Final = 1_000_000


def measure(bench: Bench) -> Measure:
    """Once: the drain itself is long."""
    count = bench.sizes.memory
    return Measure(
        name="memory",
        title="Memory of a worker",
        how=f"Resident memory while {count:,} jobs are drained, once.",
        figures=(START, MIDDLE, END),
        cases=(Case(label=JOBGEN.label, sample=partial(_sample, bench, count)),),
        rounds=1,
    )


def _sample(bench: Bench, count: int) -> Sample:
    memory: list[int] = drained(bench, JOBGEN, count)["memory"]
    fifths = {START: memory[1], MIDDLE: memory[3], END: memory[5]}
    return {name: at / _MB for name, at in fifths.items()}
