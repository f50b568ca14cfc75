"""What no single value shows: names that meet, names that are too long, and
columns that are not there.

Stage: schema. In: the whole model and where its parts were written. Judges; the
loader has built everything already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jobgen.schema import names
from jobgen.schema.columns import BASE_COLUMNS
from jobgen.schema.diagnostics import Gatherer, shown
from jobgen.schema.indexes import leaves_while_it_runs, payload_indexes
from jobgen.schema.model import Column, Job, Schema
from jobgen.schema.places import Places
from jobgen.schema.references import check_references
from jobgen.schema.tables import (
    MIGRATIONS_TABLE,
    STATUS_TYPE,
    WORKERS_TABLE,
    base_columns,
)
from jobgen.schema.types import Family

RESERVED_CLASSES: Mapping[str, str] = {
    "False": "a keyword of Python",
    "None": "a keyword of Python",
    "True": "a keyword of Python",
    "BaseException": "what the generated function 'fail' takes",
    "JobStatus": "the status of every job",
    # `DEFAULT` could give way, but to `_DEFAULT`, which an enum 'default' has.
    "CHANNEL": "a constant of generated code",
    "DEFAULT": "a constant of generated code",
    "JOB": "a constant of generated code",
    "PACKAGE": "a constant of generated code",
    "PROTOCOL": "a constant of generated code",
    "STATUSES": "a constant of generated code",
    "TABLE": "a constant of generated code",
}
"""Names that no generated class may have, and what each is. Any other name that a
generated module imports gives way to the user's class."""


def check(schema: Schema, places: Places, found: Gatherer) -> None:
    _check_classes(schema, places, found)
    for job in schema.jobs:
        _check_width(schema, job, places, found)
        _check_attributes(job, places, found)
        _check_indexes(job, places, found)
    _check_lengths(schema, places, found)
    _check_relations(schema, places, found)
    _check_types(schema, places, found)
    check_references(schema, places, found)


def _check_classes(schema: Schema, places: Places, found: Gatherer) -> None:
    taken = dict(RESERVED_CLASSES)
    for name, owner, path in _classes(schema):
        if name in taken:
            message = f"{owner} would be the class {name}, which is {taken[name]}"
            found.error("class-collision", places.at(*path), message, "rename it")
        else:
            taken[name] = f"that of {owner}"


def _classes(schema: Schema) -> Iterator[tuple[str, str, tuple[str, str]]]:
    for enum in schema.enums:
        yield enum.class_name, f"the enum {shown(enum.name)}", ("enums", enum.name)
    for job in schema.jobs:
        owner, path = f"the job {shown(job.name)}", ("jobs", job.name)
        yield job.class_name, owner, path
        yield job.row_class_name, f"a row of {owner}", path


def _check_width(schema: Schema, job: Job, places: Places, found: Gatherer) -> None:
    room = _MOST_COLUMNS - len(base_columns(schema, job))
    if len(job.columns) > room:
        found.error(
            "too-large",
            places.at("jobs", job.name, "columns", job.columns[room].name),
            f"PostgreSQL allows a table {_MOST_COLUMNS:,} columns, and beside those of"
            f" every job there is room for {room:,}",
            "put what belongs together into one column of type jsonb",
        )


_MOST_COLUMNS = 1600


def _check_attributes(job: Job, places: Places, found: Gatherer) -> None:
    taken: dict[str, str] = {}
    for column in job.columns:
        other = taken.setdefault(column.attribute, column.name)
        if other != column.name:
            found.error(
                "attribute-collision",
                places.at("jobs", job.name, "columns", column.name),
                f"'{column.name}' and '{other}' would both be {column.attribute}"
                " in Python",
                "rename one of them",
            )


def _check_indexes(job: Job, places: Places, found: Gatherer) -> None:
    columns = {column.name: column for column in job.columns}
    for place, index in enumerate(job.indexes):
        path = ("jobs", job.name, "indexes", str(place))
        for name in index.columns:
            _check_indexed(name, columns.get(name), job, (*path, name), places, found)
        if index.unique and index.where and leaves_while_it_runs(index.where):
            found.warning(
                "unique-while-waiting",
                places.at(*path),
                "a job that runs is not in this index, and cannot go back to the queue"
                " when another one waits there",
                "name job_status_not_started, job_status_running and job_status_retry",
            )
    _check_index_names(job, places, found)


def _check_index_names(job: Job, places: Places, found: Gatherer) -> None:
    seen: set[str] = set()
    for name, path in _indexes(job):
        if name in seen:
            message = f"two indexes would both be named {shown(name)}"
            help = "remove one, or change the order of its columns"
            found.error("duplicate-index", places.at(*path), message, help)
        seen.add(name)


def _indexes(job: Job) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The name of each payload index, and where the reason for it was written."""
    for place, index in enumerate(payload_indexes(job)):
        path = ("columns", index.columns[0])  # a reference needs it
        if place < len(job.indexes):
            path = ("indexes", str(place))
        yield index.name, ("jobs", job.name, *path)


def _check_indexed(
    name: str,
    column: Column | None,
    job: Job,
    path: tuple[str, ...],
    places: Places,
    found: Gatherer,
) -> None:
    if column is None and places.may_have_column(job.name, name):
        return  # it has a mistake of its own
    if column is None:
        known = places.columns(job.name)
        message = f"{shown(name)} is not a payload column of {shown(job.name)}"
        few = f"known: {', '.join(known[:10])}" if known else None
        help = found.guesses.did_you_mean(name, known) or few
        if name in BASE_COLUMNS:
            help = "jobgen indexes its own columns; use one of the payload"
        found.error("unknown-column", places.at(*path), message, help)
    elif column.type.element.family is Family.JSON and "jsonb" not in column.type.sql:
        message = "PostgreSQL cannot compare json, so it cannot be indexed"
        found.error("json-index", places.at(*path), message, "use jsonb")


def _check_lengths(schema: Schema, places: Places, found: Gatherer) -> None:
    for name, path, spare in _identifiers(schema):
        excess = len(name.encode()) - names.MAX_IDENTIFIER_BYTES
        if excess > spare:
            found.error(
                "too-long-name",
                places.at(*path),
                f"{shown(name)} would have {len(name.encode())} bytes;"
                f" PostgreSQL allows {names.MAX_IDENTIFIER_BYTES}",
                f"shorten the name by {excess}",
            )


def _identifiers(schema: Schema) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Every name in SQL, what to rename for it, and by how much it will shrink
    because its table must be renamed; the longest of a place, which gets one
    diagnostic."""
    yield schema.postgres.schema, ("postgres",), 0
    for enum in schema.enums:
        yield enum.name, ("enums", enum.name), 0
    for job in schema.jobs:
        path = ("jobs", job.name)
        longest = max(_of_table(job), key=len)
        yield longest, (*path, "table"), 0
        spare = max(len(longest.encode()) - names.MAX_IDENTIFIER_BYTES, 0)
        for column in job.columns:
            name = max(_of_column(job, column), key=len)
            yield name, (*path, "columns", column.name), spare * (name != column.name)
        for name, place in _indexes(job):
            yield name, place, spare


def _of_table(job: Job) -> tuple[str, ...]:
    derive = (
        names.channel,
        names.notify_function,
        names.insert_trigger,
        names.update_trigger,
        names.ready_index,
        names.running_index,
        names.finished_index,
        names.primary_key,
        names.wake_sequence,
        names.id_sequence,
    )
    return tuple(name(job.table) for name in derive)


def _of_column(job: Job, column: Column) -> tuple[str, ...]:
    found = [column.name]
    if column.check is not None:
        found.append(names.check(job.table, column.name))
    if column.references is not None:
        found.append(names.foreign_key(job.table, column.name))
    return tuple(found)


def _check_relations(schema: Schema, places: Places, found: Gatherer) -> None:
    """Tables, indexes and sequences share one namespace; tables are types as well."""
    taken = {STATUS_TYPE: "jobgen's type"}
    for table in (WORKERS_TABLE, MIGRATIONS_TABLE):
        taken[table] = "jobgen's table"
        taken[names.primary_key(table)] = "jobgen's index"
    for job in schema.jobs:
        owner = f"a name that the job {shown(job.name)} needs"
        mine = sorted(_relations(job))
        for name in mine:
            if name in taken:
                message = f"the name {shown(name)} is already {taken[name]}"
                span = places.at("jobs", job.name, "table")
                help = "give one of them another 'table'"
                found.error("table-collision", span, message, help)
                break
        taken.update((name, owner) for name in mine if name not in taken)


def _relations(job: Job) -> set[str]:
    """A name counts though the job may not need it: a setting could bring it."""
    derive = (
        names.primary_key,
        names.wake_sequence,
        names.id_sequence,
        names.ready_index,
        names.running_index,
        names.finished_index,
    )
    indexes = (index.name for index in payload_indexes(job))
    return {job.table, *(name(job.table) for name in derive), *indexes}


def _check_types(schema: Schema, places: Places, found: Gatherer) -> None:
    """Enums and the row types of tables share one namespace."""
    tables = {job.table: job for job in schema.jobs}
    for enum in schema.enums:
        span = places.at("enums", enum.name)
        if enum.name == STATUS_TYPE:
            message = f"'{STATUS_TYPE}' is the type of every job's status"
            found.error("reserved-name", span, message, "rename the enum")
        elif enum.name in (WORKERS_TABLE, MIGRATIONS_TABLE):
            message = f"'{enum.name}' is jobgen's table, and so a type already"
            found.error("reserved-name", span, message, "rename the enum")
        elif enum.name in tables:
            message = f"'{enum.name}' is the table of a job, and so a type already"
            found.error("table-collision", span, message, "rename the enum")
