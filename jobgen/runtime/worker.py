"""The worker: takes ready rows, runs their handlers, writes what came of them.

Flow: `_fetch_loop` → `_attempt` (a task each) → `acknowledge`. Beside it the
listener wakes the fetch loop, the heartbeat says that the process lives, and
`_care_loop` rescues rows of dead workers and looks after the triggers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import LiteralString
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from jobgen.runtime import aio, plans
from jobgen.runtime.acknowledge import Unwritten, acknowledge
from jobgen.runtime.decide import (
    Acknowledgement,
    Ending,
    Fail,
    Overran,
    decide,
)
from jobgen.runtime.execute import Execution
from jobgen.runtime.handlers import Attempt, Bound, Handlers
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.link import Connect, Link
from jobgen.runtime.listener import listen as listen_for
from jobgen.runtime.log import FAULTS, LOGGER, Backoff
from jobgen.runtime.preflight import (
    check_encoding,
    check_package,
    check_table,
)
from jobgen.runtime.signals import stopped_by_signals
from jobgen.runtime.slots import Slots
from jobgen.runtime.stats import Stats
from jobgen.runtime.status import JobStatus
from jobgen.runtime.times import Times
from jobgen.runtime.triggers import keep_healthy

_LOCKED_PAUSE = 0.02
"""Seconds before looking again at a due row that another session holds."""


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
        self._attempts: set[asyncio.Task[None]] = set()
        self._handlers: set[asyncio.Task[Ending]] = set()
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

    def stop(self) -> None:
        """Begin a clean shutdown; a second call cuts the grace short."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()
        self._wake.set()

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
                await self._fetch_loop()
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

    # --- taking rows

    async def _fetch_loop(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            wait = self._times.poll_interval
            if self._may_fetch():
                self._wake.clear()
                try:
                    wait = await self._fetch_and_look()
                    backoff.succeeded()
                except FAULTS as error:
                    wait = backoff.failed()
                    LOGGER.warning("fetch failed, again in %.1f s: %s", wait, error)
                    await self._pause(self._stopping, wait)
                    continue
            else:
                wait = min(wait, 0.1)
                await self._pause(self._stopping, wait)
                continue
            await self._pause(self._wake, wait)

    def _may_fetch(self) -> bool:
        """Only a worker that others see alive takes rows."""
        heartbeat = self._heartbeat
        return heartbeat.registered and heartbeat.silent < self._times.lost_after

    async def _fetch_and_look(self) -> float:
        """Take what there are slots for; seconds until it is worth looking again."""
        for bound in self._bound:
            while (free := self._slots.free(bound)) > 0:
                if self._stopping.is_set():
                    return 0.0
                attempts = await self._work.use(self._fetcher(bound, free))
                for attempt in attempts:
                    self._start(bound, attempt)
                if len(attempts) < free:
                    break
        return await self._next_due()

    def _fetcher(
        self, bound: Bound, limit: int
    ) -> Callable[[AsyncConnection[object]], Awaitable[list[Attempt]]]:
        return lambda conn: bound.fetch(conn, self.id, limit)

    async def _next_due(self) -> float:
        """Seconds until the next row is due of a job that has a free slot."""
        jobs = [bound.job for bound in self._bound if self._slots.free(bound) > 0]
        poll = self._times.poll_interval
        if not jobs:
            return poll
        sql: LiteralString = "\nUNION ALL\n".join(
            "(" + job.statements.next_due + ")" for job in jobs
        )
        due = await self._work.run(_soonest(sql))
        return poll if due is None else min(max(due, _LOCKED_PAUSE), poll)

    async def _pause(self, event: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    # --- running them

    def _start(self, bound: Bound, attempt: Attempt) -> None:
        self._stats.fetched += 1
        self._slots.take(bound)
        task = asyncio.create_task(self._attempt(bound, attempt))
        self._attempts.add(task)
        task.add_done_callback(lambda done: self._finished(bound, done))

    def _finished(self, bound: Bound, task: asyncio.Task[None]) -> None:
        self._attempts.discard(task)
        self._slots.give(bound)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("%s: attempt lost", bound.job.name, exc_info=error)

    async def _attempt(self, bound: Bound, attempt: Attempt) -> None:
        """Run one handler and write its result; the slot is taken until it returns."""
        timeout = bound.job.policy.timeout
        execution = Execution(attempt, is_async=bound.is_async)
        handler = execution.task
        self._handlers.add(handler)
        handler.add_done_callback(self._handlers.discard)
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
            attempt.fence,
            _decided(ending),
        )
        self._count(bound, attempt, result)
        if not handler.done():
            self._stats.overrunning += 1
            await asyncio.wait({handler})

    def _count(
        self, bound: Bound, attempt: Attempt, result: JobStatus | Unwritten
    ) -> None:
        stats = self._stats
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
        if result in _WORTH_A_LINE:
            LOGGER.warning(
                "%s %s, attempt %d: %s",
                bound.job.name,
                attempt.fence.id,
                attempt.fence.attempts_count,
                result.value,
            )

    # --- beside the work

    async def _watch_loop(self) -> None:
        """Ticks for the heartbeat; stops everything once others may own our rows."""
        while True:
            self._heartbeat.tick()
            if self._heartbeat.silent > self._times.lost_after and self._handlers:
                LOGGER.error("no heartbeat could be written: handlers are cancelled")
                self._interrupt()
            await asyncio.sleep(self._times.heartbeat_interval / 5)

    async def _care_loop(self) -> None:
        while True:
            for bound in self._bound:
                try:
                    await self._care_for(bound)
                except FAULTS as error:
                    LOGGER.warning("%s: rescue failed: %s", bound.job.name, error)
            await asyncio.sleep(self._times.heartbeat_interval)

    async def _care_for(self, bound: Bound) -> None:
        rescued = await self._care.run(
            plans.rescue(bound.job.statements, self._times.dead)
        )
        if rescued:
            self._stats.rescued += rescued
            LOGGER.warning("%s: %d rescued", bound.job.name, rescued)
            self._wake.set()
        await self._care.use(
            lambda conn: keep_healthy(conn, self._package.schema, bound.job)
        )

    # --- the end

    async def _shut_down(self, background: Sequence[asyncio.Task[None]]) -> None:
        """Drain, interrupt, give back, flush, leave: each for a bounded time."""
        LOGGER.info("worker %s stops; %d jobs run", self.id, len(self._attempts))
        await self._drain(self._times.grace)
        if self._attempts:
            LOGGER.warning("%d jobs are interrupted", len(self._attempts))
            self._interrupt()
            await self._give_back_stuck()
        for task in (*background, *self._attempts):
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await asyncio.to_thread(self._heartbeat.stop, self._times.flush)
        for link in (self._work, self._results, self._care):
            with contextlib.suppress(*FAULTS):
                await link.close()
        LOGGER.info("worker %s stopped: %s", self.id, self._stats)

    async def _drain(self, seconds: float) -> None:
        hurry = asyncio.create_task(self._hurry.wait())
        deadline = asyncio.get_running_loop().time() + seconds
        while self._attempts and not hurry.done():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            await asyncio.wait(
                {hurry, *self._attempts},
                timeout=left,
                return_when=asyncio.FIRST_COMPLETED,
            )
        hurry.cancel()

    def _interrupt(self) -> None:
        for handler in tuple(self._handlers):
            handler.cancel()

    async def _give_back_stuck(self) -> None:
        """Wait for interrupted attempts to be written, but not for ever."""
        if self._attempts:
            await asyncio.wait(tuple(self._attempts), timeout=self._times.flush)

    def _names(self) -> str:
        return ", ".join(bound.job.name for bound in self._bound)


_WORTH_A_LINE = frozenset({JobStatus.FAILED, JobStatus.TIMED_OUT, Unwritten.REFUSED})


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

    async def main() -> None:
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
        await worker.run()

    asyncio.run(main())


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


def _decided(ending: Ending) -> Acknowledgement:
    try:
        return decide(ending)
    except Exception as error:  # the text of a Cancel's reason may fail
        return Fail(error)


def _soonest(sql: LiteralString) -> plans.Plan[float | None]:
    rows = yield plans.Execute(sql)
    found: list[float] = [row[1] for row in rows.all() if row[1] is not None]
    return min(found, default=None)
