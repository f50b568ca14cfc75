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
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

from psycopg import errors

from jobgen.runtime import plans, worker_plans
from jobgen.runtime.acknowledge import acknowledge
from jobgen.runtime.attempt import Attempt
from jobgen.runtime.decide import Acknowledgement, Fail, Succeed
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


_Result: TypeAlias = tuple[Attempt, Acknowledgement]
"""No named tuple, which takes five times as long to make: there is one for each job."""
_Plan: TypeAlias = Callable[
    [UUID, Sequence[_Result]], plans.Plan[dict[int | UUID, JobStatus]]
]
"""The worker and a batch → the new status of those that were written."""


class _Pile:
    """Results of one job and of one kind that are not written yet.

    size: results in a batch; plan: of how to write one.
    """

    def __init__(self, job: JobType[Any, Any, Any], size: int, plan: _Plan) -> None:
        self.job = job
        self.plan = plan
        self.results: list[_Result] = []
        self.again_at = -math.inf
        self._size = size
        self._pauses = Pauses()

    def take(self) -> list[_Result]:
        """The next batch, in the order of the ids: two batches cannot deadlock."""
        self.results.sort(key=_id)
        batch, self.results = self.results[: self._size], self.results[self._size :]
        return batch

    def put_back(self, results: Iterable[_Result], error: BaseException) -> float:
        """They could not be written now, and will be after a pause: of what length."""
        self.results.extend(results)
        wait = self._pauses.failed()
        self.again_at = time.monotonic() + wait
        LOGGER.warning(
            "%s: %d results are not written yet, again in %.1f s: %s",
            self.job.name,
            len(self.results),
            wait,
            told(error),
        )
        return wait

    def written(self) -> None:
        """The database answers again."""
        self._pauses.succeeded()
        self.again_at = -math.inf


class Results:
    """Writes results on one connection until it is closed; none is given up."""

    tell: Callable[[Attempt, Acknowledgement, Written], None]
    """Called with each result once it is written; set by who makes attempts."""

    def __init__(self, link: Link, worker_id: UUID) -> None:
        self._link = link
        self._worker_id = worker_id
        self._piles: dict[tuple[str, type[Acknowledgement]], _Pile] = {}
        self._alone: set[asyncio.Task[None]] = set()
        self._locked: set[str] = set()
        self._some = asyncio.Event()
        self.backlog = 0
        """Results that are not written yet."""

    def write(self, attempt: Attempt, acknowledgement: Acknowledgement) -> None:
        """Write it soon; `tell` is called once it is."""
        self.backlog += 1
        pile = self._pile(attempt.bound.job, acknowledgement)
        if pile is None:
            self._write_alone(attempt, acknowledgement)
        else:
            pile.results.append((attempt, acknowledgement))
            self._some.set()

    async def run(self) -> None:
        """Write the batches, one of each pile in turn, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            for pile in tuple(self._piles.values()):
                if pile.results and pile.again_at <= time.monotonic():
                    await self._write_batch(pile)
                    if pile.results:
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
            self._settle(batch, written)

    async def _write_unlocked(self, pile: _Pile, batch: Sequence[_Result]) -> None:
        """Somebody holds a row, or the table: write the others, without waiting."""
        statements = pile.job.statements
        if statements.unlocked is None:
            self._locked.add(pile.job.name)
            self._write_each(batch)
            return
        try:
            ids = [attempt.row.id for attempt, _ in batch]
            plan = worker_plans.unlocked(statements.unlocked, ids)
            free = await self._link.briefly(plan)
        except FAULTS as error:
            self._put_back(pile, batch, error)
            return
        mine = [result for result in batch if _id(result) in free]
        if not mine:
            self._put_back_locked(pile, batch)
            return
        try:
            written = await self._link.briefly(pile.plan(self._worker_id, mine))
        except errors.LockNotAvailable:  # what one of them changes elsewhere is locked
            self._locked.add(pile.job.name)
            self._write_each(batch)
            return
        except FAULTS as error:
            if is_connection_lost(error):
                _doubt(mine)
            self._put_back(pile, batch, error)
            return
        except Exception:
            self._write_each(batch)
            return
        self._settle(mine, written)
        held = [result for result in batch if _id(result) not in free]
        if held:
            self._put_back_locked(pile, held)

    def _put_back_locked(self, pile: _Pile, held: Sequence[_Result]) -> None:
        locked = errors.LockNotAvailable("somebody locks their rows")
        self._put_back(pile, held, locked)

    def _put_back(
        self, pile: _Pile, batch: Sequence[_Result], error: BaseException
    ) -> None:
        wait = pile.put_back(batch, error)
        asyncio.get_running_loop().call_later(wait, self._some.set)

    def _settle(
        self, batch: Sequence[_Result], written: Mapping[int | UUID, JobStatus]
    ) -> None:
        for attempt, acknowledgement in batch:
            status = written.get(attempt.row.id)
            if status is None:
                self._write_alone(attempt, acknowledgement)
            else:
                self._written(attempt, acknowledgement, status)

    def _write_each(self, batch: Sequence[_Result]) -> None:
        for attempt, acknowledgement in batch:
            self._write_alone(attempt, acknowledgement)

    def _write_alone(self, attempt: Attempt, acknowledgement: Acknowledgement) -> None:
        task = asyncio.create_task(self._acknowledge(attempt, acknowledgement))
        self._alone.add(task)
        task.add_done_callback(self._written_alone)

    def _written_alone(self, task: asyncio.Task[None]) -> None:
        self._alone.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("a result was not taken note of", exc_info=error)

    async def _acknowledge(
        self, attempt: Attempt, acknowledgement: Acknowledgement
    ) -> None:
        job, fence = attempt.bound.job, attempt.fence
        final, written = await acknowledge(
            self._link,
            job,
            fence,
            acknowledgement,
            self._locked,
            in_doubt=attempt.in_doubt,
        )
        self._written(attempt, final, written)

    def _written(
        self, attempt: Attempt, acknowledgement: Acknowledgement, written: Written
    ) -> None:
        self.backlog -= 1
        self.tell(attempt, acknowledgement, written)


def _doubt(batch: Iterable[_Result]) -> None:
    """It was sent, and no answer came: it may be written."""
    for attempt, _ in batch:
        attempt.in_doubt = True


def _id(result: _Result) -> int | UUID:
    attempt, _ = result
    return attempt.row.id


def _pile(
    job: JobType[Any, Any, Any], acknowledgement: Acknowledgement
) -> _Pile | None:
    """An empty one, if there is a statement that writes many of the kind."""
    match acknowledgement:
        case Succeed():
            return _Pile(job, BATCH, partial(_succeed_many, job.statements))
        case Fail() if job.statements.fail_many is not None:
            return _Pile(job, _FAILURES, partial(_fail_many, job.statements.fail_many))
        case _:
            return None


def _succeed_many(
    statements: Statements, worker_id: UUID, batch: Sequence[_Result]
) -> plans.Plan[dict[int | UUID, JobStatus]]:
    rows = [attempt.row for attempt, _ in batch]
    return worker_plans.succeed_many(statements, worker_id, rows)


def _fail_many(
    sql: LiteralString, worker_id: UUID, batch: Sequence[_Result]
) -> plans.Plan[dict[int | UUID, JobStatus]]:
    failures = [
        worker_plans.Failure(attempt.row, fail.error, fail.delay)
        for attempt, fail in batch
        if isinstance(fail, Fail)
    ]
    return worker_plans.fail_many(sql, worker_id, failures)
