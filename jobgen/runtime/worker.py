"""The worker: takes ready rows, runs their handlers, writes what came of them.

Flow: `Fetching` → `Attempts` → `Results`. Beside it the heartbeat says that the
process lives, `Care` rescues rows of dead workers and looks after the triggers, and
`Retention` deletes old rows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from jobgen.runtime import aio
from jobgen.runtime.attempts import Attempts
from jobgen.runtime.care import Care
from jobgen.runtime.fetching import Fetching
from jobgen.runtime.handlers import Handlers
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.link import Connect, Link
from jobgen.runtime.log import FAULTS, LOGGER, told
from jobgen.runtime.loop import cancel_all, run_on_own_loop
from jobgen.runtime.minute import Minute
from jobgen.runtime.preflight import (
    check_encoding,
    check_package,
    check_tables,
    check_version,
)
from jobgen.runtime.results import Results
from jobgen.runtime.retention import Retention
from jobgen.runtime.signals import stopped_by_signals
from jobgen.runtime.stats import Stats
from jobgen.runtime.times import Times
from jobgen.runtime.vacuum import VacuumWatch

_CANCEL_SECONDS: Final = 2.0
"""How long a server may take to cancel a fetch until its connections are cut."""


class Worker:
    """Runs the handlers of one package until it is stopped.

    connect: a DSN, or what opens a connection. only: names of the jobs to run.
    concurrency: handlers at once in this process, over all jobs. poll_interval:
    seconds between looks that no notification asked for. grace: seconds that a
    shutdown waits for handlers. signals: whether SIGINT and SIGTERM stop it, while it
    runs, in place of what the program does then. heartbeat_interval: seconds between two
    signs of life; after lost_after without one it stops its handlers, and after
    dead_after others take its rows.

    Raises `ValueError` for a name in `only` that is no job of the package, and for
    numbers that make no sense.
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
        signals: bool = True,
        heartbeat_interval: float = 5.0,
        dead_after: float = 30.0,
        lost_after: float = 20.0,
    ) -> None:
        if concurrency is not None and concurrency < 1:
            raise ValueError("concurrency must be at least 1")
        self.id: UUID = uuid4()
        self._package = handlers.package
        self._bound = handlers.chosen(only)
        self._times = Times(
            poll_interval=poll_interval,
            grace=grace,
            heartbeat_interval=heartbeat_interval,
            dead_after=dead_after,
            lost_after=lost_after,
        )
        self._stats = Stats()
        self._write = Link(
            connect,
            f"jobgen results {self.id}",
            jobs=len(self._bound),
            pooled=not listen,
        )
        self._care = Link(
            connect,
            f"jobgen care {self.id}",
            jobs=len(self._bound),
            pooled=not listen,
        )
        self._signals = signals
        self._ran = False
        self._broken: BaseException | None = None
        """What ended one of the loops beside the work, which should never end."""
        self._suspected: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._results = Results(self._write, self.id)
        stale = max((b.job.policy.stale_after for b in self._bound), default=None)
        self._heartbeat = Heartbeat(
            connect,
            self._package,
            self.id,
            [bound.job.name for bound in self._bound],
            interval=heartbeat_interval,
            lost_after=lost_after,
            blocked_after=heartbeat_interval,
            dead_after=stale.total_seconds() if stale else dead_after,
            pooled=not listen,
        )
        self._attempts = Attempts(
            self._results,
            self._bound,
            concurrency,
            self._stats,
            self._heartbeat,
        )
        self._fetching = Fetching(
            connect,
            self.id,
            self._bound,
            self._attempts,
            self._results,
            self._heartbeat,
            self._stats,
            self._times,
            listen=listen,
            died=self._suspect_others,
        )

    def stop(self) -> None:
        """Begin a clean shutdown; a second call cuts the grace short."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()
        self._fetching.stop()

    def stats(self) -> Stats:
        """The counters as they are now."""
        attempts = self._attempts
        return replace(
            self._stats,
            overrunning=attempts.overrunning,
            prefetched=attempts.prefetched,
        )

    async def run(self) -> None:
        """Work until `stop`, SIGINT, SIGTERM or cancellation, which stops it too.

        Raises `RefusedError` where the database is not what the package needs, and
        `psycopg.Error` or `TimeoutError` where it cannot be reached at the start. And,
        once it has stopped cleanly, what nobody foresaw and it cannot go on after.
        """
        if self._ran:
            raise RuntimeError("a worker runs once; make another")
        self._ran = True
        with (
            stopped_by_signals(self.stop) if self._signals else contextlib.nullcontext()
        ):
            try:
                fits = await self._checked()
            except BaseException:
                await self._fetching.link.drop()
                raise
            if not fits:
                await self._fetching.link.drop()
                LOGGER.info("worker %s stopped before it began", self.id)
                return
            self._heartbeat.start()
            LOGGER.info("worker %s runs %s", self.id, self._names())
            background = self._start_background()
            fetching = asyncio.create_task(self._fetching.run())
            try:
                await self._until_stopped(fetching)
            except asyncio.CancelledError:
                self.stop()
                raise
            finally:
                fetching.cancel()
                shutdown = self._shut_down(fetching, background)
                await self._end(asyncio.create_task(shutdown))
            if self._broken is not None:
                raise self._broken

    async def _checked(self) -> bool:
        """The database is what the package needs; False: stopped before it answered."""
        if self._stopping.is_set():
            await self._check()
            return True
        check = asyncio.create_task(self._check())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({check, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if check.done():
                check.result()
            return check.done()
        finally:
            await cancel_all([check, stopping])

    async def _check(self) -> None:
        check_package(self._package)
        await self._fetching.link.use(self._check_database)

    async def _check_database(self, conn: AsyncConnection[object]) -> None:
        check_encoding(conn)
        check_version(conn, self._package)
        async with conn.transaction():
            jobs = [bound.job for bound in self._bound]
            await aio.run(conn, check_tables(self._package, jobs))

    def _start_background(self) -> list[asyncio.Task[None]]:
        care, bound, stats, times = self._care, self._bound, self._stats, self._times
        loops = [
            self._results.run(),
            Care(
                care, self._package, bound, times, stats, self._fetching.look_at
            ).run(),
            self._watch_loop(),
            Retention(care, bound, stats, every=times.retention_interval).run(),
            Minute(self.stats, every=times.report_interval).run(),
            VacuumWatch(care, bound, every=times.report_interval).run(),
        ]
        tasks = [asyncio.create_task(loop) for loop in loops]
        for task in tasks:
            task.add_done_callback(self._background_ended)
        return tasks

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        """Without one of them rows would stay as they are: better no worker at all."""
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("the worker cannot go on", exc_info=error)
            self._broken = error
            self.stop()

    def _suspect_others(self) -> None:
        """One connection was found dead: those that say nothing may be, too."""
        self._suspected = [
            asyncio.create_task(link.drop_if_idle())
            for link in (self._write, self._care)
        ]

    # --- beside the work

    async def _watch_loop(self) -> None:
        """Ticks for the heartbeat; stops everything once others may own our rows."""
        was_lost = False
        while True:
            self._heartbeat.tick()
            if self._heartbeat.broken is not None:
                raise RuntimeError("there is no heartbeat") from self._heartbeat.broken
            is_lost = self._heartbeat.lost
            if is_lost and self._attempts:
                if not was_lost:
                    LOGGER.error("no heartbeat was written: handlers are cancelled")
                # A row whose thread goes on stays ours for as long as it may be.
                self._attempts.interrupt(threads=False)
            if is_lost:
                self._heartbeat.noted()
            was_lost = is_lost
            await asyncio.sleep(self._times.heartbeat_interval / 5)

    # --- the end

    async def _until_stopped(self, fetching: asyncio.Task[None]) -> None:
        """Return when nothing is fetched any more, or a fetch hangs after `stop`."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait(
                {fetching, stopping}, return_when=asyncio.FIRST_COMPLETED
            )
            await self._unless_in_a_hurry(fetching, self._times.flush)
        finally:
            await cancel_all([stopping])
        if fetching.done():
            fetching.result()
        else:
            LOGGER.warning("a fetch hangs: it is cancelled")

    async def _end(self, shutdown: asyncio.Task[None]) -> None:
        """Wait for the shutdown; a cancellation meanwhile cuts the grace short."""
        cancelled = False
        while not shutdown.done():
            try:
                await asyncio.wait({shutdown})
            except asyncio.CancelledError:
                cancelled = True
                self._hurry.set()
        shutdown.result()
        if cancelled:
            raise asyncio.CancelledError

    async def _shut_down(
        self, fetching: asyncio.Task[None], background: Sequence[asyncio.Task[None]]
    ) -> None:
        """Drain, interrupt, give back, flush, leave: each for a bounded time."""
        LOGGER.info("worker %s stops; %d jobs run", self.id, len(self._attempts))
        if any(task.cancelled() for task in background):
            self._hurry.set()  # The loop is being closed; nothing ends by itself.
        self._attempts.give_back_waiting()
        ended = asyncio.create_task(self._attempts.ended())
        await self._unless_in_a_hurry(ended, self._times.grace)
        await cancel_all([ended])
        unfinished = len(self._attempts)
        if unfinished:
            LOGGER.warning("%d jobs are interrupted", unfinished)
            self._attempts.interrupt(threads=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._times.flush):
                    await self._attempts.ended()
            self._attempts.forget()
        if not fetching.done():
            await self._cut(fetching)
        await self._results.close()
        await cancel_all(background)
        leave = True
        if unfinished or self._fetching.in_doubt:
            leave = await self._given_back_unknown()
        await asyncio.to_thread(self._heartbeat.stop, self._times.flush, leave=leave)
        for link in (self._fetching.link, self._write, self._care):
            await link.drop()
        LOGGER.info("worker %s stopped: %s", self.id, self._stats)

    async def _unless_in_a_hurry(
        self, work: asyncio.Task[None], seconds: float
    ) -> None:
        """Let it end by itself, for so long, until somebody is in a hurry."""
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait(
            {hurry, work}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        await cancel_all([hurry])

    async def _cut(self, fetching: asyncio.Task[None]) -> None:
        """It is cancelled: the server gives up what it fetches, unless it is silent."""
        await asyncio.wait({fetching}, timeout=_CANCEL_SECONDS)
        if not fetching.done():
            for link in (self._fetching.link, self._write, self._care):
                link.hang_up()
            await asyncio.wait({fetching}, timeout=self._times.flush)

    async def _given_back_unknown(self) -> bool:
        """Whether nothing runs under this worker's name any more.

        Else its entry has to stay: rows of a worker that is dead are rescued soon, and
        those of one that nobody knows after `stale_after`.
        """
        try:
            async with asyncio.timeout(self._times.flush):
                if await self._fetching.give_back_unknown():
                    return True
                reason = "they are locked, or may still come"
        except FAULTS as error:
            reason = told(error)
        LOGGER.warning("rows are left behind, for others to rescue: %s", reason)
        return False

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
    """Run a `Worker` where there is no event loop yet, so that signals are its own."""
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
    run_on_own_loop(worker.run())
