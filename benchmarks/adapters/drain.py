"""Working through a full queue, with a look at the clock at every fifth."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Protocol

from benchmarks.adapters.adapter import NewT, Queue, RowT
from benchmarks.adapters.process import Answer

_FIFTHS: Final = 5
_LOOK: Final = 0.005
"""Seconds between looks at the table, once every handler has run."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Progress:
    """Counts handlers; `times` and `memory` are of the first one and of each fifth.

    times: seconds on a monotonic clock. memory: resident bytes of this process.
    """

    count: int
    done: asyncio.Event = field(default_factory=asyncio.Event)
    times: list[float] = field(default_factory=list[float])
    memory: list[int] = field(default_factory=list[int])
    _seen: int = 0
    _next: int = 1

    def step(self, job: object) -> None:
        """A handler has started."""
        del job
        self._seen += 1
        if self._seen >= self._next:
            self._mark()

    def advance(self, handled: int) -> None:
        """`handled` handlers have run since the last call."""
        self._seen += handled
        if self._seen >= self._next:
            self._mark()

    def _mark(self) -> None:
        self.times.append(time.perf_counter())
        self.memory.append(resident())
        if self._seen >= self.count:
            self.done.set()
        self._next = self.count * len(self.times) // _FIFTHS


@dataclass(frozen=True, slots=True)
class Drained:
    """seconds: from the first handler until the table shows every job as finished."""

    seconds: float
    times: list[float]
    memory: list[int]

    @property
    def answer(self) -> Answer:
        return asdict(self)


class Unfinished(Protocol):
    """Who knows whether there is a job that is not finished."""

    async def unfinished(self, dsn: str) -> bool: ...


async def by_worker(queue: Queue[NewT, RowT], arguments: Mapping[str, str]) -> Answer:
    """Let a worker finish `count` jobs, with handlers that sleep `pause` seconds."""
    dsn = arguments["dsn"]
    progress = Progress(int(arguments["count"]))
    async with queue.worker(dsn, progress.step, float(arguments["pause"])):
        await progress.done.wait()
        return await finished(queue, dsn, progress)


async def some(queue: Queue[NewT, RowT], arguments: Mapping[str, str]) -> Answer:
    """Let a worker run the first `count` of many more jobs: from the first to the last."""
    progress = Progress(int(arguments["count"]))
    async with queue.worker(arguments["dsn"], progress.step, 0):
        await progress.done.wait()
    return {"seconds": progress.times[-1] - progress.times[0]}


async def finished(queue: Unfinished, dsn: str, progress: Progress) -> Answer:
    """Wait until the table shows what the handlers did.

    Without the look that finds it so: where finished jobs stay, it reads all of them.
    """
    while True:
        looked = time.perf_counter()
        if not await queue.unfinished(dsn):
            break
        await asyncio.sleep(_LOOK)
    seconds = looked - progress.times[0]
    return Drained(seconds, progress.times, progress.memory).answer


def resident() -> int:
    """How many bytes of this process are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
