"""The indexes of a job's table: those of the queue, and those on the payload.

Stage: schema. In: the model. Out: frozen values, a part of its `Table`. Pure, like
`tables`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from jobgen.schema import names
from jobgen.schema.model import Index as PayloadIndex
from jobgen.schema.model import Job
from jobgen.schema.quoting import quote_literal

READY = "status IN ('job_status_not_started', 'job_status_retry') AND locked_by IS NULL"
"""When a row may be fetched (apart from `run_at`): the same everywhere, because a
row that counted for the next due time and not for fetch would keep every worker
awake for ever."""

HELD = "status = 'job_status_running' OR locked_by IS NOT NULL"
"""When a row may have to be taken from a worker that is gone."""

_UNFINISHED = ("job_status_not_started", "job_status_running", "job_status_retry")
_LOCK = re.compile(r"\blocked_(?:at|by)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """`columns`, or for an index that jobgen never makes its definition instead.

    One that is not `valid` is left over from a build that failed: it is written to,
    and never read.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    where: str | None = None
    valid: bool = True


def leaves_while_it_runs(where: str) -> bool:
    """Whether a row may leave an index of this condition when a worker takes it, so
    that it comes back when the worker gives it back. By the words alone: what they
    mean, only a server knows."""
    named = [status for status in _UNFINISHED if quote_literal(status) in where]
    return 0 < len(named) < len(_UNFINISHED) or _LOCK.search(where) is not None


def sort_key(job: Job) -> tuple[str, ...]:
    """The columns by which the queue is ordered."""
    return ("priority", "run_at", "id") if job.priority else ("run_at", "id")


def queue_indexes(job: Job) -> tuple[Index, ...]:
    """Those by which workers find rows, whatever the payload."""
    return (
        Index(name=names.ready_index(job.table), columns=sort_key(job), where=READY),
        Index(name=names.running_index(job.table), columns=("locked_at",), where=HELD),
        *_finished_index(job),
    )


def _finished_index(job: Job) -> tuple[Index, ...]:
    """Where rows go some day. `status` first: each is kept for a time of its own, and
    those that go are one range of it, with none between that stay."""
    statuses = ", ".join(map(quote_literal, job.retention.of_status))
    if not statuses:
        return ()
    return (
        Index(
            name=names.finished_index(job.table),
            columns=("status", "updated_at"),
            where=f"status IN ({statuses})",
        ),
    )


def payload_indexes(job: Job) -> tuple[Index, ...]:
    """What the user asked for, in order, and then those that references need.

    A partial index whose plain name another one would have too gets a longer one.
    """
    wanted = (*job.indexes, *_reference_indexes(job))
    if not wanted:  # as in most jobs, and asked for often
        return ()
    plain = Counter(_plain_name(job, index) for index in wanted)
    return tuple(
        Index(
            name=names.payload_index(
                job.table,
                index.columns,
                unique=index.unique,
                where=index.where if plain[_plain_name(job, index)] > 1 else None,
            ),
            columns=index.columns,
            unique=index.unique,
            where=index.where,
        )
        for index in wanted
    )


def _plain_name(job: Job, index: PayloadIndex) -> str:
    return names.payload_index(job.table, index.columns, unique=index.unique)


def _reference_indexes(job: Job) -> list[PayloadIndex]:
    """One for each reference that no index of all rows leads with: without it, a
    DELETE in the other table reads all of this one."""
    led = {index.columns[0] for index in job.indexes if index.where is None}
    return [
        PayloadIndex(columns=(column.name,))
        for column in job.columns
        if column.references is not None and column.name not in led
    ]
