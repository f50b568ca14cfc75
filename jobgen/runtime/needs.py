"""What this release needs of a table, held against what the catalogue has. Pure.

By names and types, not by a digest: a database that is newer than the release may
have more columns and labels, in another order, wider types and looser rules, and
serve it well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from jobgen.runtime.job import JobType, Shape
from jobgen.runtime.package import Package
from jobgen.runtime.values import STATUSES

_BASE: Final = frozenset(
    (
        *("id", "created_at", "updated_at", "status", "last_error", "attempts_count"),
        *("locked_at", "locked_by", "run_at", "priority"),
    )
)
"""Columns that statements, not handlers, rely on."""

_RESULT: Final = (
    *("updated_at", "status", "last_error", "attempts_count"),
    *("locked_at", "locked_by", "run_at"),
)
"""The columns that an attempt changes, from fetch to rescue."""


_WORKERS: Final = (
    Shape(name="id", type="uuid", not_null=True),
    Shape(name="host", type="text", not_null=False),
    Shape(name="pid", type="integer", not_null=False),
    Shape(name="started_at", type="timestamp with time zone", not_null=False),
    Shape(name="heartbeat_at", type="timestamp with time zone", not_null=True),
    Shape(name="jobs", type="text[]", not_null=False),
    Shape(name="protocol", type="integer", not_null=False),
)


class Right(NamedTuple):
    """columns: those that the privilege is needed for; of DELETE, which is the whole
    table's, any will do."""

    privilege: str
    columns: tuple[str, ...]


class Needs(NamedTuple):
    """Of one table, by its name, qualified and quoted where needed.

    written: the columns that an INSERT of this release gives. strict: those of which
    nothing may be otherwise. key: what ON CONFLICT names.
    """

    table: str
    shape: tuple[Shape, ...]
    rights: tuple[Right, ...]
    written: frozenset[str]
    strict: frozenset[str]
    key: str | None = None


class Column(NamedTuple):
    """One that is there. filled: an INSERT may be able to leave it out; computed: it must.

    labels: of its enum, or of its elements'. keyed: unique by itself. held: the
    privileges that this role has on it, and on its table. aliases: domains by which
    statements may call the type, if it is an enum's.
    """

    type: str
    not_null: bool
    filled: bool
    computed: bool
    keyed: bool
    labels: Collection[str]
    held: Collection[str]
    aliases: Collection[str] = ()

    def is_of(self, type: str) -> bool:
        """Also where an enum has another name by now, and the old one leads to it."""
        return type == self.type or type in self.aliases


class Label(NamedTuple):
    """One that `type` lacks."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type}: the label '{self.name}' is missing"


class Verdict(NamedTuple):
    """Sentences of a table. lacks: what cannot do; forbidden: what this role may not;
    odd: what can do, though handlers may get what they do not expect."""

    lacks: tuple[str, ...]
    forbidden: tuple[str, ...]
    labels: tuple[Label, ...]
    odd: tuple[str, ...]


def of_job(job: JobType[Any, Any, Any]) -> Needs:
    names = tuple(column.name for column in job.shape)
    delete = (Right("DELETE", names),) if job.policy.deletes else ()
    return Needs(
        table=job.table,
        shape=job.shape,
        rights=(Right("SELECT", names), Right("UPDATE", _RESULT), *delete),
        written=frozenset(each.name.strip('"') for each in job.inputs),
        strict=_BASE,
    )


def of_workers(package: Package) -> Needs:
    names = tuple(column.name for column in _WORKERS)
    return Needs(
        table=f"{package.schema}.jobgen_workers",
        shape=_WORKERS,
        rights=(
            Right("SELECT", ("id", "heartbeat_at", "jobs", "protocol")),
            Right("INSERT", names),
            Right("UPDATE", ("heartbeat_at",)),
            Right("DELETE", names),
        ),
        written=frozenset(names),
        strict=frozenset(names),
        key="id",
    )


def compared(needs: Needs, found: Mapping[str, Column]) -> Verdict:
    """What a table with these columns has otherwise than it is needed."""
    if not found:
        return Verdict((f"{needs.table}: the table is missing",), (), (), ())
    there = [(each, found[each.name]) for each in needs.shape if each.name in found]
    missing = [each.name for each in needs.shape if each.name not in found]
    lacks = [f"column {name} is missing" for name in missing]
    odd: list[str] = []
    for wanted, column in there:
        loose = wanted.name not in needs.strict
        for text, serves in _differences(wanted, column, loose=loose):
            (odd if serves else lacks).append(text)
    lacks.extend(_unwritable(needs, found))
    return Verdict(
        lacks=tuple(f"{needs.table}: {text}" for text in lacks),
        forbidden=_forbidden(needs, found),
        labels=tuple(label for pair in there for label in _missing(*pair)),
        odd=tuple(f"{needs.table}: {text}" for text in odd),
    )


def _differences(
    wanted: Shape, column: Column, *, loose: bool
) -> Iterator[tuple[str, bool]]:
    """What is otherwise, and whether a worker can go on all the same."""
    pair = wanted.type, column.type
    if not column.is_of(wanted.type) and not (loose and _is_wider(*pair)):
        text = f"column {wanted.name} is {column.type}, not {wanted.type}"
        yield text, loose and pair == ("cidr", "inet")
    if wanted.not_null and not column.not_null:
        yield f"column {wanted.name} may be NULL", loose


def _missing(wanted: Shape, column: Column) -> Iterator[Label]:
    labels = STATUSES if wanted.name == "status" else wanted.labels
    if column.is_of(wanted.type):
        for label in labels:
            if label not in column.labels:
                yield Label(wanted.type.removesuffix("[]"), label)


def _unwritable(needs: Needs, found: Mapping[str, Column]) -> Iterator[str]:
    """Why an INSERT of this release fails, wherever it comes from."""
    for name, column in found.items():
        if name in needs.written:
            if column.computed:
                yield f"column {name} is generated, and this release writes it"
        elif column.not_null and not column.filled:
            yield f"column {name} is required, and this release does not write it"
    key = None if needs.key is None else found.get(needs.key)
    if key is not None and not key.keyed:
        yield f"column {needs.key} is not unique"


def _forbidden(needs: Needs, found: Mapping[str, Column]) -> tuple[str, ...]:
    """The columns are named where the role may use some of them."""
    texts: list[str] = []
    for privilege, names in needs.rights:
        there = [name for name in names if name in found]
        missing = [name for name in there if privilege not in found[name].held]
        if missing:
            some = "" if missing == there else f" ({', '.join(missing)})"
            texts.append(f"{privilege}{some}")
    return (f"{needs.table}: this role may not {', '.join(texts)}",) if texts else ()


_INTEGERS: Final = ("smallint", "integer", "bigint")
_VARYING: Final = re.compile(r"character varying(?:\((\d+)\))?")
_NUMERIC: Final = re.compile(r"numeric(?:\((\d+),(\d+)\))?")


def _is_wider(wanted: str, found: str) -> bool:
    """Whether a column takes every value of the type `wanted`, and gives it back.

    Not so `citext` for `text`, which comes back as bytes.
    """
    if found.endswith("[]") and wanted.endswith("[]"):
        return _is_wider(wanted[:-2], found[:-2])
    if found in _INTEGERS and wanted in _INTEGERS:
        return _INTEGERS.index(found) > _INTEGERS.index(wanted)
    if (wanted, found) in (
        ("text", "character varying"),
        ("real", "double precision"),
    ):
        return True
    before, after = _VARYING.fullmatch(wanted), _VARYING.fullmatch(found)
    if before and (after or found == "text"):
        return _at_most(before[1], after[1] if after else None)
    before, after = _NUMERIC.fullmatch(wanted), _NUMERIC.fullmatch(found)
    if before and after:
        return after[1] is None or _has_room(before, after)
    return False


def _has_room(before: re.Match[str], after: re.Match[str]) -> bool:
    """For as many digits on both sides of the point."""
    if before[1] is None:
        return False
    whole = [int(each[1]) - int(each[2]) for each in (before, after)]
    return whole[0] <= whole[1] and int(before[2]) <= int(after[2])


def _at_most(before: str | None, after: str | None) -> bool:
    """Of two limits, None being that there is none."""
    return after is None or (before is not None and int(before) <= int(after))
