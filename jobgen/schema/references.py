"""References between the tables of one schema file.

Stage: schema, part of the checks. Tables of others are the server's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from jobgen.schema.diagnostics import Gatherer, Span, shown
from jobgen.schema.model import Column, Job, Schema
from jobgen.schema.places import Places
from jobgen.schema.tables import base_columns, column_type

_NEARLY = 0.9
"""Names that are more alike than this differ by a slip of the finger."""

_MOST = 100
"""Tables of others that are compared with those of the jobs."""


def check_references(schema: Schema, places: Places, found: Gatherer) -> None:
    tables = {job.table: job for job in schema.jobs}
    others: dict[str, Span] = {}
    for job in schema.jobs:
        for column in job.columns:
            if column.references is not None:
                path = ("jobs", job.name, "columns", column.name, "references")
                home, _, table = column.references.table.rpartition(".")
                if home not in ("", schema.postgres.schema):
                    continue
                if table in tables:
                    _check(schema, tables[table], column, path, places, found)
                else:
                    others.setdefault(table, places.at(*path, "table"))
    _check_others(others, tables, found)


def _check_others(
    others: Mapping[str, Span], tables: Mapping[str, Job], found: Gatherer
) -> None:
    """Warns of what is nearly the table of a job: it may be a table of others."""
    for table, span in islice(others.items(), _MOST):
        better = found.guesses.closest(table, list(tables), _NEARLY)
        if better is not None:
            message = f"{shown(table)} is not the table of a job in this schema"
            found.warning("unknown-table", span, message, f"did you mean '{better}'?")


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
    if wanted not in types:
        if places.may_have_column(target.name, wanted):
            return  # it has a mistake of its own
        message = f"{shown(wanted)} is not a column of {shown(target.table)}"
        known = [*dict.fromkeys((*types, *places.columns(target.name)))]
        help = found.guesses.did_you_mean(wanted, known) or "reference 'id', its key"
        found.error("unknown-column", span, message, help)
    elif wanted == "id" and places.doubtful("jobs", target.name, "id"):
        return
    elif wanted not in _keys(target):
        if places.doubtful("jobs", target.name, "indexes"):
            return
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
