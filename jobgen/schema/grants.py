"""Who may do what: the grants of each object, as the catalogue would list them.

Stage: schema. In: the model. Out: frozen values, one for each role and privilege,
so that two sets of them can be compared. The least that the generated statements
need: a producer cannot read a payload or forge a status, and a worker cannot
enqueue or change a payload.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from jobgen.schema.model import Job, Roles

Privilege: TypeAlias = Literal["USAGE", "SELECT", "INSERT", "UPDATE", "DELETE"]

_RESULT = (
    "updated_at",
    "status",
    "last_error",
    "attempts_count",
    "locked_at",
    "locked_by",
    "run_at",
)
"""The columns that an attempt changes, from fetch to rescue, as the table has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`columns` in the order of the table; empty: the whole object. In a live
    database `privilege` may be any."""

    role: str
    privilege: str
    columns: tuple[str, ...] = ()


def apart(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """The same, one for each column."""
    found: list[Grant] = []
    for grant in grants:
        each = [replace(grant, columns=(name,)) for name in grant.columns]
        found.extend(each or [grant])
    return tuple(found)


def together(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """The same, one for all columns."""
    found: dict[tuple[str, str, bool], tuple[str, ...]] = {}
    for grant in grants:
        key = grant.role, grant.privilege, bool(grant.columns)
        found[key] = (*found.get(key, ()), *grant.columns)
    return tuple(
        Grant(role=role, privilege=privilege, columns=columns)
        for (role, privilege, _), columns in found.items()
    )


def on_schema(roles: Roles) -> tuple[Grant, ...]:
    """Once for each role, whatever it does."""
    every = dict.fromkeys((*roles.producer, *roles.worker))
    return tuple(Grant(role=role, privilege="USAGE") for role in every)


def on_workers(roles: Roles) -> tuple[Grant, ...]:
    """A worker registers, beats, leaves, and forgets others."""
    privileges: tuple[Privilege, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return tuple(
        Grant(role=role, privilege=privilege)
        for role in roles.worker
        for privilege in privileges
    )


def on_table(roles: Roles, job: Job) -> tuple[Grant, ...]:
    """The same where another system runs the job: it has a worker's role too."""
    found: list[Grant] = []
    for role in roles.producer:
        found.extend(_of_producer(role, job))
    for role in roles.worker:
        found.extend(_of_worker(role, job))
    return tuple(found)


def on_wake(roles: Roles) -> tuple[Grant, ...]:
    """A worker promises to look; that everybody may read it is written elsewhere."""
    privileges: tuple[Privilege, ...] = ("SELECT", "UPDATE")
    return tuple(
        Grant(role=role, privilege=privilege)
        for role in roles.worker
        for privilege in privileges
    )


def _of_producer(role: str, job: Job) -> Iterator[Grant]:
    base = ("run_at", "priority") if job.priority else ("run_at",)
    columns = (*base, *(column.name for column in job.columns))
    yield Grant(role=role, privilege="SELECT", columns=("id",))  # RETURNING id
    yield Grant(role=role, privilege="INSERT", columns=columns)


def _of_worker(role: str, job: Job) -> Iterator[Grant]:
    yield Grant(role=role, privilege="SELECT")
    yield Grant(role=role, privilege="UPDATE", columns=_RESULT)
    if job.deletes_rows:
        yield Grant(role=role, privilege="DELETE")
