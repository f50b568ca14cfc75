"""What a worker asks of the server beyond the functions of a generated module.

Plans, as in `plans`: results in batches, whose rows run still, what is due, and
the promises of its leases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import LiteralString, NamedTuple
from uuid import UUID

from jobgen.runtime.adapters import Array, Moments
from jobgen.runtime.errors import describe
from jobgen.runtime.job import Fence, Lease, Owned, Statements
from jobgen.runtime.plans import Execute, Plan
from jobgen.runtime.status import JobStatus
from jobgen.runtime.values import STATUSES

# --- results ----------------------------------------------------------------


class Failure(NamedTuple):
    """An attempt that failed, as of `fail`."""

    owned: Owned
    error: BaseException | str
    delay: timedelta | None


def succeed_many(
    statements: Statements, worker_id: UUID, owned: Sequence[Owned]
) -> Plan[dict[int | UUID, JobStatus]]:
    """The new status of those that were written; the others need a look."""
    parameters = (worker_id, *_fences(owned))
    rows = yield Execute(statements.succeed_many, parameters)
    return dict.fromkeys([row[0] for row in rows.all()], JobStatus.SUCCEEDED)


def fail_many(
    sql: LiteralString, worker_id: UUID, failures: Sequence[Failure]
) -> Plan[dict[int | UUID, JobStatus]]:
    """The same for failures."""
    errors = Array("text", [describe(each.error) for each in failures])
    delays = Array("interval", [each.delay for each in failures])
    fences = _fences([each.owned for each in failures])
    rows = yield Execute(sql, (worker_id, *fences, errors, delays))
    return {row[0]: STATUSES[row[1]] for row in rows.all()}


def _fences(owned: Sequence[Owned]) -> tuple[str, Moments, str]:
    """One array for each part of the fence but the worker, which is the same."""
    return (
        _array([each.id for each in owned]),
        Moments([each.locked_at for each in owned]),
        _array([each.attempts_count for each in owned]),
    )


def _array(elements: Sequence[int | UUID]) -> str:
    """An array as text. psycopg would look at each element, at ten times the cost."""
    return "{" + ",".join(map(str, elements)) + "}"


# --- looks ------------------------------------------------------------------


def unlocked(sql: LiteralString, ids: Sequence[int | UUID]) -> Plan[set[int | UUID]]:
    """Those of the rows that nobody else holds locked now."""
    rows = yield Execute(sql, (ids,))
    return {row[0] for row in rows.all()}


def state(
    statements: Statements, job_id: int | UUID
) -> Plan[tuple[JobStatus, Fence] | None]:
    """What the row is now; None where it is gone."""
    rows = yield Execute(statements.state, (job_id,))
    row = rows.first()
    if row is None:
        return None
    status, locked_by, locked_at, attempts_count = row
    return STATUSES[status], Fence(job_id, locked_by, locked_at, attempts_count)


def held(statements: Statements, worker_id: UUID) -> Plan[list[Fence]]:
    """The rows that run under this worker's name, as the database has it."""
    rows = yield Execute(statements.held, (worker_id,))
    return [Fence(*row) for row in rows.all()]


def alive(sessions: Iterable[int]) -> Plan[set[int]]:
    """Those of the server's processes that are there still; every role sees them."""
    sql: LiteralString = (
        "SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid = ANY ($1::integer[])"
    )
    rows = yield Execute(sql, (list(sessions),))
    return {row[0] for row in rows.all()}


def next_due(sql: LiteralString) -> Plan[dict[str, float | None]]:
    """Seconds until its first row is due, of each job that the statement asks for."""
    rows = yield Execute(sql)
    return dict(rows.all())


def lost(sql: LiteralString, dead_after: timedelta) -> Plan[set[str]]:
    """The jobs with rows to rescue or to release, of those that are asked about."""
    rows = yield Execute(sql, (dead_after,))
    return {row[0] for row in rows.all()}


def rescue_one(sql: LiteralString, dead_after: timedelta, passed: int) -> Plan[bool]:
    """Whether there was a row to rescue behind so many that are passed over."""
    rows = yield Execute(sql, (dead_after, passed))
    return bool(len(rows))


def probe() -> Plan[None]:
    """Ask for nothing but an answer."""
    yield Execute("SELECT")


# --- leases -----------------------------------------------------------------


def promise(lease: Lease, seconds: float) -> Plan[None]:
    """Until then this worker goes on looking, and nobody need be notified."""
    yield Execute(lease.promise, (round(seconds * 1000),))


def withdraw(lease: Lease) -> Plan[None]:
    """Promise nothing any more."""
    yield Execute(lease.withdraw)


def transaction() -> Plan[int]:
    """A transaction id beyond all who may have read a promise withdrawn before.

    To be taken in a transaction of its own: `setval` takes an id before it writes,
    and in the transaction of the withdrawal this one would be the same, too small.
    """
    rows = yield Execute("SELECT pg_current_xact_id()::text")
    (row,) = rows.all()
    return int(row[0])


def barrier(lease: Lease, transaction: int) -> Plan[bool]:
    """Whether all who may have read a promise before `transaction` have ended."""
    wrapped = transaction % 2**32
    rows = yield Execute(lease.barrier, (str(transaction), str(wrapped)))
    (row,) = rows.all()
    return bool(row[0])


def notify(channel: LiteralString) -> Plan[None]:
    yield Execute("SELECT pg_notify($1, '')", (channel,))
