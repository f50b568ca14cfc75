"""The attempts in hand: rows that wait for a slot, and handlers that run.

An attempt is here from its fetch until its result is written and its handler has
returned. Its slot is taken from the handler's start to its return.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from jobgen.runtime.acknowledge import Unwritten
from jobgen.runtime.decide import (
    Acknowledgement,
    Ending,
    Fail,
    GiveBack,
    Overran,
    decide,
)
from jobgen.runtime.execute import Execution
from jobgen.runtime.handlers import Attempt, Bound
from jobgen.runtime.job import Fence
from jobgen.runtime.log import LOGGER
from jobgen.runtime.pace import Pace
from jobgen.runtime.results import Result, Results, Written
from jobgen.runtime.slots import Slots
from jobgen.runtime.stats import Stats
from jobgen.runtime.status import JobStatus

_WORTH_A_LINE: Final = frozenset(
    {JobStatus.FAILED, JobStatus.TIMED_OUT, Unwritten.REFUSED}
)


class _Running:
    """An attempt whose handler was started; over when returned and written."""

    __slots__ = ("bound", "execution", "fence", "overran", "timer", "written")

    def __init__(self, bound: Bound, attempt: Attempt) -> None:
        self.bound = bound
        self.fence = attempt.fence
        self.execution = Execution(attempt, is_async=bound.is_async)
        self.timer: asyncio.TimerHandle | None = None
        self.overran = False
        self.written = False

    @property
    def returned(self) -> bool:
        return self.execution.task.done()


class _Queue:
    """The rows of one job that wait for a slot."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.waiting: deque[Attempt] = deque()
        self.pace = Pace()


class Attempts:
    """The attempts of one worker; `on_free` is called when it may take more rows."""

    def __init__(
        self,
        results: Results,
        bound: Iterable[Bound],
        slots: Slots,
        stats: Stats,
        on_free: Callable[[], None],
    ) -> None:
        self._results = results
        self._slots = slots
        self._stats = stats
        self._on_free = on_free
        self._queues = {each.job.name: _Queue(each) for each in bound}
        # Under a limit of the process, a row that waits would wait for other jobs.
        self._goes_ahead = slots.limit is None or len(self._queues) == 1
        self._running: set[_Running] = set()
        self._given_back: set[Fence] = set()
        self._over = asyncio.Event()

    def __len__(self) -> int:
        waiting = sum(len(queue.waiting) for queue in self._queues.values())
        return len(self._running) + len(self._given_back) + waiting

    @property
    def fences(self) -> frozenset[Fence]:
        """The rows that are in hand."""
        running = {running.fence for running in self._running}
        waiting = {
            attempt.fence
            for queue in self._queues.values()
            for attempt in queue.waiting
        }
        return frozenset(running | waiting | self._given_back)

    def wanted(self, bound: Bound) -> int:
        """How many rows of the job to fetch now."""
        queue = self._queues[bound.job.name]
        ahead = queue.pace.ahead() if self._goes_ahead else 0
        room = self._slots.free(bound) + ahead
        wanted = room - len(queue.waiting)
        # Few rows in each of many fetches cost more than many in few.
        return 0 if queue.waiting and 2 * wanted < room else max(wanted, 0)

    def add(self, bound: Bound, attempts: Iterable[Attempt]) -> None:
        """Run the handlers of fetched rows, as slots become free."""
        queue = self._queues[bound.job.name]
        before = len(queue.waiting)
        queue.waiting.extend(attempts)
        self._stats.fetched += len(queue.waiting) - before
        self._fill(queue)

    async def ended(self) -> None:
        """Return when there is no attempt left."""
        while self:
            self._over.clear()
            await self._over.wait()

    def give_back_waiting(self) -> None:
        """Give back the rows whose handlers have not started."""
        for queue in self._queues.values():
            while queue.waiting:
                fence = queue.waiting.popleft().fence
                self._given_back.add(fence)
                self._write(queue.bound, fence, GiveBack(), self._gave_back(fence))

    def interrupt(self, *, threads: bool) -> None:
        """Stop the handlers, and give their rows back.

        A thread goes on all the same. threads: give its row back nevertheless, as
        when the process is about to end; otherwise it stays until it returns.
        """
        self.give_back_waiting()
        for running in self._running:
            running.execution.interrupt(threads=threads)

    def forget(self) -> None:
        """Nothing that is unwritten now will be written."""
        for running in self._running:
            running.execution.task.cancel()
        self._running.clear()
        self._given_back.clear()

    def _fill(self, queue: _Queue) -> None:
        while queue.waiting and self._slots.free(queue.bound) > 0:
            self._start(queue, queue.waiting.popleft())

    def _start(self, queue: _Queue, attempt: Attempt) -> None:
        bound = queue.bound
        self._slots.take(bound)
        running = _Running(bound, attempt)
        self._running.add(running)
        timeout = bound.job.policy.timeout
        if timeout is not None:
            loop = asyncio.get_running_loop()
            running.timer = loop.call_later(
                timeout.total_seconds(), self._time_is_up, running
            )
        running.execution.task.add_done_callback(
            lambda _: self._returned(queue, running)
        )

    def _time_is_up(self, running: _Running) -> None:
        if not running.returned:
            running.overran = True
            running.execution.overrun()
            self._acknowledge(running, Overran())

    def _returned(self, queue: _Queue, running: _Running) -> None:
        if running.timer is not None:
            running.timer.cancel()
        self._slots.give(queue.bound)
        if running not in self._running:
            return  # forgotten
        queue.pace.finished()
        if not running.overran:
            self._acknowledge(running, running.execution.ending)
        self._fill(queue)
        self._on_free()
        self._end_if_over(running)

    def _acknowledge(self, running: _Running, ending: Ending) -> None:
        def written(written: Written) -> None:
            running.written = True
            if not running.returned:
                self._stats.overrunning += 1
            self._count(running.bound, running.fence, written)
            self._end_if_over(running)

        self._write(running.bound, running.fence, _decided(ending), written)

    def _gave_back(self, fence: Fence) -> Callable[[Written], None]:
        def written(written: Written) -> None:
            _count(self._stats, written)
            self._given_back.discard(fence)
            self._tell_if_none()

        return written

    def _write(
        self,
        bound: Bound,
        fence: Fence,
        acknowledgement: Acknowledgement,
        on_written: Callable[[Written], None],
    ) -> None:
        job = bound.job
        self._results.write(
            Result(job.name, job.statements, fence, acknowledgement, on_written)
        )

    def _end_if_over(self, running: _Running) -> None:
        if running.written and running.returned:
            self._running.discard(running)
            self._on_free()
            self._tell_if_none()

    def _tell_if_none(self) -> None:
        if not self:
            self._over.set()

    def _count(self, bound: Bound, fence: Fence, written: Written) -> None:
        _count(self._stats, written)
        if written in _WORTH_A_LINE:
            LOGGER.warning(
                "%s %s, attempt %d: %s",
                bound.job.name,
                fence.id,
                fence.attempts_count,
                written.value,
            )


def _decided(ending: Ending) -> Acknowledgement:
    try:
        return decide(ending)
    except BaseException as error:  # the text of a Cancel's reason may do anything
        return Fail(error)


def _count(stats: Stats, written: Written) -> None:
    match written:
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
