"""The real queue: a table on a server, and the generated functions on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

import psycopg
from psycopg import RawCursor
from psycopg.rows import TupleRow

from jobgen.runtime import JobStatus, sync, worker_plans
from tests.model.kinds import Hours, Kind
from tests.model.reference import Key, Moment, Row
from tests.unseen import Unseen

HOUR: Final = timedelta(hours=1)
UUIDS: Final = """
CREATE SEQUENCE uuids;
ALTER TABLE token_jobs ALTER id SET DEFAULT md5(nextval('uuids')::text)::uuid;
ALTER TABLE fleeting_jobs ALTER id SET DEFAULT md5(nextval('uuids')::text)::uuid;
"""
"""Ids in no order, and yet always the same ones."""

_TIMES: Final = ("created_at", "updated_at", "locked_at", "run_at")


class Table:
    """One job's rows. `module` is the job's, `new` the class of its payload."""

    def __init__(self, dsn: str, package: Unseen, kind: Kind) -> None:
        self.module: Unseen = getattr(package, kind.name)
        self.new: Unseen = getattr(package, kind.name.capitalize())
        self.conn = psycopg.connect(dsn, autocommit=True)
        self._kind = kind
        # The same history has the same ids, or it could not be repeated.
        self.execute(f"TRUNCATE {self.module.TABLE}, jobgen_workers RESTART IDENTITY")
        self.execute("ALTER SEQUENCE uuids RESTART")
        self._epoch = self.now()
        self._passed = 0

    def close(self) -> None:
        self.conn.close()

    def execute(self, query: str, parameters: Sequence[object] = ()) -> list[TupleRow]:
        """Any statement, in text that this folder makes, with `%s` parameters."""
        cursor = self.conn.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def statement(
        self, sql: LiteralString, parameters: Sequence[object]
    ) -> list[TupleRow]:
        """One of `JOB.statements`, in autocommit mode."""
        return RawCursor(self.conn).execute(sql, parameters).fetchall()

    def now(self) -> datetime:
        ((now,),) = self.execute("SELECT clock_timestamp()")
        assert isinstance(now, datetime)
        return now

    def jobs(self, count: int, delay: Hours | None, priority: int) -> list[Unseen]:
        """New jobs, all due `delay` from now; None leaves it to the default."""
        settings: dict[str, object] = {}
        if delay is not None:
            settings["run_at"] = self.now() + delay * HOUR
        if self._kind.priority:
            settings["priority"] = priority
        return [self.new(**settings) for _ in range(count)]

    def pass_time(self, hours: Hours) -> None:
        """Everything that is on record happened so much earlier."""
        ago = ", ".join(f"{name} = {name} - interval '1h' * %s" for name in _TIMES)
        self.execute(f"UPDATE {self.module.TABLE} SET {ago}", [hours] * len(_TIMES))
        self.execute(
            "UPDATE jobgen_workers SET heartbeat_at = heartbeat_at - interval '1h' * %s",
            [hours],
        )
        self._passed += hours

    def beat(self, worker: UUID, hours_ago: Hours = 0) -> None:
        self.execute(
            """
            INSERT INTO jobgen_workers
            VALUES (%s, '', 1, now(), clock_timestamp() - interval '1h' * %s, '{}', 1)
            ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
            """,
            [worker, hours_ago],
        )

    def forget(self, worker: UUID) -> None:
        self.execute("DELETE FROM jobgen_workers WHERE id = %s", [worker])

    def succeed_many(self, worker: UUID, jobs: Sequence[Unseen]) -> set[Key]:
        parameters = [
            worker,
            [job.id for job in jobs],
            [job.locked_at for job in jobs],
            [job.attempts_count for job in jobs],
        ]
        statements = self.module.JOB.statements
        return {row[0] for row in self.statement(statements.succeed_many, parameters)}

    def fail_many(
        self, worker: UUID, jobs: Sequence[Unseen], error: str
    ) -> dict[Key, JobStatus]:
        """All with the same error, and the job's own delay."""
        statements = self.module.JOB.statements
        failures = [worker_plans.Failure(job, error, None) for job in jobs]
        plan = worker_plans.fail_many(statements.fail_many, worker, failures)
        return sync.run(self.conn, plan)

    def overwrite(self, key: Key, changes: str) -> None:
        """By the id alone, whoever owns the row."""
        self.execute(
            f"UPDATE {self.module.TABLE} SET {changes}, updated_at = now()"
            " WHERE id = %s",
            [key],
        )

    def orphans(self, dead_after: Hours) -> list[TupleRow]:
        """Rows that run under a worker that is dead, by the table alone."""
        return self.execute(
            f"""
            SELECT job.id FROM {self.module.TABLE} AS job
            JOIN jobgen_workers AS owner ON owner.id = job.locked_by
            WHERE job.status = 'job_status_running' AND job.locked_at IS NOT NULL
                AND owner.heartbeat_at < clock_timestamp() - interval '1h' * %s
            """,
            [dead_after],
        )

    def ids(self) -> set[Key]:
        return {key for (key,) in self.execute(f"SELECT id FROM {self.module.TABLE}")}

    def rows(self) -> dict[Key, Row]:
        """Every row as the model writes it, times by the hour alone."""
        priority = "priority" if self._kind.priority else "0"
        query = f"""
            SELECT id, {priority}, status::text, last_error, attempts_count,
                locked_by, run_at, updated_at, locked_at
            FROM {self.module.TABLE}
        """
        return {row[0]: self._row(row) for row in self.execute(query)}

    def order(self) -> list[Key]:
        """The ids in queue order."""
        key = "priority, run_at, id" if self._kind.priority else "run_at, id"
        query = f"SELECT id FROM {self.module.TABLE} ORDER BY {key}"
        return [row[0] for row in self.execute(query)]

    def _row(self, row: TupleRow) -> Row:
        key, priority, status, error, attempts, owner, run_at, updated, locked = row
        return Row(
            id=key,
            priority=priority,
            status=status.removeprefix("job_status_"),
            last_error=error,
            attempts_count=attempts,
            locked_by=owner,
            run_at=self._hour(run_at),
            updated_at=self._hour(updated),
            locked_at=None if locked is None else self._hour(locked),
        )

    def _hour(self, time: datetime) -> Moment:
        return Moment((time - self._epoch) // HOUR + self._passed, 0)
