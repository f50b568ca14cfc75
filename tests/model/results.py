"""What may become of an attempt: how a worker writes it, and what the model says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.model.kinds import Hours
from tests.model.reference import Attempt, Queue
from tests.model.table import HOUR, Table
from tests.unseen import Unseen


@dataclass(frozen=True, slots=True)
class Result:
    """Both answer with the status of the row, or None to an owner of the past."""

    name: str
    write: Callable[[Table, Unseen], str | None]
    expect: Callable[[Queue, Attempt], str | None]


def _fenced(statement: str, *more: object) -> Callable[[Table, Unseen], str | None]:
    """One of `JOB.statements` of which the runtime alone makes use."""

    def write(table: Table, job: Unseen) -> str | None:
        sql = getattr(table.module.JOB.statements, statement)
        fence = (job.id, job.locked_by, job.locked_at, job.attempts_count)
        found = table.statement(sql, (*fence, *more))
        return found[0][0] if found else None

    return write


def _failure(error: str) -> Result:
    return Result(
        f"fail: {error}",
        lambda table, job: table.module.fail(table.conn, job, error),
        lambda queue, attempt: queue.fail(attempt, error, None),
    )


def _retry(delay: Hours) -> Result:
    return Result(
        f"retry in {delay}h",
        _fenced("fail", "again", timedelta(hours=delay)),
        lambda queue, attempt: queue.fail(attempt, "again", delay),
    )


def _give_back(delay: Hours | None) -> Result:
    return Result(
        f"give back, {delay}",
        _fenced("give_back", None if delay is None else delay * HOUR),
        lambda queue, attempt: queue.give_back(attempt, delay),
    )


RESULTS: Final = (
    Result(
        "succeed",
        lambda table, job: table.module.succeed(table.conn, job),
        lambda queue, attempt: queue.succeed(attempt),
    ),
    _failure("no luck"),
    _failure("café ☕"),
    Result(
        "time out",
        lambda table, job: table.module.timeout(table.conn, job),
        lambda queue, attempt: queue.timeout(attempt),
    ),
    Result(
        "cancel",
        _fenced("cancel", "Cancelled: no"),
        lambda queue, attempt: queue.cancel(attempt, "Cancelled: no"),
    ),
    _retry(0),
    _retry(2),
    _give_back(None),
    _give_back(1),
)
