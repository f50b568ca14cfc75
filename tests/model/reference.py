"""What a queue should do: the model, which knows no SQL and no server.

```
              fetch                succeed
not_started ────────→ running ───────────────→ succeeded (or deleted)
    ↑  ↑                │ │ │ fail, timeout, rescue: no attempt left
    │  └── give back ───┘ │ └────────────────→ failed, timed_out
  retry ←─────────────────┘
         fail, timeout, rescue, give back
```
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias, TypedDict, Unpack
from uuid import UUID

from tests.model.kinds import Hours, Kind

Key: TypeAlias = int | UUID

READY: Final = ("not_started", "retry")
FINAL: Final = ("succeeded", "failed", "timed_out")


class Moment(NamedTuple):
    """A time: the hour, and within it the number of the operation."""

    hour: Hours
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job as its row should be."""

    id: Key
    run_at: Moment
    updated_at: Moment
    priority: int = 0
    status: str = "not_started"
    last_error: str | None = None
    attempts_count: int = 0
    locked_at: Moment | None = None
    locked_by: UUID | None = None

    @property
    def ready(self) -> bool:
        return self.status in READY and self.locked_by is None

    @property
    def place(self) -> tuple[int, Moment, Key]:
        return (self.priority, self.run_at, self.id)


class Changes(TypedDict, total=False):
    """What may become different in a row."""

    run_at: Moment
    status: str
    last_error: str | None
    attempts_count: int
    locked_at: Moment | None
    locked_by: UUID | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a worker remembers of the row that it fetched: its right to finish it."""

    id: Key
    locked_by: UUID | None
    locked_at: Moment | None
    attempts_count: int


class Queue:
    """The rows of one job and the workers that are known, at one moment."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.now = Moment(0, 0)
        self.rows: dict[Key, Row] = {}
        self.heartbeats: dict[UUID, Moment] = {}
        self.endings: dict[Key, int] = {}
        """How often each job came to an end."""

    def tick(self) -> None:
        """Another operation begins."""
        self.now = Moment(self.now.hour, self.now.step + 1)

    def pass_time(self, hours: Hours) -> None:
        self.now = Moment(self.now.hour + hours, self.now.step)

    def later(self, hours: Hours) -> Moment:
        return Moment(self.now.hour + hours, self.now.step)

    def enqueue(self, key: Key, delay: Hours, priority: int) -> None:
        assert key not in self.endings, "an id was given twice"
        run_at = self.later(delay)
        self.endings[key] = 0
        self.rows[key] = Row(
            id=key, run_at=run_at, updated_at=self.now, priority=priority
        )

    def due(self) -> list[Row]:
        """What may be fetched now, in queue order."""
        ready = [row for row in self.rows.values() if row.ready]
        return sorted(
            (row for row in ready if row.run_at <= self.now), key=lambda row: row.place
        )

    def fetch(self, worker: UUID, limit: int) -> list[Attempt]:
        """The attempts that begin, in queue order."""
        return [self.take(row, worker) for row in self.due()[:limit]]

    def take(self, row: Row, worker: UUID) -> Attempt:
        taken = self._change(
            row,
            status="running",
            attempts_count=row.attempts_count + 1,
            locked_at=self.now,
            locked_by=worker,
        )
        return Attempt(row.id, worker, self.now, taken.attempts_count)

    def owned(self, attempt: Attempt) -> Row | None:
        """The row, if this attempt still owns it."""
        row = self.rows.get(attempt.id)
        if row is None or row.status != "running":
            return None
        found = Attempt(row.id, row.locked_by, row.locked_at, row.attempts_count)
        return row if found == attempt else None

    def succeed(self, attempt: Attempt) -> str | None:
        row = self.owned(attempt)
        return None if row is None else self._end(row, "succeeded", row.last_error)

    def fail(self, attempt: Attempt, error: str, delay: Hours | None) -> str | None:
        return self._attempt_over(attempt, "failed", error, delay)

    def timeout(self, attempt: Attempt) -> str | None:
        return self._attempt_over(attempt, "timed_out", "Timeout reached", None)

    def cancel(self, attempt: Attempt, error: str) -> str | None:
        row = self.owned(attempt)
        return None if row is None else self._end(row, "failed", error)

    def give_back(self, attempt: Attempt, delay: Hours | None) -> str | None:
        row = self.owned(attempt)
        if row is None:
            return None
        return self._change(
            row,
            status="retry" if row.attempts_count > 1 else "not_started",
            attempts_count=row.attempts_count - 1,
            locked_at=None,
            locked_by=None,
            run_at=row.run_at if delay is None else self.later(delay),
        ).status

    def rescue(self, dead_after: Hours) -> int:
        lost = [row for row in self.rows.values() if self._is_lost(row, dead_after)]
        for row in lost:
            self._rescue(row)
        for row in list(self.rows.values()):
            if self._is_stranded(row, dead_after):
                self._change(row, locked_at=None, locked_by=None)
        return len(lost)

    def overwrite(self, row: Row, **changes: Unpack[Changes]) -> None:
        """What somebody does to the row who knows nothing of attempts."""
        changed = self._change(row, **changes)
        self.endings[row.id] += changed.status in FINAL

    def beat(self, worker: UUID, hours_ago: Hours = 0) -> None:
        self.heartbeats[worker] = self.later(-hours_ago)

    def is_dead(self, worker: UUID | None, dead_after: Hours) -> bool:
        """Whether the worker is known, and silent for too long."""
        assert worker is not None
        beat = self.heartbeats.get(worker)
        return beat is not None and self._age(beat) >= dead_after

    def _is_lost(self, row: Row, dead_after: Hours) -> bool:
        if row.status != "running" or row.locked_at is None:
            return False
        if row.locked_by in self.heartbeats:
            return self.is_dead(row.locked_by, dead_after)
        return self._age(row.locked_at) >= self.kind.stale_after

    def _is_stranded(self, row: Row, dead_after: Hours) -> bool:
        if row.status not in READY or row.locked_by is None:
            return False
        since = row.locked_at or row.updated_at
        alive = row.locked_by in self.heartbeats and not self.is_dead(
            row.locked_by, dead_after
        )
        return not alive and self._age(since) >= self.kind.stale_after

    def _rescue(self, row: Row) -> None:
        assert row.locked_at is not None
        unknown = row.locked_by not in self.heartbeats
        if unknown and self._age(row.locked_at) >= self.kind.abandoned_after:
            self._end(row, "failed", "Stale for more than a day")
        elif row.attempts_count >= self.kind.max_attempts:
            self._end(row, "failed", "Worker lost")
        else:
            self._change(
                row,
                status="retry",
                last_error="Worker lost",
                locked_at=None,
                locked_by=None,
                run_at=self.now,
            )

    def _attempt_over(
        self, attempt: Attempt, final: str, error: str, delay: Hours | None
    ) -> str | None:
        row = self.owned(attempt)
        if row is None:
            return None
        if row.attempts_count >= self.kind.max_attempts:
            return self._end(row, final, error)
        wait = self.kind.backoff(row.attempts_count) if delay is None else delay
        return self._change(
            row,
            status="retry",
            last_error=error,
            locked_by=None,
            run_at=self.later(wait),
        ).status

    def _end(self, row: Row, status: str, error: str | None) -> str:
        self.endings[row.id] += 1
        if status == "succeeded" and self.kind.deletes:
            del self.rows[row.id]
        else:
            self._change(row, status=status, last_error=error, locked_by=None)
        return status

    def _change(self, row: Row, **changes: Unpack[Changes]) -> Row:
        changed = replace(row, updated_at=self.now, **changes)
        self.rows[row.id] = changed
        return changed

    def _age(self, since: Moment) -> Hours:
        return self.now.hour - since.hour
