"""The attempts that run now: handlers started, timed, interrupted, their ends written.

An attempt is here from its fetch until its result is written and its handler has
returned; its slot is taken for as long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jobgen.runtime.acknowledge import Unwritten, acknowledge
from jobgen.runtime.decide import Acknowledgement, Ending, Fail, Overran, decide
from jobgen.runtime.execute import Execution
from jobgen.runtime.handlers import Attempt, Bound
from jobgen.runtime.job import Fence
from jobgen.runtime.link import Link
from jobgen.runtime.log import LOGGER
from jobgen.runtime.slots import Slots
from jobgen.runtime.stats import Stats
from jobgen.runtime.status import JobStatus

_WORTH_A_LINE: Final = frozenset(
    {JobStatus.FAILED, JobStatus.TIMED_OUT, Unwritten.REFUSED}
)


@dataclass(frozen=True, slots=True)
class _Running:
    fence: Fence
    execution: Execution


class Attempts:
    """The attempts of one worker; `on_finished` is called at each one's end."""

    def __init__(
        self,
        results: Link,
        slots: Slots,
        stats: Stats,
        on_finished: Callable[[], None],
    ) -> None:
        self._results = results
        self._slots = slots
        self._stats = stats
        self._on_finished = on_finished
        self._running: dict[asyncio.Task[None], _Running] = {}

    def __len__(self) -> int:
        return len(self._running)

    @property
    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """One for each attempt, done when it is over; cancelling writes nothing."""
        return tuple(self._running)

    @property
    def fences(self) -> frozenset[Fence]:
        """The rows that are in hand."""
        return frozenset(running.fence for running in self._running.values())

    def start(self, bound: Bound, attempt: Attempt) -> None:
        """Run the handler of a fetched row."""
        self._stats.fetched += 1
        self._slots.take(bound)
        execution = Execution(attempt, is_async=bound.is_async)
        task = asyncio.create_task(self._attempt(bound, attempt.fence, execution))
        self._running[task] = _Running(attempt.fence, execution)
        task.add_done_callback(lambda done: self._finished(bound, done))

    def interrupt(self, *, threads: bool) -> None:
        """Stop the handlers, and give their rows back.

        A thread goes on all the same. threads: give its row back nevertheless, as
        when the process is about to end; otherwise it stays until it returns.
        """
        for running in self._running.values():
            running.execution.interrupt(threads=threads)

    def _finished(self, bound: Bound, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._slots.give(bound)
        self._on_finished()
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("%s: attempt lost", bound.job.name, exc_info=error)

    async def _attempt(self, bound: Bound, fence: Fence, execution: Execution) -> None:
        timeout = bound.job.policy.timeout
        handler = execution.task
        done, _ = await asyncio.wait(
            {handler}, timeout=timeout.total_seconds() if timeout else None
        )
        ending = execution.ending if done else Overran()
        if not done:
            execution.overrun()
        result = await acknowledge(
            self._results,
            bound.job.name,
            bound.job.statements,
            fence,
            _decided(ending),
        )
        _count(self._stats, result)
        if result in _WORTH_A_LINE:
            LOGGER.warning(
                "%s %s, attempt %d: %s",
                bound.job.name,
                fence.id,
                fence.attempts_count,
                result.value,
            )
        if not handler.done():
            self._stats.overrunning += 1
            await asyncio.wait({handler})


def _decided(ending: Ending) -> Acknowledgement:
    try:
        return decide(ending)
    except Exception as error:  # the text of a Cancel's reason may fail
        return Fail(error)


def _count(stats: Stats, result: JobStatus | Unwritten) -> None:
    match result:
        case JobStatus.SUCCEEDED:
            stats.succeeded += 1
        case JobStatus.RETRY:
            stats.retried += 1
        case JobStatus.NOT_STARTED:
            stats.given_back += 1
        case JobStatus.FAILED:
            stats.failed += 1
        case JobStatus.TIMED_OUT:
            stats.timed_out += 1
        case Unwritten.COMPLETED:
            stats.completed_by_handler += 1
        case _:
            stats.refused += 1
