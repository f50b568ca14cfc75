"""The worker's sign of life: a thread of its own, with a connection of its own.

So neither a handler that blocks the event loop nor an acknowledgement behind a
row lock makes healthy jobs look dead.
"""

from __future__ import annotations

import asyncio
import faulthandler
import math
import os
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from jobgen.runtime import plans
from jobgen.runtime.link import Connect, Link
from jobgen.runtime.log import FAULTS, LOGGER, told
from jobgen.runtime.package import Package
from jobgen.runtime.pauses import Pauses
from jobgen.runtime.plans import Execute

FORGET_AFTER = timedelta(days=1)
"""Entries of workers silent for so long are deleted; their rows go by age."""


class Heartbeat:
    """Beats every `interval` seconds until `stop`.

    `lost_after`: seconds without a beat after which others may soon own the worker's
    rows. `blocked_after`: seconds without a `tick` of the event loop after which the
    stack of what blocks it is logged; `dead_after`: after which it counts as
    dead, and the beating stops, so that others rescue its jobs.
    """

    def __init__(
        self,
        connect: Connect,
        package: Package,
        worker_id: UUID,
        jobs: Sequence[str],
        *,
        interval: float,
        lost_after: float,
        blocked_after: float,
        dead_after: float,
        pooled: bool,
    ) -> None:
        self._connect = connect
        self._pooled = pooled
        self._package = package
        self._worker_id = worker_id
        self._jobs = list(jobs)
        self._interval = interval
        self._lost_after = lost_after
        self._blocked_after = blocked_after
        self._dead_after = dead_after
        self._stop = threading.Event()
        self._leaves = True
        self._beaten = threading.Event()
        self._last_beat = time.monotonic()
        self._last_tick = time.monotonic()
        self._late_beat = self._noted = -math.inf
        """When a beat was begun too late, and when that was last taken note of."""
        self.broken: BaseException | None = None
        """What ended it that nobody foresaw: it will never beat again."""
        self._reported = False
        self._thread = threading.Thread(
            target=self._main, name="jobgen heartbeat", daemon=True
        )

    def start(self) -> None:
        """Begin to beat. Nothing is late that was made long before."""
        self._last_beat = self._last_tick = time.monotonic()
        self._thread.start()

    def tick(self) -> None:
        """The event loop is alive."""
        self._last_tick = time.monotonic()

    @property
    def registered(self) -> bool:
        """Whether the first beat has been written."""
        return self._beaten.is_set()

    @property
    def safe_until(self) -> float:
        """Until when, by the monotonic clock, nobody takes the worker's rows.

        Long past where a beat came too late, though others came in time since: it is
        to be found out also by whoever stood still meanwhile.
        """
        last_beat = self._last_beat  # first: a late beat is told before it is written
        if self._late_beat > self._noted:
            return -math.inf
        return last_beat + self._lost_after

    @property
    def lost(self) -> bool:
        """Whether others may own the worker's rows."""
        return time.monotonic() > self.safe_until

    def noted(self) -> None:
        """What was in hand when a beat came too late has been let go."""
        self._noted = time.monotonic()

    def came_too_late_since(self, moment: float) -> bool:
        """Whether others may have taken rows that were asked for at this `moment`."""
        return self._late_beat > moment

    def stop(self, seconds: float, *, leave: bool = True) -> None:
        """Take the worker's entry out of the table, within `seconds`; or let it stay,
        as that of a worker that is dead."""
        self._leaves = leave
        self._stop.set()
        self._thread.join(seconds)

    def _main(self) -> None:
        try:
            asyncio.run(self._beat_until_stopped())
        except BaseException as error:  # of a thread, nobody else would hear
            self.broken = error

    async def _beat_until_stopped(self) -> None:
        name = f"jobgen heartbeat {self._worker_id}"
        link = Link(self._connect, name, pooled=self._pooled)
        pauses = Pauses(self._interval)
        while not self._stop.is_set():
            wait = self._interval
            if time.monotonic() - self._last_tick < self._dead_after:
                try:
                    await self._beat(link)
                    pauses.succeeded()
                except FAULTS as error:
                    wait = pauses.failed()
                    LOGGER.warning("heartbeat failed: %s", told(error))
            await self._watch(wait)
        if self._leaves:
            await self._leave(link)
        await link.drop()

    async def _watch(self, seconds: float) -> None:
        """Wait so long, or until `stop`; look at the loop as soon as it may be blocked,
        as the next beat may come when it is not any more."""
        end = time.monotonic() + seconds
        while not self._stop.is_set():
            self._look_for_block()
            now = time.monotonic()
            suspect_in = self._last_tick + self._blocked_after - now
            left = end - now
            if left <= 0:
                return
            await self._wait(min(left, suspect_in) if suspect_in > 0 else left)

    def _look_for_block(self) -> None:
        """Report it, once for each block."""
        stuck = time.monotonic() - self._last_tick
        is_blocked = stuck > self._blocked_after
        if is_blocked and not self._reported:
            self._report_block(stuck)
        self._reported = is_blocked

    async def _wait(self, seconds: float) -> None:
        """So long, or until `stop`. Where the whole process stood still meanwhile (its
        machine was suspended, say), the loop is not to blame for it."""
        began, used = time.monotonic(), time.process_time()
        await asyncio.to_thread(self._stop.wait, seconds)
        late = time.monotonic() - began - seconds
        worked = time.process_time() - used
        if late > self._blocked_after / 2 and worked < late / 2:
            self._last_tick = time.monotonic()

    async def _beat(self, link: Link) -> None:
        started = time.monotonic()
        first = not self._beaten.is_set()
        await link.run(_write(Execute(self._package.beat_sql, self._entry())))
        if started > self.safe_until:
            self._late_beat = started
        self._last_beat = started
        self._beaten.set()
        if first:
            await link.run(_write(Execute(self._package.forget_sql, (FORGET_AFTER,))))

    def _entry(self) -> tuple[object, ...]:
        host = socket.gethostname()
        protocol = self._package.protocol
        return (self._worker_id, host, os.getpid(), self._jobs, protocol)

    async def _leave(self, link: Link) -> None:
        try:
            await link.run(_write(Execute(self._package.leave_sql, (self._worker_id,))))
        except FAULTS as error:
            LOGGER.warning("the worker's entry stays behind: %s", told(error))

    def _report_block(self, seconds: float) -> None:
        try:
            with tempfile.TemporaryFile("w+") as file:
                faulthandler.dump_traceback(file)
                file.seek(0)
                stacks = file.read()
        except OSError as error:  # no room, or nowhere to write: beating goes on
            stacks = f"not told, without a file to write them to: {told(error)}"
        LOGGER.warning("event loop blocked for %.1f s; threads:\n%s", seconds, stacks)


def _write(step: Execute) -> plans.Plan[None]:
    yield step
