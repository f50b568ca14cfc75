"""What a schema may become in its next release, with all that it has to declare.

A successor is made of values, not of text: what is drawn here is the physical change.
What has no steps, such as a narrower type, is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from hypothesis import strategies as st

from jobgen.migrate.enum_renames import obstacle
from jobgen.schema import names
from jobgen.schema.model import (
    Column,
    Enum,
    Index,
    Job,
    Label,
    Notify,
    OnSuccess,
    Retention,
    Schema,
)
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import tables_of
from jobgen.schema.types import SCALARS, ColumnType
from tests.properties.texts import conditions, docs

Draw = st.DrawFn

_TYPES = ("integer", "text", "numeric", "uuid", "jsonb")


@st.composite
def successors(draw: Draw, old: Schema, donor: Schema, number: int) -> Schema:
    """The next release; `donor` lends new columns and jobs, and `number` tells one
    release from the next, so that no name comes back."""
    enums = [draw(_enum(enum, number)) for enum in old.enums]
    others = draw(_names(old, number))
    jobs = tuple(
        _with_enums(draw(_job(job, donor, number)), old.postgres.schema, others)
        for job in old.jobs
    )
    gone = {job.name for job in jobs if draw(_rarely()) and not _is_target(job, jobs)}
    kept = tuple(job for job in jobs if job.name not in gone)
    new = draw(_new_jobs(donor, number))
    return replace(
        old,
        jobs=(*kept, *new),
        enums=tuple(_called(enum, others) for enum in enums),
        reserved=(*old.reserved, *sorted(gone)),
        roles=donor.roles if draw(_rarely()) else old.roles,
    )


def _rarely() -> st.SearchStrategy[bool]:
    return st.integers(0, 4).map(lambda drawn: drawn == 4)


def _is_target(job: Job, jobs: tuple[Job, ...]) -> bool:
    """Whether a job that may stay refers to its table."""
    return any(
        column.references is not None and column.references.table == job.table
        for other in jobs
        for column in other.columns
    )


@st.composite
def _enum(draw: Draw, enum: Enum, number: int) -> Enum:
    """Perhaps with a label more, anywhere, and another doc."""
    labels = enum.labels
    if draw(_rarely()):
        place = draw(st.integers(0, len(labels)))
        new = Label(text=f"zz'{number}", member=f"ZZ_{number}")
        labels = (*labels[:place], new, *labels[place:])
    return replace(enum, labels=labels, doc=draw(st.just(enum.doc) | docs()))


@st.composite
def _names(draw: Draw, old: Schema, number: int) -> dict[str, str]:
    """What enums are called from now on, by what they were."""
    tables = tables_of(old)
    return {
        enum.name: f"zz{number}_e{place}"
        for place, enum in enumerate(old.enums)
        if draw(_rarely()) and obstacle(tables, enum.name) is None
    }


def _called(enum: Enum, others: Mapping[str, str]) -> Enum:
    name = others.get(enum.name)
    if name is None:
        return enum
    was = enum.name
    return replace(enum, name=name, class_name=names.class_name(name), renamed_from=was)


def _with_enums(job: Job, home: str, others: Mapping[str, str]) -> Job:
    """With the columns of enums that are called otherwise."""
    return replace(
        job, columns=tuple(_of_enum(each, home, others) for each in job.columns)
    )


def _of_enum(column: Column, home: str, others: Mapping[str, str]) -> Column:
    kind = column.type
    name = others.get(kind.enum or "")
    if name is None:
        return column
    sql = qualified(home, name)
    element = replace(kind.element, sql=sql, python=names.class_name(name))
    new = replace(
        kind, sql=sql + ("[]" if kind.array else ""), element=element, enum=name
    )
    default = column.default
    if default is not None:
        default = default.removesuffix(kind.sql) + new.sql
    return replace(column, type=new, default=default)


@st.composite
def _job(draw: Draw, job: Job, donor: Schema, number: int) -> Job:
    columns: list[Column] = []
    reserved = list(job.reserved)
    for column in job.columns:
        if draw(_rarely()):
            reserved.append(column.name)
        elif draw(_rarely()) and _has_one_name(column):
            other = _another_type(column) if draw(st.booleans()) else column
            columns.append(_renamed(other, f"zz{number}_r{len(columns)}"))
        else:
            columns.append(draw(_changed(job, column)))
    columns.extend(draw(_new_columns(donor, number)))
    left = {column.name for column in columns}
    indexes: list[Index] = []
    for index in job.indexes:
        dropped: bool = draw(_rarely())
        if left.issuperset(index.columns) and not dropped:
            indexes.append(index)
    fresh = [column.name for column in columns if column.type.sql in _TYPES[:4]]
    taken = {index.columns for index in indexes}
    added: bool = draw(_rarely())
    if added and fresh and (fresh[-1],) not in taken:
        where = draw(st.none() | conditions())
        index = Index(columns=(fresh[-1],), where=where)
        fits = len(_index_name(job, index)) <= 63
        indexes.extend([index] if fits and not _refers(columns, fresh[-1]) else [])
    job = replace(
        job, columns=tuple(columns), indexes=tuple(indexes), reserved=tuple(reserved)
    )
    return draw(_settings(job))


_SAID_AS = {
    **dict.fromkeys(("integer", "uuid", "boolean", "jsonb", "json"), "text"),
    "smallint": "bigint",
    "bigint": "numeric",
    "text": "character varying",
}
"""Any value, and its text is the same."""


def _another_type(column: Column) -> Column:
    """Of the same values, so that the previous release can go on to enqueue."""
    kind = column.type
    name = _SAID_AS.get(kind.sql.removesuffix("[]"))
    settled = column.server_default is None and column.references is None
    if kind.enum is not None or name is None or not settled:
        return column
    [element] = [each for each in SCALARS if each.sql == name]
    sql = f"{name}[]" if kind.array else name
    other = replace(kind, sql=sql, element=element)
    return replace(column, type=other, typed_json=None)


def _has_one_name(column: Column) -> bool:
    """And so may get another; NULL in it must not mean a default either."""
    ambiguous = column.nullable and column.server_default is not None
    return column.renamed_from is None and not ambiguous


def _renamed(column: Column, name: str) -> Column:
    """A check of it would name the old one."""
    return replace(
        column, name=name, attribute=name, renamed_from=column.name, check=None
    )


def _index_name(job: Job, index: Index) -> str:
    return names.payload_index(job.table, index.columns, unique=True, where="x")


def _refers(columns: list[Column], name: str) -> bool:
    return any(each.name == name and each.references for each in columns)


@st.composite
def _settings(draw: Draw, job: Job) -> Job:
    if draw(_rarely()):
        job = replace(job, priority=not job.priority)
    if draw(_rarely()):
        job = replace(job, notify=draw(st.sampled_from(get_args(Notify))))
    if draw(_rarely()):
        job = replace(job, on_success=draw(st.sampled_from(get_args(OnSuccess))))
    if draw(_rarely()):
        job = replace(job, retention=Retention())
    if draw(_rarely()):
        job = replace(job, doc=draw(st.none() | docs()))
    return job


def _is_limited(kind: ColumnType) -> bool:
    """Whether a longer text fits without a new table: not so in an array."""
    return kind.sql.startswith("character varying(") and not kind.array


_WIDER = {"smallint": "integer", "integer": "bigint"}


def _can_be_written_anew(job: Job, column: Column) -> bool:
    """A condition of an index may have the word that is its name."""
    settled = column.server_default is None and column.renamed_from is None
    free = column.references is None and all(i.where is None for i in job.indexes)
    return settled and free and column.type.element.sql in _WIDER


def _wider(kind: ColumnType) -> ColumnType:
    """The same in Python; PostgreSQL writes each value anew."""
    name = _WIDER[kind.element.sql]
    [element] = [each for each in SCALARS if each.sql == name]
    return replace(kind, sql=f"{name}[]" if kind.array else name, element=element)


@st.composite
def _changed(draw: Draw, job: Job, column: Column) -> Column:
    """One of the changes that leave the values as they are."""
    change = draw(
        st.sampled_from(
            [
                *("keep", "keep", "doc", "nullable", "required", "default", "check"),
                *("wider", "anew"),
            ]
        )
    )
    refers = column.references is not None
    match change:
        case "doc":
            return replace(column, doc=draw(st.none() | docs()))
        case "nullable":
            return replace(column, nullable=True)
        case "required" if not refers:
            return replace(column, nullable=False)
        case "default" if column.nullable:
            return replace(column, default=None, default_sql=None)
        case "check" if len(names.check(job.table, column.name)) <= 63:
            return replace(column, check=draw(st.none() | conditions()))
        case "anew" if _can_be_written_anew(job, column):
            return replace(column, type=_wider(column.type))
        case "wider" if _is_limited(column.type):
            wider = replace(column.type, sql="text")
            return replace(column, type=wider, default=None)
        case _:
            return column


@st.composite
def _new_columns(draw: Draw, donor: Schema, number: int) -> list[Column]:
    lent = [
        column
        for job in donor.jobs
        for column in job.columns
        if column.type.enum is None and column.references is None
    ]
    chosen = draw(st.lists(st.sampled_from(lent), max_size=2)) if lent else []
    return [_lent(column, f"zz{number}_{place}") for place, column in enumerate(chosen)]


def _lent(column: Column, name: str) -> Column:
    return replace(
        column,
        name=name,
        attribute=name,
        nullable=column.nullable or column.server_default is None,
        check=None,
        typed_json=None,
    )


@st.composite
def _new_jobs(draw: Draw, donor: Schema, number: int) -> tuple[Job, ...]:
    if not draw(_rarely()):
        return ()
    job = donor.jobs[0]
    columns = [
        _lent(column, f"zz{place}")
        for place, column in enumerate(job.columns)
        if column.type.enum is None and column.references is None
    ]
    name = f"zz_job{number}"
    new = replace(
        job,
        name=name,
        module=name,
        class_name=names.class_name(name),
        row_class_name=names.row_class_name(name),
        table=names.table(name),
        columns=tuple(columns),
        indexes=(),
        renamed_from=None,
        reserved=(),
    )
    return (new,)
