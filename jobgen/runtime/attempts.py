"""The attempts in hand: rows that wait for a slot, and handlers that run.

An attempt is here from its fetch until its result is written and its handler has
returned. Its slot is taken from the handler's start to its return.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from jobgen.runtime import tally
from jobgen.runtime.attempt import Attempt
from jobgen.runtime.decide import (
    ENDINGS,
    Acknowledgement,
    Ending,
    Fail,
    GiveBack,
    Overran,
    decide,
)
from jobgen.runtime.execute import NOTHING, Rest, begin
from jobgen.runtime.handlers import Bound
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.job import Fence
from jobgen.runtime.log import LOGGER
from jobgen.runtime.pace import Pace
from jobgen.runtime.results import Results, Written
from jobgen.runtime.stats import Stats
from jobgen.runtime.status import JobStatus
from jobgen.runtime.threads import Threads

_STUCK_SECONDS: Final = 0.25
"""How long rows wait for a slot while no handler returns, until others get them."""

_TOGETHER: Final = 500
"""Rows that are fetched at once even where they fill all the room there is."""

_BURST: Final = 100
"""Handlers started in one go, so that the loop's other work has its turn."""


class _Queue:
    """The attempts of one job."""

    def __init__(self, bound: Bound) -> None:
        timeout = bound.job.policy.timeout
        self.bound = bound
        self._concurrency = bound.job.policy.concurrency
        self.timeout = None if timeout is None else timeout.total_seconds()
        self.waiting: deque[Attempt] = deque()
        self.running: dict[Attempt, None] = {}
        """In the order of their starts, and so of their deadlines."""
        self.overrunning: set[Attempt] = set()
        self.pace = Pace(time.monotonic())
        self.timer: asyncio.TimerHandle | None = None
        self.look: asyncio.TimerHandle | None = None
        """Looks whether rows wait in vain."""
        self.lane: asyncio.Task[None] | None = None
        """Starts what waits; None once a handler has it for itself."""

    @property
    def free(self) -> int:
        """Slots of this job in which no handler runs."""
        return self._concurrency - len(self.running) - len(self.overrunning)


class Attempts:
    """The attempts of one worker.

    limit: handlers at once over all jobs. heartbeat: tells whether they are still its own.
    """

    on_free: Callable[[], None]
    """Called when there may be room for more rows; set by who fetches them."""

    def __init__(
        self,
        results: Results,
        bound: Iterable[Bound],
        limit: int | None,
        stats: Stats,
        heartbeat: Heartbeat,
    ) -> None:
        self._results = results
        results.tell = self._written
        results.succeeded = self._succeeded
        self._limit = limit
        self._taken = 0
        self._stats = stats
        self._heartbeat = heartbeat
        self._queues = {each.job.name: _Queue(each) for each in bound}
        # Under a limit of the process, a row that waits would wait for other jobs.
        self._goes_ahead = limit is None or len(self._queues) == 1
        self._in_hand: set[Attempt] = set()
        self._over = asyncio.Event()
        self._threads = Threads()
        self._context = contextvars.copy_context()

    def __len__(self) -> int:
        return len(self._in_hand)

    @property
    def fences(self) -> frozenset[Fence]:
        """The rows that are in hand."""
        return frozenset(attempt.fence for attempt in self._in_hand)

    @property
    def prefetched(self) -> int:
        """Rows that wait for a slot."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    @property
    def overrunning(self) -> int:
        """Handlers that still run though their time is up."""
        return sum(len(queue.overrunning) for queue in self._queues.values())

    def wanted(self, bound: Bound, coming: Mapping[str, int]) -> int:
        """How many rows of the job to fetch now.

        coming: rows that were fetched and are not here yet, by the name of their job.
        """
        queue = self._queues[bound.job.name]
        room = self._free(queue)
        ahead = len(queue.waiting) + coming.get(bound.job.name, 0)
        if self._goes_ahead:
            room += queue.pace.ahead(time.monotonic())
            wanted = room - ahead
        else:
            wanted = room - self.prefetched - sum(coming.values())
        # Few rows in each of many fetches cost more than many in few, but while some
        # are at work, as many should be on their way.
        if ahead and 2 * wanted < room:
            return 0
        return min(max(wanted, 0), max(room // 2, _TOGETHER))

    def add(self, bound: Bound, attempts: Sequence[Attempt], asked_at: float) -> None:
        """Run the handlers of fetched rows, as slots become free.

        In a task of their own: the caller can send the next fetch before. Rows that
        others may have taken since they were asked for are given back.
        """
        queue = self._queues[bound.job.name]
        self._stats.fetched += len(attempts)
        self._in_hand.update(attempts)
        queue.waiting.extend(attempts)
        if self._heartbeat.came_too_late_since(asked_at):
            self._give_back(queue)
        self._fill(queue)
        if queue.look is None:
            self._look_again(queue)

    async def ended(self) -> None:
        """Return when there is no attempt left."""
        while self:
            self._over.clear()
            await self._over.wait()

    def give_back_waiting(self) -> None:
        """Give back the rows whose handlers have not started."""
        for queue in self._queues.values():
            self._give_back(queue)

    def interrupt(self, *, threads: bool) -> None:
        """Stop the handlers, and give their rows back.

        A thread goes on all the same. threads: give its row back nevertheless, as
        when the process is about to end; otherwise it stays until it returns.
        """
        self.give_back_waiting()
        for queue in self._queues.values():
            for attempt in (*queue.running, *queue.overrunning):
                attempt.interrupted = True  # a thread may ask, and end itself
                if attempt.task is not None and (threads or not attempt.in_thread):
                    attempt.task.cancel()

    def forget(self) -> None:
        """Nothing that is unwritten now will be written."""
        for attempt in self._in_hand:
            if attempt.task is not None:
                attempt.task.cancel()
        for queue in self._queues.values():
            queue.waiting.clear()
        self._in_hand.clear()

    # --- waiting for a slot

    def _give_back(self, queue: _Queue) -> None:
        while queue.waiting:
            attempt = queue.waiting.popleft()
            attempt.returned = True
            self._results.write(attempt, GiveBack())

    def _look_again(self, queue: _Queue) -> None:
        loop = asyncio.get_running_loop()
        finished = queue.pace.finished
        queue.look = loop.call_later(_STUCK_SECONDS, self._look, queue, finished)

    def _look(self, queue: _Queue, finished: int) -> None:
        """Rows were fetched ahead of short handlers; long ones hold all slots now."""
        queue.look = None
        stuck = queue.pace.finished == finished and self._free(queue) <= 0
        if queue.waiting and stuck:
            self._give_back(queue)
        elif queue.waiting:
            self._look_again(queue)

    # --- from the queue to a slot

    def _free(self, queue: _Queue) -> int:
        if self._limit is None:
            return queue.free
        return min(queue.free, self._limit - self._taken)

    def _fill(self, queue: _Queue) -> None:
        """See to it that what waits is started, as far as there are slots."""
        if queue.waiting and queue.lane is None and self._free(queue) > 0:
            loop = asyncio.get_running_loop()
            # Not by the loop's task factory: an eager one would begin within this call,
            # one lane in another for each row. A context of its own: handlers before
            # it may have changed theirs.
            queue.lane = asyncio.Task(
                self._run_lane(queue), loop=loop, context=self._context.copy()
            )
            queue.lane.add_done_callback(lambda lane: self._lane_ended(queue, lane))

    async def _run_lane(self, queue: _Queue) -> None:
        """Start one handler after the other; stay with the first that waits."""
        waits = self._run_some(queue)
        if waits is None:
            return
        attempt, rest = waits
        attempt.task, queue.lane = queue.lane, None
        self._fill(queue)
        self._returned(queue, attempt, await rest)

    def _run_some(self, queue: _Queue) -> tuple[Attempt, Rest] | None:
        """Run handlers that never wait, up to the first that does.

        Nothing else runs meanwhile, so that they need no slot, and all that succeed
        are told of at once: most handlers of a busy queue are such.
        """
        if self._free(queue) <= 0:
            return None
        succeeded: list[Attempt] = []
        safe_until = -math.inf
        try:
            for _ in range(_BURST):
                if not queue.waiting:
                    break
                now = time.monotonic()
                if now > safe_until:  # the last one took long, or all stood still
                    safe_until = self._heartbeat.safe_until
                    if now > safe_until:
                        self._give_back(queue)
                        break
                attempt = queue.waiting.popleft()
                if queue.timeout is not None:
                    attempt.deadline = now + queue.timeout
                step = begin(attempt, self._threads)
                if step is NOTHING:
                    attempt.returned = True
                    succeeded.append(attempt)
                elif isinstance(step, ENDINGS):
                    self._finish(queue, attempt, step)
                else:
                    self._started(queue, attempt)
                    return attempt, step
                if self._is_spoilt(queue.lane):
                    break
        finally:
            queue.pace.finished += len(succeeded)
            self._results.write_successes(queue.bound.job, succeeded)
            if succeeded or not queue.waiting:
                self.on_free()  # they kept more from being fetched; see `wanted`
        return None

    def _is_spoilt(self, lane: asyncio.Task[None] | None) -> bool:
        """Whether a handler left something behind that the next one would meet.

        A cancellation of its own task would hit whoever waits next in it.
        """
        if lane is not None and lane.cancelling():
            return True
        return contextvars.copy_context() != self._context

    def _lane_ended(self, queue: _Queue, lane: asyncio.Task[None]) -> None:
        if queue.lane is lane:
            queue.lane = None
            self._fill(queue)
        if not lane.cancelled() and (error := lane.exception()) is not None:
            LOGGER.error("a handler could not be run", exc_info=error)

    def _started(self, queue: _Queue, attempt: Attempt) -> None:
        """It waits, in a slot of its own."""
        self._taken += 1
        queue.running[attempt] = None
        if queue.timeout is not None and queue.timer is None:
            self._check_at(queue, attempt.deadline)

    def _check_time(self, queue: _Queue) -> None:
        queue.timer = None
        for attempt in tuple(queue.running):
            if attempt.deadline > time.monotonic():
                self._check_at(queue, attempt.deadline)
                break
            self._time_is_up(queue, attempt)

    def _check_at(self, queue: _Queue, deadline: float) -> None:
        left = deadline - time.monotonic()
        loop = asyncio.get_running_loop()
        queue.timer = loop.call_later(left, self._check_time, queue)

    def _time_is_up(self, queue: _Queue, attempt: Attempt) -> None:
        del queue.running[attempt]
        queue.overrunning.add(attempt)
        attempt.overran = True
        self._results.write(attempt, _decided(Overran()))
        if attempt.task is not None and not attempt.in_thread:
            attempt.task.cancel()

    # --- from the handler's return to the written result

    def _returned(self, queue: _Queue, attempt: Attempt, ending: Ending) -> None:
        """Its slot is free again."""
        queue.running.pop(attempt, None)
        queue.overrunning.discard(attempt)
        self._taken -= 1
        self._finish(queue, attempt, ending)
        self._fill_free(queue)

    def _finish(self, queue: _Queue, attempt: Attempt, ending: Ending) -> None:
        attempt.returned = True
        queue.pace.finished += 1
        if attempt not in self._in_hand:
            return  # forgotten
        if not attempt.overran:
            self._results.write(attempt, _decided(ending))
        self._end_if_over(attempt)

    def _fill_free(self, queue: _Queue) -> None:
        if queue.waiting:
            self._fill(queue)
        elif self._limit is not None:
            for other in self._queues.values():
                self._fill(other)

    def _succeeded(self, attempts: Sequence[Attempt]) -> None:
        """What nearly all come to: for all of a batch at once."""
        self._stats.succeeded += len(attempts)
        self._in_hand.difference_update(attempts)
        self._leave()

    def _written(
        self, attempt: Attempt, acknowledgement: Acknowledgement, written: Written
    ) -> None:
        attempt.written = True
        self._end_if_over(attempt)  # first: whoever logs below may raise
        if isinstance(acknowledgement, GiveBack) and isinstance(written, JobStatus):
            self._stats.given_back += 1
        else:
            tally.count(self._stats, attempt, written)
            tally.tell(attempt, acknowledgement, written)

    def _end_if_over(self, attempt: Attempt) -> None:
        if attempt.written and attempt.returned:
            self._in_hand.discard(attempt)
        self._leave()

    def _leave(self) -> None:
        """There may be fewer in hand."""
        self.on_free()
        if not self._in_hand:
            self._over.set()


def _decided(ending: Ending) -> Acknowledgement:
    try:
        return decide(ending)
    except BaseException as error:  # the text of a Cancel's reason may do anything
        return Fail(error)
