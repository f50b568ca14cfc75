"""The results of attempts on their way to the server: most of them in batches.

While one batch is being written, what ends meanwhile makes the next; so a lone
success is written at once, and many cost one statement. Failures have batches of
their own: when something that all handlers need is down, all of them fail. What is
rare is written by itself.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

from psycopg import errors

from jobgen.runtime import plans, worker_plans
from jobgen.runtime.acknowledge import acknowledge
from jobgen.runtime.attempt import Attempt
from jobgen.runtime.decide import SUCCEED, Acknowledgement, Fail, Succeed
from jobgen.runtime.job import JobType, Statements
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, is_connection_lost, told
from jobgen.runtime.pauses import Pauses
from jobgen.runtime.status import JobStatus
from jobgen.runtime.unwritten import Unwritten

BATCH: Final = 1_000
"""Successes in one statement, so that it holds its locks briefly."""
_FAILURES: Final = 100
"""Failures in one statement: each brings the text of its error."""

Written: TypeAlias = JobStatus | Unwritten
"""What a row is after its result, or why there was nothing to write."""


_Plan: TypeAlias = Callable[
    [UUID, Sequence[Attempt]], plans.Plan[dict[int | UUID, JobStatus]]
]
"""The worker and a batch → the new status of those that were written."""

_id: Final[Callable[[Attempt], int | UUID]] = attrgetter("row.id")


class _Pile:
    """Results of one job and of one kind that are not written yet.

    size: attempts in a batch; plan: of how to write one; succeeds: whether that can
    make successes of them and nothing else.
    """

    def __init__(
        self, job: JobType[Any, Any, Any], size: int, plan: _Plan, *, succeeds: bool
    ) -> None:
        self.job = job
        self.plan = plan
        self.succeeds = succeeds
        self.attempts: list[Attempt] = []
        self.again_at = -math.inf
        self.locked: list[Attempt] = []
        """Those whose rows somebody locks: the others do not wait with them."""
        self.locked_again_at = -math.inf
        self._size = size
        self._pauses = Pauses()
        self._locked_pauses = Pauses()

    def take(self) -> list[Attempt]:
        """The next batch, in the order of the ids: two batches cannot deadlock."""
        self.attempts.sort(key=_id)
        batch, self.attempts = self.attempts[: self._size], self.attempts[self._size :]
        return batch

    def take_locked(self) -> list[Attempt]:
        """The same of those that were locked, where some may be behind many that are."""
        batch, self.locked = self.locked[: self._size], self.locked[self._size :]
        return sorted(batch, key=_id)

    def put_back(self, attempts: Iterable[Attempt], error: BaseException) -> float:
        """They could not be written now, and will be after a pause: of what length."""
        self.attempts.extend(attempts)
        wait = self._pauses.failed()
        self.again_at = time.monotonic() + wait
        self._tell(len(self.attempts), wait, told(error))
        return wait

    def put_aside(self, attempts: Iterable[Attempt]) -> float:
        """The same, because somebody locks their rows; those that come while others
        wait are tried with them, so that none is put off again and again."""
        self.locked.extend(attempts)
        now = time.monotonic()
        if self.locked_again_at <= now:
            self.locked_again_at = now + self._locked_pauses.failed()
        wait = self.locked_again_at - now
        self._tell(len(self.locked), wait, "somebody locks their rows")
        return wait

    def written(self) -> None:
        """The database answers again."""
        self._pauses.succeeded()
        self.again_at = -math.inf
        if not self.locked:
            self._locked_pauses.succeeded()

    def _tell(self, number: int, wait: float, reason: str) -> None:
        LOGGER.warning(
            "%s: %d results are not written yet, again in %.1f s: %s",
            self.job.name,
            number,
            wait,
            reason,
        )


class Results:
    """Writes results on one connection until it is closed; none is given up."""

    tell: Callable[[Attempt, Acknowledgement, Written], None]
    """Called with each result once it is written; set by who makes attempts."""
    succeeded: Callable[[Sequence[Attempt]], None]
    """The same for successes, many at once."""

    def __init__(self, link: Link, worker_id: UUID) -> None:
        self._link = link
        self._worker_id = worker_id
        self._piles: dict[tuple[str, type[Acknowledgement]], _Pile] = {}
        self._alone: set[asyncio.Task[None]] = set()
        self._in_vain: set[str] = set()
        """The jobs where a lock was lately waited for in vain."""
        self._some = asyncio.Event()
        self._unwritten = Counter[str]()
        """How many results are not written yet, by the names of their jobs."""
        self._held = defaultdict[str, set[Attempt]](set)
        """Those of them with something in the way that is not the server's speed."""

    def backlog(self, job: JobType[Any, Any, Any]) -> int:
        """How many results of the job the server has still to take."""
        return self._unwritten[job.name] - len(self._held[job.name])

    def write(self, attempt: Attempt, acknowledgement: Acknowledgement) -> None:
        """Write it soon; `tell` or `succeeded` is called once it is."""
        self._unwritten[attempt.bound.job.name] += 1
        attempt.acknowledgement = acknowledgement
        pile = self._pile(attempt.bound.job, acknowledgement)
        if pile is None:
            self._write_alone(attempt)
        else:
            pile.attempts.append(attempt)
            self._some.set()

    def write_successes(
        self, job: JobType[Any, Any, Any], attempts: Sequence[Attempt]
    ) -> None:
        """The same for attempts of this job that have succeeded."""
        if attempts:
            pile = self._pile(job, SUCCEED)
            assert pile is not None, "there is a statement for many successes"
            self._unwritten[job.name] += len(attempts)
            pile.attempts.extend(attempts)
            self._some.set()

    async def run(self) -> None:
        """Write the batches, one of each pile in turn, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            for pile in tuple(self._piles.values()):
                if pile.attempts and pile.again_at <= time.monotonic():
                    await self._write_batch(pile)
                    if pile.attempts:
                        self._some.set()
                if pile.locked and pile.locked_again_at <= time.monotonic():
                    await self._write_unlocked(pile, pile.take_locked())
                    if pile.locked:
                        self._some.set()

    async def close(self) -> None:
        """Stop writing: what is not written now never will be."""
        for task in self._alone:
            task.cancel()
        await asyncio.gather(*self._alone, return_exceptions=True)

    def _pile(
        self, job: JobType[Any, Any, Any], acknowledgement: Acknowledgement
    ) -> _Pile | None:
        """Where it waits for others of its kind, if there is a statement for many."""
        key = (job.name, type(acknowledgement))
        pile = self._piles.get(key)
        if pile is None:
            pile = _pile(job, acknowledgement)
            if pile is not None:
                self._piles[key] = pile
        return pile

    async def _write_batch(self, pile: _Pile) -> None:
        """One statement; one by one where it fails, so that none holds up others."""
        batch = pile.take()
        is_sent = False
        try:
            await self._link.open()
            is_sent = True
            written = await self._link.run(pile.plan(self._worker_id, batch))
        except errors.LockNotAvailable:
            await self._write_unlocked(pile, batch)
        except FAULTS as error:
            if is_connection_lost(error):
                if is_sent:
                    _doubt(batch)
                self._put_back(pile, batch, error)
            else:
                self._write_each(batch)
        except Exception:  # what one of them is made of; it says so by itself
            self._write_each(batch)
        else:
            pile.written()
            self._settle(pile, batch, written)

    async def _write_unlocked(self, pile: _Pile, batch: Sequence[Attempt]) -> None:
        """Somebody holds a row, or the table: write the others, without waiting."""
        statements = pile.job.statements
        if statements.unlocked is None:
            self._in_vain.add(pile.job.name)
            self._write_each(batch)
            return
        try:
            ids = [attempt.row.id for attempt in batch]
            plan = worker_plans.unlocked(statements.unlocked, ids)
            free = await self._link.briefly(plan)
        except FAULTS as error:
            self._put_back(pile, batch, error)
            return
        self._put_aside(pile, [each for each in batch if _id(each) not in free])
        mine = [attempt for attempt in batch if _id(attempt) in free]
        if not mine:
            return
        try:
            written = await self._link.briefly(pile.plan(self._worker_id, mine))
        except errors.LockNotAvailable:  # what one of them changes elsewhere is locked
            self._in_vain.add(pile.job.name)
            self._write_each(mine)
        except FAULTS as error:
            if is_connection_lost(error):
                _doubt(mine)
            self._put_back(pile, mine, error)
        except Exception:
            self._write_each(mine)
        else:
            pile.written()
            self._settle(pile, mine, written)

    def _put_aside(self, pile: _Pile, attempts: Sequence[Attempt]) -> None:
        if attempts:
            for attempt in attempts:
                self._hold(attempt)
            wait = pile.put_aside(attempts)
            asyncio.get_running_loop().call_later(wait, self._some.set)

    def _put_back(
        self, pile: _Pile, batch: Sequence[Attempt], error: BaseException
    ) -> None:
        wait = pile.put_back(batch, error)
        asyncio.get_running_loop().call_later(wait, self._some.set)

    def _settle(
        self,
        pile: _Pile,
        batch: Sequence[Attempt],
        written: Mapping[int | UUID, JobStatus],
    ) -> None:
        if pile.succeeds and len(written) == len(batch):
            self._all_succeeded(pile.job, batch)
            return
        succeeded: list[Attempt] = []
        for attempt in batch:
            status = written.get(attempt.row.id)
            if status is JobStatus.SUCCEEDED:
                succeeded.append(attempt)
            elif status is None:
                self._write_alone(attempt)
            else:
                self._written(attempt, attempt.acknowledgement, status)
        if succeeded:
            self._all_succeeded(pile.job, succeeded)

    def _all_succeeded(
        self, job: JobType[Any, Any, Any], attempts: Sequence[Attempt]
    ) -> None:
        self._strike(job, attempts)
        self.succeeded(attempts)

    def _write_each(self, batch: Sequence[Attempt]) -> None:
        for attempt in batch:
            self._write_alone(attempt)

    def _write_alone(self, attempt: Attempt) -> None:
        task = asyncio.create_task(self._acknowledge(attempt))
        self._alone.add(task)
        task.add_done_callback(self._written_alone)

    def _written_alone(self, task: asyncio.Task[None]) -> None:
        self._alone.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("a result was not taken note of", exc_info=error)

    async def _acknowledge(self, attempt: Attempt) -> None:
        final, written = await acknowledge(
            self._link,
            attempt.bound.job,
            attempt.fence,
            attempt.acknowledgement,
            self._in_vain,
            partial(self._hold, attempt),
            in_doubt=attempt.in_doubt,
        )
        self._written(attempt, final, written)

    def _hold(self, attempt: Attempt) -> None:
        """It keeps nothing from being fetched: that may be what it waits for."""
        self._held[attempt.bound.job.name].add(attempt)

    def _strike(self, job: JobType[Any, Any, Any], attempts: Sequence[Attempt]) -> None:
        """They are not unwritten any more."""
        self._unwritten[job.name] -= len(attempts)
        self._held[job.name].difference_update(attempts)

    def _written(
        self, attempt: Attempt, acknowledgement: Acknowledgement, written: Written
    ) -> None:
        self._strike(attempt.bound.job, (attempt,))
        self.tell(attempt, acknowledgement, written)


def _doubt(batch: Iterable[Attempt]) -> None:
    """It was sent, and no answer came: it may be written."""
    for attempt in batch:
        attempt.in_doubt = True


def _pile(
    job: JobType[Any, Any, Any], acknowledgement: Acknowledgement
) -> _Pile | None:
    """An empty one, if there is a statement that writes many of the kind."""
    match acknowledgement:
        case Succeed():
            plan = partial(_succeed_many, job.statements)
            return _Pile(job, BATCH, plan, succeeds=True)
        case Fail() if job.statements.fail_many is not None:
            plan = partial(_fail_many, job.statements.fail_many)
            return _Pile(job, _FAILURES, plan, succeeds=False)
        case _:
            return None


def _succeed_many(
    statements: Statements, worker_id: UUID, batch: Sequence[Attempt]
) -> plans.Plan[dict[int | UUID, JobStatus]]:
    rows = [attempt.row for attempt in batch]
    return worker_plans.succeed_many(statements, worker_id, rows)


def _fail_many(
    sql: LiteralString, worker_id: UUID, batch: Sequence[Attempt]
) -> plans.Plan[dict[int | UUID, JobStatus]]:
    failures = [
        worker_plans.Failure(attempt.row, fail.error, fail.delay)
        for attempt in batch
        if isinstance(fail := attempt.acknowledgement, Fail)
    ]
    return worker_plans.fail_many(sql, worker_id, failures)
