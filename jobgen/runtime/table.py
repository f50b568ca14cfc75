"""What the fetch loop knows of one table."""

from __future__ import annotations

import math
from typing import Any, Final

from jobgen.runtime import plans, worker_plans
from jobgen.runtime.handlers import Bound
from jobgen.runtime.job import JobType, Lease
from jobgen.runtime.link import Link
from jobgen.runtime.mark import Mark
from jobgen.runtime.watch import Watch

BATCH: Final = 1_000
"""Rows in one fetch at most: so many hide what a round trip and a commit cost."""

_BATCH_BYTES: Final = 1 << 24
"""What they should not exceed together, as they came; in memory it is some times that."""

_FIRST_BATCH: Final = 50
"""Rows in the first fetch, when nobody knows how large they are."""

_CALL_EVERY: Final = 0.2
"""Seconds between two calls for help: each of them wakes every worker that sleeps."""


class Table:
    """listens: whether the worker hears notifications at all."""

    def __init__(self, bound: Bound, *, listens: bool) -> None:
        job: JobType[Any, Any, Any] = bound.job
        notifications = job.notifications
        self.bound = bound
        self.job = job
        self.is_heard = listens and notifications is not None
        self._own_lease = None if notifications is None else notifications.lease
        self.lease: Lease | None = self._own_lease
        self.watch = Watch(leased=self.lease is not None)
        self.mark = Mark()
        self.batch = _FIRST_BATCH
        """Rows to take in the next fetch at most, going by how large the last were."""
        self.is_shut = False
        """Whether the last look failed: somebody locks the whole table, or it is faulty."""
        self.transaction: int | None = None
        """Taken when the last promise was withdrawn; None: it has not been."""
        self._called_at = -math.inf

    def fetched(self, rows: int, size: int) -> None:
        """So many rows were taken, of about `size` bytes each."""
        if rows:
            self.batch = min(max(_BATCH_BYTES // max(size, 1), 1), BATCH)

    def next_due(self) -> plans.Plan[float | None]:
        """Seconds until the first row is due; None where there is none."""
        due = yield from worker_plans.next_due(self.job.statements.next_due)
        return due.get(self.job.name)

    async def run(self, link: Link, plan: plans.Plan[plans.A]) -> plans.A:
        """Carry it out, hardly waiting while somebody else locks the table.

        Raises what `Link` does.
        """
        run = link.briefly if self.is_shut else link.run
        return await run(plan)

    def may_call(self, now: float) -> bool:
        """Whether to notify others that there is more than one worker's work."""
        if now - self._called_at < _CALL_EVERY or not self.watch.was_full:
            return False
        self._called_at = now
        return True

    def give_up_lease(self) -> None:
        """Until the next connection."""
        self.lease = None
        self.watch.leased = False

    def reconnected(self, now: float) -> None:
        """What was known of it may have changed meanwhile."""
        self.lease = self._own_lease
        self.watch.leased = self.lease is not None
        self.mark.forget()
        self.transaction = None
        self.watch.reconnected(now)
