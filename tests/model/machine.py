"""Histories: what producers, workers, operators and time do, in any order.

Every rule does the same to the table and to the model, and compares the answers;
after each, every row is compared. `Held` attempts are never forgotten, so that
most of what workers write comes from owners that are no longer the owner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.model.kinds import KINDS, Hours, Kind
from tests.model.reference import FINAL, Attempt, Queue, Row
from tests.model.results import RESULTS, Result
from tests.model.table import HOUR, Table
from tests.unseen import Unseen

WORKERS = 3
DEAD_AFTER: Hours = 2

OVERWRITES = ("retry", "finish", "steal", "recount", "forget")

_delays = st.none() | st.integers(0, 2)
_workers = st.integers(0, WORKERS - 1)
_priorities = st.integers(-1, 1)
_results = st.sampled_from(RESULTS)


@dataclass(frozen=True, slots=True)
class Held:
    """An attempt as the worker has it, and as the model knows it."""

    job: Unseen
    attempt: Attempt


def _short(status: str | None) -> str | None:
    """As the model spells it."""
    return None if status is None else status.removeprefix("job_status_")


def _is_due(histories: Histories) -> bool:
    return bool(histories.queue.due())


def _holds_some(histories: Histories) -> bool:
    return bool(histories.held)


def _runs_some(histories: Histories) -> bool:
    return bool(histories.running)


class Histories(RuleBasedStateMachine):
    """One history of one kind of job; the database `dsn` has `package`'s tables."""

    dsn: ClassVar[str]
    package: ClassVar[Unseen]

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Held] = []
        self._ids = (UUID(int=n) for n in count(1))
        self.workers = [next(self._ids) for _ in range(WORKERS)]

    @initialize(kind=st.sampled_from(KINDS), jobs=st.integers(1, 5))
    def begin(self, kind: Kind, jobs: int) -> None:
        self.table = Table(self.dsn, self.package, kind)
        self.queue = Queue(kind)
        for worker in self.workers:
            self._beat(worker)
        self.enqueue("enqueue_many", jobs, None, 0)

    # --- producers

    @rule(
        way=st.sampled_from(["enqueue", "enqueue_many", "enqueue_copy"]),
        number=st.integers(1, 3),
        delay=_delays,
        priority=_priorities,
    )
    def enqueue(
        self, way: str, number: int, delay: Hours | None, priority: int
    ) -> None:
        self.queue.tick()
        number = 1 if way == "enqueue" else number
        before = self.table.ids()
        new = self.table.jobs(number, delay, priority)
        function = getattr(self.table.module, way)
        answer: Unseen = function(self.table.conn, new[0] if way == "enqueue" else new)
        ids = self.table.ids() - before
        assert len(ids) == number
        answers = {"enqueue": [answer], "enqueue_many": answer, "enqueue_copy": ids}
        assert set(answers[way]) == ids
        for key in sorted(ids):
            self.queue.enqueue(key, delay or 0, priority if self._has_priority else 0)

    # --- workers

    @rule(worker=_workers, limit=st.none() | st.integers(1, 3))
    def fetch(self, worker: int, limit: int | None) -> None:
        self.queue.tick()
        owner, conn, module = self.workers[worker], self.table.conn, self.table.module
        if limit is not None:
            self._hold(module.fetch_many(conn, owner, limit), owner, limit)
        else:
            job = module.fetch(conn, owner)
            self._hold([] if job is None else [job], owner, 1)

    @precondition(_is_due)
    @rule(worker=_workers, results=st.lists(_results, max_size=2))
    def work(self, worker: int, results: list[Result]) -> None:
        """Fetch, and write what becomes of the first ones at once."""
        known = len(self.held)
        self.fetch(worker, len(results) + 1)
        for held, result in zip(self.held[known:], results, strict=False):
            self._write(held, result)

    @precondition(_holds_some)
    @rule(data=st.data(), result=_results)
    def write(self, data: st.DataObject, result: Result) -> None:
        """An owner, or one that no longer is, writes what became of its attempt."""
        self._write(self._any_held(data), result)

    @precondition(_holds_some)
    @rule(data=st.data())
    def succeed_many(self, data: st.DataObject) -> None:
        """Of one worker at once, as the runtime does it."""
        owner, chosen = self._some_of_one_worker(data)
        written = self.table.succeed_many(owner, [held.job for held in chosen])
        assert written == {h.job.id for h in chosen if self.queue.succeed(h.attempt)}

    @precondition(_holds_some)
    @rule(data=st.data())
    def fail_many(self, data: st.DataObject) -> None:
        """The same, of attempts that failed."""
        owner, chosen = self._some_of_one_worker(data)
        jobs = [held.job for held in chosen]
        written = self.table.fail_many(owner, jobs, "no luck")
        for held in chosen:
            status = self.queue.fail(held.attempt, "no luck", None)
            assert _short(written.get(held.job.id)) == status

    @precondition(_holds_some)
    @rule(data=st.data(), result=_results)
    def write_in_vain(self, data: st.DataObject, result: Result) -> None:
        """In a transaction that is rolled back, while another session looks."""
        held = self._any_held(data)
        owns = self.queue.owned(held.attempt) is not None
        with self.table.conn.transaction(force_rollback=True):
            assert (result.write(self.table, held.job) is not None) == owns

    # --- life and death

    @precondition(_runs_some)
    @rule(worker=_workers, change=st.sampled_from(["beat", "die", "leave", "return"]))
    def change_worker(self, worker: int, change: str) -> None:
        self.queue.tick()
        owner = self.workers[worker]
        match change:
            case "beat":
                self._beat(owner)
            case "die":
                self.table.beat(owner, hours_ago=DEAD_AFTER)
                self.queue.beat(owner, hours_ago=DEAD_AFTER)
            case "leave":  # what it holds is an unknown worker's
                self.table.forget(owner)
                self.queue.heartbeats.pop(owner, None)
            case _:  # as another process: an id is never used twice
                self.workers[worker] = next(self._ids)
                self._beat(self.workers[worker])

    @precondition(_runs_some)
    @rule()
    def rescue(self) -> None:
        self.queue.tick()
        rescued = self.table.module.rescue(self.table.conn, DEAD_AFTER * HOUR)
        assert rescued == self.queue.rescue(DEAD_AFTER)
        assert self.table.orphans(DEAD_AFTER) == []

    @rule(hours=st.sampled_from([1, 2, 3, 25]))
    def pass_time(self, hours: Hours) -> None:
        self.queue.pass_time(hours)
        self.table.pass_time(hours)
        # A worker keeps the time that it got: by the moved clock, the same moment.
        self.held = [
            Held(replace(h.job, locked_at=h.job.locked_at - hours * HOUR), h.attempt)
            for h in self.held
        ]

    # --- those who know nothing of attempts

    @precondition(_runs_some)
    @rule(data=st.data(), change=st.sampled_from(OVERWRITES))
    def overwrite(self, data: st.DataObject, change: str) -> None:
        self.queue.tick()
        row = data.draw(st.sampled_from(self.running))
        match change:
            case "finish":  # IHP marks results by the id alone
                changes = "status = 'job_status_succeeded', locked_by = NULL"
                self.table.overwrite(row.id, changes)
                self.queue.overwrite(row, status="succeeded", locked_by=None)
            case "steal":
                thief = next(self._ids)
                self.table.overwrite(row.id, f"locked_by = '{thief}'")
                self.queue.overwrite(row, locked_by=thief)
            case "recount":
                self.table.overwrite(row.id, "attempts_count = 0")
                self.queue.overwrite(row, attempts_count=0)
            case "forget":
                self.table.overwrite(row.id, "locked_at = NULL")
                self.queue.overwrite(row, locked_at=None)
            case _:  # an operator frees the row in the wrong way: its lock stays
                if row.attempts_count < self.queue.kind.max_attempts:
                    self.table.overwrite(row.id, "status = 'job_status_retry'")
                    self.queue.overwrite(row, status="retry")

    # --- what always holds

    @invariant()
    def the_table_agrees_with_the_model(self) -> None:
        if not hasattr(self, "table"):
            return
        rows = self.queue.rows
        assert self.table.rows() == {key: _by_hour(row) for key, row in rows.items()}
        in_order = sorted(rows.values(), key=lambda row: row.place)
        assert self.table.order() == [row.id for row in in_order]
        assert self.table.module.pending(self.table.conn) == len(self.queue.due())
        most = self.queue.kind.max_attempts
        assert all(row.attempts_count <= most for row in rows.values())

    def teardown(self) -> None:
        if not hasattr(self, "table"):
            return
        try:
            self._come_to_an_end()
        finally:
            self.table.close()

    def _come_to_an_end(self) -> None:
        """Once its workers are dead and others come, each job ends, and once only."""
        for row in self.running:
            if row.locked_at is None:  # which nobody touches, in either
                self.table.overwrite(row.id, "locked_at = now()")
                self.queue.overwrite(row, locked_at=self.queue.now)
        for _ in range(2):
            self.pass_time(60)
            self.rescue()
            self.fetch(0, 10_000)
            for held in self.held:
                self.table.module.succeed(self.table.conn, held.job)
                self.queue.succeed(held.attempt)
        self.the_table_agrees_with_the_model()
        assert {row.status for row in self.table.rows().values()} <= set(FINAL)
        assert set(self.queue.endings.values()) <= {1}

    # --- steps

    @property
    def running(self) -> list[Row]:
        """In an order that the same history repeats."""
        rows = self.queue.rows.values()
        running = [row for row in rows if row.status == "running"]
        return sorted(running, key=lambda row: row.place)

    @property
    def _has_priority(self) -> bool:
        return self.queue.kind.priority

    def _beat(self, worker: UUID) -> None:
        self.table.beat(worker)
        self.queue.beat(worker)

    def _hold(self, jobs: list[Unseen], owner: UUID, limit: int) -> None:
        """The jobs are those that the model expects, in its order."""
        attempts = self.queue.fetch(owner, limit)
        assert [job.id for job in jobs] == [attempt.id for attempt in attempts]
        self.held += map(Held, jobs, attempts)

    def _write(self, held: Held, result: Result) -> None:
        self.queue.tick()
        found = result.write(self.table, held.job)
        assert _short(found) == result.expect(self.queue, held.attempt)

    def _some_of_one_worker(self, data: st.DataObject) -> tuple[UUID, list[Held]]:
        """Attempts that one worker writes in one statement; an operation begins."""
        owner = self._any_held(data).attempt.locked_by
        assert owner is not None, "a worker fetched it"
        mine = [held for held in self.held if held.attempt.locked_by == owner]
        # No id twice: of two attempts at a row, at most one is the owner.
        picked = data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=4))
        return owner, list({held.attempt.id: held for held in picked}.values())

    def _any_held(self, data: st.DataObject) -> Held:
        """An attempt, often one that owns its row; an operation begins."""
        self.queue.tick()
        owners = [held for held in self.held if self.queue.owned(held.attempt)]
        return data.draw(
            st.sampled_from(owners or self.held) | st.sampled_from(self.held)
        )


def _by_hour(row: Row) -> Row:
    """Times as `Table.rows` has them: the order within an hour is compared apart."""
    return replace(
        row,
        run_at=row.run_at._replace(step=0),
        updated_at=row.updated_at._replace(step=0),
        locked_at=row.locked_at and row.locked_at._replace(step=0),
    )
