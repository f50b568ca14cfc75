"""One module for each thing that is measured; `ALL` in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures import (
    crowd,
    drain,
    enqueue,
    idle,
    memory,
    scheduled,
    snapshot,
    steady,
    wake,
)
from benchmarks.rounds import Measure

ALL: Final[Mapping[str, Callable[[Bench], Measure]]] = {
    "drain": drain.measure,
    "snapshot": snapshot.measure,
    "bulk": enqueue.bulk,
    "single": enqueue.single,
    "crowd": crowd.measure,
    "wake": wake.measure,
    "scheduled": scheduled.measure,
    "steady": steady.measure,
    "idle": idle.measure,
    "memory": memory.measure,
}
