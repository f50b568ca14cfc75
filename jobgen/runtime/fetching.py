"""The fetch loop: takes ready rows while there are slots, and sleeps in between."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from jobgen.runtime import plans
from jobgen.runtime.attempts import Attempts
from jobgen.runtime.handlers import Attempt, Bound
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, Backoff, told
from jobgen.runtime.results import Results
from jobgen.runtime.times import Times

_LOCKED_PAUSE: Final = 0.02
"""Seconds before looking again at a due row that another session holds."""

_BATCH: Final = 500
"""Rows in one fetch."""

_MOST_UNWRITTEN: Final = 4 * _BATCH
"""Results on their way beyond which nothing is fetched: the server cannot follow."""

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
        attempts: Attempts,
        results: Results,
        heartbeat: Heartbeat,
        times: Times,
        wake: asyncio.Event,
    ) -> None:
        self._work = work
        self._worker_id = worker_id
        self._bound = list(bound)
        self._attempts = attempts
        self._results = results
        self._heartbeat = heartbeat
        self._times = times
        self._wake = wake
        self._stopping = asyncio.Event()
        self._in_doubt = False
        self._next_look = 0.0
        self._ready = {each.job.name for each in bound}
        self._due_at = 0.0

    def look_at(self, bound: Iterable[Bound]) -> None:
        """These jobs may have rows that are ready."""
        self._ready.update(each.job.name for each in bound)
        self._wake.set()

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
                self._due_at = 0.0
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
        """Take what there is room for; seconds until it is worth looking again."""
        if self._in_doubt and time.monotonic() >= self._next_look:
            await self.give_back_unknown()
            self._next_look = time.monotonic() + self._times.heartbeat_interval
        await self._take_ready()
        if time.monotonic() >= self._due_at:
            self._due_at = math.inf
            due = await self._next_due()
            await self._take_ready()
            if self._due_at == 0.0:  # short: locked, or ready since it was asked
                due = _LOCKED_PAUSE
            self._due_at = time.monotonic() + max(due, _LOCKED_PAUSE)
        return self._due_at - time.monotonic()

    async def _take_ready(self) -> None:
        for bound in tuple(self._bound):
            if bound.job.name in self._ready and await self._take(bound):
                # Others are first next time, so that none is starved of slots.
                self._bound.remove(bound)
                self._bound.append(bound)

    async def _take(self, bound: Bound) -> int:
        """Fetch while there is room; a short batch means that no more is ready."""
        name = bound.job.name
        taken = 0
        while wanted := min(self._attempts.wanted(bound), _BATCH):
            if self._stopping.is_set() or self._results.backlog > _MOST_UNWRITTEN:
                break
            # Before the fetch: a notification during it must not be lost.
            self._ready.discard(name)
            attempts = await self._fetch(bound, wanted)
            self._attempts.add(bound, attempts)
            taken += len(attempts)
            if len(attempts) < wanted:
                self._due_at = 0.0
                break
            self._ready.add(name)
        return taken

    async def _fetch(self, bound: Bound, limit: int) -> list[Attempt]:
        try:
            return await self._work.use(self._fetcher(bound, limit))
        except BaseException:
            self._in_doubt = True
            self._ready.add(bound.job.name)
            raise

    def _fetcher(
        self, bound: Bound, limit: int
    ) -> Callable[[AsyncConnection[object]], Awaitable[list[Attempt]]]:
        return lambda conn: bound.fetch(conn, self._worker_id, limit)

    async def _next_due(self) -> float:
        """Seconds until the next row is due; a job that has one by now is ready."""
        poll = self._times.poll_interval
        jobs = [each.job for each in self._bound if each.job.name not in self._ready]
        if not jobs:
            return poll
        sql: LiteralString = "\nUNION ALL\n".join(
            "(" + job.statements.next_due + ")" for job in jobs
        )
        due = await self._work.run(_due(sql))
        self._ready.update(name for name, seconds in due.items() if seconds <= 0)
        return min([poll, *due.values()])


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _due(sql: LiteralString) -> plans.Plan[dict[str, float]]:
    """Seconds until its first row is due, of each job that has one."""
    rows = yield plans.Execute(sql)
    return {row[0]: row[1] for row in rows.all() if row[1] is not None}
