"""The results of attempts on their way to the server: successes in batches.

While one batch is being written, what succeeds meanwhile makes the next; so a
lone success is written at once, and many cost one statement. Everything else is
written by itself.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

from psycopg import errors

from jobgen.runtime import plans
from jobgen.runtime.acknowledge import Unwritten, acknowledge
from jobgen.runtime.attempt import Attempt
from jobgen.runtime.decide import SUCCEED, Acknowledgement, Succeed
from jobgen.runtime.job import JobType
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, Backoff, is_connection_lost, told
from jobgen.runtime.status import JobStatus

BATCH: Final = 1_000
"""Successes in one statement, so that it holds its locks briefly."""

Written: TypeAlias = JobStatus | Unwritten
"""What a row is after its result, or why there was nothing to write."""


class _Pile:
    """The successes of one job that are not written yet."""

    def __init__(self, job: JobType[Any, Any, Any]) -> None:
        self.job = job
        self.attempts: list[Attempt] = []
        self.again_at = -math.inf
        self._backoff = Backoff()

    def take(self) -> list[Attempt]:
        """The next batch, in the order of the ids: two batches cannot deadlock."""
        self.attempts.sort(key=lambda attempt: attempt.row.id)
        batch, self.attempts = self.attempts[:BATCH], self.attempts[BATCH:]
        return batch

    def put_back(self, attempts: Iterable[Attempt], error: BaseException) -> None:
        """They could not be written now, and will be after a pause."""
        self.attempts.extend(attempts)
        wait = self._backoff.failed()
        self.again_at = time.monotonic() + wait
        LOGGER.warning(
            "%s: %d results are not written yet, again in %.1f s: %s",
            self.job.name,
            len(self.attempts),
            wait,
            told(error),
        )

    def written(self) -> None:
        """The database answers again."""
        self._backoff.succeeded()
        self.again_at = -math.inf


class Results:
    """Writes results on one connection until it is closed; none is given up."""

    tell: Callable[[Attempt, Acknowledgement, Written], None]
    """Called with each result once it is written; set by who makes attempts."""

    def __init__(self, link: Link, worker_id: UUID) -> None:
        self._link = link
        self._worker_id = worker_id
        self._piles: dict[str, _Pile] = {}
        self._alone: set[asyncio.Task[None]] = set()
        self._locked: set[str] = set()
        self._some = asyncio.Event()
        self.backlog = 0
        """Results that are not written yet."""

    def write(self, attempt: Attempt, acknowledgement: Acknowledgement) -> None:
        """Write it soon; `tell` is called once it is."""
        self.backlog += 1
        if isinstance(acknowledgement, Succeed):
            self._pile(attempt).attempts.append(attempt)
            self._some.set()
        else:
            self._write_alone(attempt, acknowledgement)

    async def run(self) -> None:
        """Write the successes, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            for pile in tuple(self._piles.values()):
                while pile.attempts and pile.again_at <= time.monotonic():
                    await self._write_batch(pile)
                if pile.attempts:
                    self._look_again_at(pile.again_at)

    async def close(self) -> None:
        """Stop writing: what is not written now never will be."""
        for task in self._alone:
            task.cancel()
        await asyncio.gather(*self._alone, return_exceptions=True)

    def _pile(self, attempt: Attempt) -> _Pile:
        job = attempt.bound.job
        pile = self._piles.get(job.name)
        if pile is None:
            pile = self._piles[job.name] = _Pile(job)
        return pile

    def _look_again_at(self, when: float) -> None:
        wait = when - time.monotonic()
        asyncio.get_running_loop().call_later(wait, self._some.set)

    async def _write_batch(self, pile: _Pile) -> None:
        """One statement; one by one where it fails, so that none holds up others."""
        batch = pile.take()
        try:
            written = await self._link.run(self._succeed(pile, batch))
        except errors.LockNotAvailable:
            await self._write_unlocked(pile, batch)
        except FAULTS as error:
            if is_connection_lost(error):
                pile.put_back(batch, error)
            else:
                self._write_each(batch)
        else:
            pile.written()
            self._settle(batch, written)

    async def _write_unlocked(self, pile: _Pile, batch: Sequence[Attempt]) -> None:
        """Somebody holds a row, or the table: write the others, without waiting."""
        statements = pile.job.statements
        if statements.unlocked is None:
            self._locked.add(pile.job.name)
            self._write_each(batch)
            return
        try:
            ids = [attempt.row.id for attempt in batch]
            plan = plans.unlocked(statements.unlocked, ids)
            free = await self._link.briefly(plan)
            mine = [attempt for attempt in batch if attempt.row.id in free]
            written = await self._link.briefly(self._succeed(pile, mine))
        except FAULTS as error:
            pile.put_back(batch, error)
            return
        self._settle(mine, written)
        held = [attempt for attempt in batch if attempt.row.id not in free]
        if held:
            pile.put_back(held, errors.LockNotAvailable("somebody locks their rows"))

    def _succeed(
        self, pile: _Pile, batch: Sequence[Attempt]
    ) -> plans.Plan[set[int | UUID]]:
        rows = [attempt.row for attempt in batch]
        return plans.succeed_many(pile.job.statements, self._worker_id, rows)

    def _settle(self, batch: Sequence[Attempt], written: set[int | UUID]) -> None:
        for attempt in batch:
            if attempt.row.id in written:
                self._written(attempt, SUCCEED, JobStatus.SUCCEEDED)
            else:
                self._write_alone(attempt, SUCCEED)

    def _write_each(self, batch: Sequence[Attempt]) -> None:
        for attempt in batch:
            self._write_alone(attempt, SUCCEED)

    def _write_alone(self, attempt: Attempt, acknowledgement: Acknowledgement) -> None:
        task = asyncio.create_task(self._acknowledge(attempt, acknowledgement))
        self._alone.add(task)
        task.add_done_callback(self._alone.discard)

    async def _acknowledge(
        self, attempt: Attempt, acknowledgement: Acknowledgement
    ) -> None:
        job, fence = attempt.bound.job, attempt.fence
        final, written = await acknowledge(
            self._link, job, fence, acknowledgement, self._locked
        )
        self._written(attempt, final, written)

    def _written(
        self, attempt: Attempt, acknowledgement: Acknowledgement, written: Written
    ) -> None:
        self.backlog -= 1
        self.tell(attempt, acknowledgement, written)
