"""References between the tables of one schema file.

Stage: schema, part of the checks. Tables of others are the server's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobgen.schema.diagnostics import Gatherer, did_you_mean, shown
from jobgen.schema.model import Column, Job, References, Schema
from jobgen.schema.places import Places
from jobgen.schema.tables import base_columns, column_type


def check_references(schema: Schema, places: Places, found: Gatherer) -> None:
    tables = {job.table: job for job in schema.jobs}
    for job in schema.jobs:
        for column in job.columns:
            if column.references is not None:
                path = ("jobs", job.name, "columns", column.name, "references")
                target = _target(column.references, schema, tables)
                if target is not None:
                    _check(schema, target, column, path, places, found)


def _target(
    references: References, schema: Schema, tables: Mapping[str, Job]
) -> Job | None:
    home, _, table = references.table.rpartition(".")
    return tables.get(table) if home in ("", schema.postgres.schema) else None


def _check(
    schema: Schema,
    target: Job,
    column: Column,
    path: tuple[str, ...],
    places: Places,
    found: Gatherer,
) -> None:
    wanted = column.references.column if column.references else ""
    types = {base.name: base.type for base in base_columns(schema, target)}
    home = schema.postgres.schema
    types |= {each.name: column_type(home, each) for each in target.columns}
    span = places.at(*path, "column")
    if places.has("jobs", target.name, "columns", wanted) and wanted not in types:
        return  # it has a mistake of its own
    if wanted not in types:
        message = f"{shown(wanted)} is not a column of {shown(target.table)}"
        found.error("unknown-column", span, message, did_you_mean(wanted, types))
    elif wanted not in _keys(target):
        message = f"{shown(wanted)} is not unique in {shown(target.table)}"
        help = "reference 'id', or give it an index of its own with 'unique: true'"
        found.error("not-unique", span, message, help)
    elif not _comparable(types[wanted], column_type(home, column)):
        message = f"{shown(wanted)} is of type {types[wanted]}, this column is not"
        found.error("reference-type", span, message, f"write 'type: {types[wanted]}'")


def _keys(job: Job) -> set[str]:
    whole = (index for index in job.indexes if index.unique and index.where is None)
    return {"id", *(index.columns[0] for index in whole if len(index.columns) == 1)}


def _comparable(left: str, right: str) -> bool:
    integers = {"smallint", "integer", "bigint"}
    texts = {"text", "character varying"}
    left, right = (side.partition("(")[0] for side in (left, right))
    return left == right or {left, right} <= integers or {left, right} <= texts
