"""How many handlers may start now: per job, and over all jobs of the process."""

from __future__ import annotations

from collections import Counter

from jobgen.runtime.handlers import Bound


class Slots:
    """Counts running handlers against the limits; `limit` is the process's own."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._taken: Counter[str] = Counter()
        self._total = 0

    def free(self, bound: Bound) -> int:
        """How many more handlers of this job may start."""
        free = bound.job.policy.concurrency - self._taken[bound.job.name]
        if self.limit is not None:
            free = min(free, self.limit - self._total)
        return max(free, 0)

    def take(self, bound: Bound) -> None:
        self._taken[bound.job.name] += 1
        self._total += 1

    def give(self, bound: Bound) -> None:
        self._taken[bound.job.name] -= 1
        self._total -= 1
