"""The SQL of a generated module: one statement, one template, one function of it.

Stage: emit. In: a job of the model. Out: literals for the generated module. A
statement's essay (the race that it prevents, the index that it uses) stands in
its template; what a reader of the generated code must know comes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from itertools import count
from typing import NamedTuple

from jobgen.emit.backoff import backoff_sql, interval_sql
from jobgen.emit.columns import Input, returned
from jobgen.emit.render import render, render_each
from jobgen.schema import indexes, names, tables
from jobgen.schema.model import Job, Schema
from jobgen.schema.quoting import qualified, quote_identifier, quote_literal

GIVEN_UP_AFTER = timedelta(days=1)
"""A row of an unknown worker is not tried again after this (IHP's day)."""

PRODUCER = ("enqueue", "enqueue_many", "pending")
WORKER = (
    "fetch",
    "fetch_above",
    "succeed",
    "succeed_many",
    "fail",
    "fail_many",
    "timeout",
    "cancel",
    "give_back",
    "reject",
    "state",
    "held",
    "rescue",
    "release",
    "next_due",
    "unlocked",
    "lost",
)
RETENTION = ("expire", "old", "expire_one")
UNIQUE = ("rescue_one",)
"""Where rows of the table may be in each other's way."""
LEASE = ("promise", "withdraw", "barrier")
PACKAGE = ("beat", "leave", "forget")

_OWNERS = {
    **dict.fromkeys(WORKER + UNIQUE + RETENTION, "Statements"),
    **dict.fromkeys(LEASE, "Lease"),
}

_WHY = {
    "fetch": (
        "# now(), not clock_timestamp(): no index serves a volatile function.\n"
        "# NO KEY UPDATE: the check of a foreign key elsewhere must not hide a row."
    ),
}


class Statement(NamedTuple):
    """`constant` is its name in the generated module, `why` the comment above it."""

    name: str
    constant: str
    sql: str
    why: str = ""
    owner: str = ""  # the class of which it is a field: `Statements` or `Lease`


class Expired(NamedTuple):
    """Rows of one status, and how long they are kept."""

    name: str
    status_text: str
    kept: str


class JobView(NamedTuple):
    """What the templates of one job's statements lay out."""

    table: str
    workers: str
    status_type: str
    fence: str
    fence_many: str
    failed: str
    failed_many: str
    lost: str
    stranded: str
    id_type: str
    job_text: str
    insert_columns: str
    values: tuple[str, ...]
    bulk_values: tuple[str, ...]
    bulk_parameters: tuple[str, ...]
    bulk_names: str
    returning: tuple[str, ...]
    order: str
    mark: str
    table_text: str
    wake_text: str
    priority: bool
    deletes: bool
    expired: tuple[Expired, ...]
    max_attempts: int
    backoff: str
    abandoned_after: str


class FenceView(NamedTuple):
    """The condition that names one attempt, or many, part of most statements."""

    id_type: str


class FailedView(NamedTuple):
    """What a failed attempt becomes; `error` and `delay` are expressions."""

    max_attempts: int
    status_type: str
    backoff: str
    error: str
    delay: str


class LostView(NamedTuple):
    """The conditions under which a row is taken from its worker."""

    stale_after: str


class WorkersView(NamedTuple):
    workers: str


def statements_of(
    schema: Schema, job: Job, inputs: Sequence[Input]
) -> tuple[Statement, ...]:
    """All statements of a job that runs here, or those of a producer only.

    `inputs` are the columns that a producer sends.
    """
    worker = _of_worker(job) if job.worker == "here" else ()
    return _statements(PRODUCER + worker, _view(schema, job, inputs))


def arguments(statements: Iterable[Statement], owner: str) -> tuple[str, ...]:
    """What fills in the fields of `owner`: `fetch=FETCH_SQL,`."""
    return tuple(
        f"{statement.name}={statement.constant},"
        for statement in statements
        if statement.owner == owner
    )


def _of_worker(job: Job) -> tuple[str, ...]:
    expire = RETENTION if job.retention.of_status else ()
    partial = any(index.unique and index.where for index in job.indexes)
    one = UNIQUE if partial else ()
    lease = LEASE if job.notify == "when_idle" else ()
    return WORKER + one + expire + lease


def package_statements(schema: Schema) -> tuple[Statement, ...]:
    """The statements on the table of workers."""
    workers = qualified(schema.postgres.schema, tables.WORKERS_TABLE)
    return _statements(PACKAGE, WorkersView(workers=workers))


def _statements(
    names: Sequence[str], view: JobView | WorkersView
) -> tuple[Statement, ...]:
    templates = [f"statements/{name}.sql.jinja" for name in names]
    return tuple(map(_statement, names, render_each(templates, view)))


def _statement(name: str, sql: str) -> Statement:
    constant = f"{name.upper()}_SQL"
    return Statement(name, constant, sql, _WHY.get(name, ""), _OWNERS.get(name, ""))


def _view(schema: Schema, job: Job, inputs: Sequence[Input]) -> JobView:
    home = schema.postgres.schema
    status_type = qualified(home, tables.STATUS_TYPE)
    backoff = backoff_sql(job.backoff)
    fence, lost = FenceView(job.id), LostView(interval_sql(job.stale_after))
    return JobView(
        table=qualified(home, job.table),
        workers=qualified(home, tables.WORKERS_TABLE),
        status_type=status_type,
        fence=_part("fence", fence),
        fence_many=_part("fence_many", fence),
        failed=_part(
            "failed",
            FailedView(
                job.max_attempts, status_type, backoff, "$5::text", "$6::interval"
            ),
        ),
        failed_many=_part(
            "failed",
            FailedView(
                job.max_attempts, status_type, backoff, "done.error", "done.delay"
            ),
        ),
        lost=_part("lost", lost),
        stranded=_part("stranded", lost),
        id_type=job.id,
        job_text=quote_literal(job.name),
        insert_columns=", ".join(column.sql_name for column in inputs),
        values=_single_values(inputs),
        bulk_values=_bulk_values(inputs),
        bulk_parameters=_bulk_parameters(inputs),
        bulk_names=", ".join(f"p{n + 1}" for n in range(_count(inputs))),
        returning=returned(schema, job),
        order=", ".join(map(quote_identifier, indexes.sort_key(job))),
        mark=_mark(schema, job),
        table_text=quote_literal(qualified(home, job.table)),
        wake_text=quote_literal(qualified(home, names.wake_sequence(job.table))),
        priority=job.priority,
        deletes=job.on_success == "delete",
        expired=tuple(
            Expired(
                name=status.removeprefix("job_status_"),
                status_text=quote_literal(status),
                kept=interval_sql(kept),
            )
            for status, kept in job.retention.of_status.items()
        ),
        max_attempts=job.max_attempts,
        backoff=backoff,
        abandoned_after=interval_sql(max(GIVEN_UP_AFTER, job.stale_after)),
    )


def _mark(schema: Schema, job: Job) -> str:
    """The parameters that stand for a row's sort key: `$3::timestamptz, $4::bigint`."""
    types = {column.name: column.type for column in tables.base_columns(schema, job)}
    return ", ".join(
        f"${number}::{types[name]}"
        for number, name in enumerate(indexes.sort_key(job), 3)
    )


@cache  # one text for all jobs with such settings
def _part(name: str, view: FenceView | FailedView | LostView) -> str:
    return render(f"statements/{name}.jinja", view).rstrip("\n")


def _single_values(inputs: Sequence[Input]) -> tuple[str, ...]:
    """`$3::bigint`, or for a column with a default "use it" and the value."""
    number = count(1)
    return tuple(
        _value(
            column,
            use_default=f"${next(number)}::boolean" if column.default else "",
            value=f"${next(number)}::{column.sql_type}",
        )
        for column in inputs
    )


def _bulk_values(inputs: Sequence[Input]) -> tuple[str, ...]:
    number = count(1)
    return tuple(
        _value(
            column,
            use_default=f"n.p{next(number)}" if column.default else "",
            value=f"n.p{next(number)}{column.bulk_cast}",
        )
        for column in inputs
    )


def _bulk_parameters(inputs: Sequence[Input]) -> tuple[str, ...]:
    types: list[str] = []
    for column in inputs:
        types.extend(("boolean",) if column.default else ())
        types.append(column.bulk_type)
    return tuple(f"${number}::{type_}[]" for number, type_ in enumerate(types, 1))


def _value(column: Input, *, use_default: str, value: str) -> str:
    if column.default is None:
        return value
    return f"CASE WHEN {use_default} THEN {column.default} ELSE {value} END"


def _count(inputs: Sequence[Input]) -> int:
    return sum(2 if column.default else 1 for column in inputs)
