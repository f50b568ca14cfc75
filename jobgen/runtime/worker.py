"""The worker: takes ready rows, runs their handlers, writes what came of them.

Flow: `Fetching` → `Attempts` (a task each) → `acknowledge`. Beside it the
listener wakes the fetch loop, the heartbeat says that the process lives, and
`_care_loop` rescues rows of dead workers and looks after the triggers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from jobgen.runtime import aio, plans
from jobgen.runtime.attempts import Attempts
from jobgen.runtime.fetching import Fetching
from jobgen.runtime.handlers import Bound, Handlers
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.link import Connect, Link
from jobgen.runtime.listener import listen as listen_for
from jobgen.runtime.log import FAULTS, LOGGER
from jobgen.runtime.preflight import (
    check_encoding,
    check_package,
    check_table,
    check_version,
)
from jobgen.runtime.signals import stopped_by_signals
from jobgen.runtime.slots import Slots
from jobgen.runtime.stats import Stats
from jobgen.runtime.times import Times
from jobgen.runtime.triggers import Triggers


class Worker:
    """Runs the handlers of one package until it is stopped.

    connect: a DSN, or what opens a connection. only: names of the jobs to run.
    concurrency: handlers at once in this process, over all jobs. poll_interval:
    seconds between looks that no notification asked for. grace: seconds that a
    shutdown waits for handlers. times: of the heartbeat and the rescue.

    Raises `ValueError` for a name in `only` that is no job of the package.
    """

    def __init__(
        self,
        connect: Connect,
        handlers: Handlers,
        *,
        only: Sequence[str] | None = None,
        concurrency: int | None = None,
        listen: bool = True,
        poll_interval: float = 1.0,
        grace: float = 30.0,
        heartbeat_interval: float = 5.0,
        dead_after: float = 30.0,
        lost_after: float = 20.0,
    ) -> None:
        self.id: UUID = uuid4()
        self._package = handlers.package
        self._bound = _chosen(handlers, only)
        self._times = Times(
            poll_interval=poll_interval,
            grace=grace,
            heartbeat_interval=heartbeat_interval,
            dead_after=dead_after,
            lost_after=lost_after,
        )
        self._connect = connect
        self._listen = listen
        self._slots = Slots(concurrency)
        self._stats = Stats()
        self._work = Link(connect, f"jobgen worker {self.id}")
        self._results = Link(connect, f"jobgen results {self.id}")
        self._care = Link(connect, f"jobgen care {self.id}")
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._attempts = Attempts(
            self._results, self._slots, self._stats, self._wake.set
        )
        self._triggers = Triggers(self._package.schema)
        stale = max((b.job.policy.stale_after for b in self._bound), default=None)
        self._heartbeat = Heartbeat(
            connect,
            self._package,
            self.id,
            [bound.job.name for bound in self._bound],
            interval=heartbeat_interval,
            blocked_after=heartbeat_interval,
            dead_after=stale.total_seconds() if stale else dead_after,
        )
        self._fetching = Fetching(
            self._work,
            self.id,
            self._bound,
            self._slots,
            self._attempts,
            self._heartbeat,
            self._times,
            self._wake,
        )

    def stop(self) -> None:
        """Begin a clean shutdown; a second call cuts the grace short."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()
        self._fetching.stop()

    def stats(self) -> Stats:
        """The counters as they are now."""
        return replace(self._stats)

    async def run(self) -> None:
        """Work until `stop`, SIGINT, SIGTERM or cancellation.

        Raises `RefusedError` where the database is not what the package needs, and
        `psycopg.Error` or `TimeoutError` where it cannot be reached at the start.
        """
        with stopped_by_signals(self.stop):
            try:
                await self._check()
            except BaseException:
                await self._work.close()
                raise
            self._heartbeat.start()
            LOGGER.info("worker %s runs %s", self.id, self._names())
            background = self._start_background()
            try:
                await self._fetching.run()
            except asyncio.CancelledError:
                self.stop()
                raise
            finally:
                await asyncio.shield(self._shut_down(background))

    async def _check(self) -> None:
        check_package(self._package)
        for bound in self._bound:
            await self._work.use(self._check_table(bound))

    def _check_table(
        self, bound: Bound
    ) -> Callable[[AsyncConnection[object]], Awaitable[None]]:
        async def check(conn: AsyncConnection[object]) -> None:
            check_encoding(conn)
            check_version(conn, self._package)
            async with conn.transaction():
                await aio.run(conn, check_table(self._package, bound.job))

        return check

    def _start_background(self) -> list[asyncio.Task[None]]:
        loops = [self._care_loop(), self._watch_loop()]
        if self._listen:
            channels = [bound.job.channel for bound in self._bound]
            name = f"jobgen listen {self.id}"
            loops.append(listen_for(self._connect, name, channels, self._wake.set))
        return [asyncio.create_task(loop) for loop in loops]

    # --- beside the work

    async def _watch_loop(self) -> None:
        """Ticks for the heartbeat; stops everything once others may own our rows."""
        lost = False
        while True:
            self._heartbeat.tick()
            silent = self._heartbeat.silent > self._times.lost_after
            if silent and self._attempts:
                if not lost:
                    LOGGER.error("no heartbeat was written: handlers are cancelled")
                # A row whose thread goes on stays ours for as long as it may be.
                self._attempts.interrupt(threads=False)
            lost = silent
            await asyncio.sleep(self._times.heartbeat_interval / 5)

    async def _care_loop(self) -> None:
        while True:
            for bound in self._bound:
                try:
                    await self._care_for(bound)
                except FAULTS as error:
                    LOGGER.warning(
                        "%s: no rescue, triggers not checked: %s", bound.job.name, error
                    )
            await asyncio.sleep(self._times.heartbeat_interval)

    async def _care_for(self, bound: Bound) -> None:
        rescued = await self._care.run(
            plans.rescue(bound.job.statements, self._times.dead)
        )
        if rescued:
            self._stats.rescued += rescued
            LOGGER.warning("%s: %d rescued", bound.job.name, rescued)
            self._wake.set()
        await self._care.use(lambda conn: self._triggers.keep_healthy(conn, bound.job))

    # --- the end

    async def _shut_down(self, background: Sequence[asyncio.Task[None]]) -> None:
        """Drain, interrupt, give back, flush, leave: each for a bounded time."""
        LOGGER.info("worker %s stops; %d jobs run", self.id, len(self._attempts))
        await self._drain(self._times.grace)
        unfinished = self._attempts.tasks
        if unfinished:
            LOGGER.warning("%d jobs are interrupted", len(unfinished))
            self._attempts.interrupt(threads=True)
            _, unwritten = await asyncio.wait(unfinished, timeout=self._times.flush)
            await _cancelled(unwritten)
        await _cancelled(background)
        if unfinished or self._fetching.in_doubt:
            await self._give_back_unknown()
        await asyncio.to_thread(self._heartbeat.stop, self._times.flush)
        for link in (self._work, self._results, self._care):
            with contextlib.suppress(*FAULTS):
                await link.close()
        LOGGER.info("worker %s stopped: %s", self.id, self._stats)

    async def _drain(self, seconds: float) -> None:
        """Let attempts end by themselves, until somebody is in a hurry."""
        hurry = asyncio.create_task(self._hurry.wait())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._attempts and not hurry.done():
                    await asyncio.wait(
                        {hurry, *self._attempts.tasks},
                        return_when=asyncio.FIRST_COMPLETED,
                    )
        hurry.cancel()

    async def _give_back_unknown(self) -> None:
        """What still runs under this worker's name would wait for a rescue."""
        with contextlib.suppress(*FAULTS):
            async with asyncio.timeout(self._times.flush):
                await self._fetching.give_back_unknown()

    def _names(self) -> str:
        return ", ".join(bound.job.name for bound in self._bound)


def run(
    connect: Connect,
    handlers: Handlers,
    *,
    only: Sequence[str] | None = None,
    concurrency: int | None = None,
    listen: bool = True,
    poll_interval: float = 1.0,
    grace: float = 30.0,
    heartbeat_interval: float = 5.0,
    dead_after: float = 30.0,
    lost_after: float = 20.0,
) -> None:
    """Run a `Worker` where there is no event loop yet; its parameters and errors."""
    worker = Worker(
        connect,
        handlers,
        only=only,
        concurrency=concurrency,
        listen=listen,
        poll_interval=poll_interval,
        grace=grace,
        heartbeat_interval=heartbeat_interval,
        dead_after=dead_after,
        lost_after=lost_after,
    )
    asyncio.run(worker.run())


async def _cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _chosen(handlers: Handlers, only: Sequence[str] | None) -> tuple[Bound, ...]:
    if only is None:
        return handlers.bound
    known = {bound.job.name: bound for bound in handlers.bound}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: no such job; there are {', '.join(known)}"
        )
    return tuple(known[name] for name in dict.fromkeys(only))
