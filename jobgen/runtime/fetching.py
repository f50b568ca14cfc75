"""The fetch loop: takes ready rows while there are slots, and sleeps in between."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from jobgen.runtime import plans
from jobgen.runtime.attempts import Attempts
from jobgen.runtime.handlers import Attempt, Bound
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, Backoff, told
from jobgen.runtime.slots import Slots
from jobgen.runtime.times import Times

_LOCKED_PAUSE: Final = 0.02
"""Seconds before looking again at a due row that another session holds."""

_UNSEEN_PAUSE: Final = 0.01
"""Seconds before asking again whether the heartbeat has been written."""


class Fetching:
    """Takes rows of `bound` for the worker `worker_id` until `stop`.

    A fetch that failed may still have taken rows: the server can commit it and its
    answer be lost, or commit it only later. They would run under the name of a
    worker that lives, and nobody would rescue them. From the first such fetch on,
    the worker therefore looks for rows that it holds and knows nothing of.
    """

    def __init__(
        self,
        work: Link,
        worker_id: UUID,
        bound: Sequence[Bound],
        slots: Slots,
        attempts: Attempts,
        heartbeat: Heartbeat,
        times: Times,
        wake: asyncio.Event,
    ) -> None:
        self._work = work
        self._worker_id = worker_id
        self._bound = list(bound)
        self._slots = slots
        self._attempts = attempts
        self._heartbeat = heartbeat
        self._times = times
        self._wake = wake
        self._stopping = asyncio.Event()
        self._in_doubt = False
        self._next_look = 0.0

    def stop(self) -> None:
        """Take no more rows."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Fetch until `stop`; faults of the database are logged and waited out."""
        backoff = Backoff()
        while not self._stopping.is_set():
            if not self._may_fetch():
                await _pause(self._stopping, _UNSEEN_PAUSE)
                continue
            self._wake.clear()
            try:
                wait = await self._round()
            except FAULTS as error:
                wait = backoff.failed()
                LOGGER.warning("fetch failed, again in %.1f s: %s", wait, told(error))
                await _pause(self._stopping, wait)
            else:
                backoff.succeeded()
                await _pause(self._wake, wait)

    async def give_back_unknown(self) -> None:
        """Undo fetches of which this worker knows nothing. Raises what `Link` does.

        Between two fetches only: each row that one took is then in `attempts`. A
        row whose result is written meanwhile is protected by its fence.
        """
        for bound in self._bound:
            statements = bound.job.statements
            held = await self._work.run(plans.held(statements, self._worker_id))
            for fence in set(held) - self._attempts.fences:
                await self._work.run(plans.give_back(statements, fence))
                LOGGER.warning(
                    "%s %s was fetched without an answer: given back",
                    bound.job.name,
                    fence.id,
                )

    @property
    def in_doubt(self) -> bool:
        """Whether a fetch has failed, so that rows may be held unknown."""
        return self._in_doubt

    def _may_fetch(self) -> bool:
        """Only a worker that others see alive takes rows."""
        heartbeat = self._heartbeat
        return heartbeat.registered and heartbeat.silent < self._times.lost_after

    async def _round(self) -> float:
        """Take what there are slots for; seconds until it is worth looking again."""
        if self._in_doubt and time.monotonic() >= self._next_look:
            await self.give_back_unknown()
            self._next_look = time.monotonic() + self._times.heartbeat_interval
        # Another job is first each time, so that none starves the others of slots.
        self._bound.append(self._bound.pop(0))
        for bound in self._bound:
            while (free := self._slots.free(bound)) > 0:
                if self._stopping.is_set():
                    return 0.0
                attempts = await self._fetch(bound, free)
                for attempt in attempts:
                    self._attempts.start(bound, attempt)
                if len(attempts) < free:
                    break
        return await self._next_due()

    async def _fetch(self, bound: Bound, limit: int) -> list[Attempt]:
        try:
            return await self._work.use(self._fetcher(bound, limit))
        except BaseException:
            self._in_doubt = True
            raise

    def _fetcher(
        self, bound: Bound, limit: int
    ) -> Callable[[AsyncConnection[object]], Awaitable[list[Attempt]]]:
        return lambda conn: bound.fetch(conn, self._worker_id, limit)

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


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _soonest(sql: LiteralString) -> plans.Plan[float | None]:
    rows = yield plans.Execute(sql)
    found: list[float] = [row[1] for row in rows.all() if row[1] is not None]
    return min(found, default=None)
