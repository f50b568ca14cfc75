"""The parts of `JOB` that need more than a name: inputs, shape, order, policy.

Stage: emit. In: columns and settings of a job. Out: Python expressions.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import NamedTuple

from jobgen.emit import layout
from jobgen.emit.columns import Input
from jobgen.emit.literals import string
from jobgen.schema import indexes, tables
from jobgen.schema.model import Job, Schema

_UNITS = {
    "days": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
    "seconds": timedelta(seconds=1),
    "milliseconds": timedelta(milliseconds=1),
    "microseconds": timedelta(microseconds=1),
}


class PolicyView(NamedTuple):
    """The settings as Python expressions."""

    max_attempts: int
    timeout: str
    strategy: str
    delay: str
    max: str
    jitter: str
    concurrency: int
    stale_after: str
    deletes: bool


@cache  # every job has a run_at, and many have others in common
def input_of(column: Input, name: str) -> str:
    arguments = [f"name={string(column.sql_name)}", f"dump={string(column.dump)}"]
    arguments += ["defaulted=True"] if column.default is not None else []
    arguments += ["literal=True"] if column.literal else []
    return layout.call(8, f"{name}(", arguments, "),")


def shape_of(column: tables.Column, name: str, labels: str | None = None) -> str:
    """labels: the constant that has those of its enum."""
    return _shape(name, column.name, column.type, column.not_null, labels)


@cache  # half of the columns are in each table
def _shape(
    name: str, column: str, type: str, not_null: bool, labels: str | None
) -> str:
    arguments = [
        f"name={string(column)}",
        f"type={string(type)}",
        f"not_null={not_null}",
    ]
    arguments += [f"labels={labels}"] if labels is not None else []
    return layout.call(8, f"{name}(", arguments, "),")


def order_of(schema: Schema, job: Job) -> str:
    """Where the queue's sort key stands in a fetched row."""
    base = [column.name for column in tables.base_columns(schema, job)]
    return ", ".join(str(base.index(name)) for name in indexes.sort_key(job))


def policy_of(job: Job) -> PolicyView:
    return PolicyView(
        max_attempts=job.max_attempts,
        timeout="None" if job.timeout is None else _duration(job.timeout),
        strategy=string(job.backoff.strategy),
        delay=_duration(job.backoff.delay),
        max=_duration(job.backoff.max),
        jitter=repr(float(job.backoff.jitter)),
        concurrency=job.concurrency,
        stale_after=_duration(job.stale_after),
        deletes=job.deletes_rows,
    )


@cache  # most jobs have the usual ones
def _duration(length: timedelta) -> str:
    """In the largest unit of which it is a whole number, as one would write it."""
    name, unit = next(
        (name, unit) for name, unit in _UNITS.items() if not length % unit
    )
    return f"timedelta({name}={length // unit})" if length else "timedelta(0)"
