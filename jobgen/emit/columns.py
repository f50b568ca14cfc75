"""Columns as SQL sends and returns them: parameters, casts, the RETURNING list.

Stage: emit. A parameter is cast to its column's type *without* a modifier: an
explicit cast to `varchar(5)` would cut a text that an assignment refuses.
"""

from __future__ import annotations

from typing import NamedTuple

from jobgen.schema import tables
from jobgen.schema.model import Column, Job, Schema
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.types import Family

_AS_TEXT = (Family.ENUM, Family.JSON, Family.CITEXT)
"""Families that travel as text, whatever codecs the connection knows."""

_RUNNING = "'job_status_running' AS status"


class Input(NamedTuple):
    """A column that a producer may fill in.

    `sql_type` is what a single parameter is cast to. In bulk a parameter is an
    array of `bulk_type`, and an element of it is followed by `bulk_cast`.
    `default` is the server's expression, fit for a cast. `literal`: in bulk each
    value is the text of a PostgreSQL array or range.
    """

    sql_name: str
    sql_type: str
    bulk_type: str
    bulk_cast: str
    dump: str
    default: str | None
    literal: bool


def inputs_of(schema: Schema, job: Job) -> tuple[Input, ...]:
    """What `enqueue` sends, in the order of the table."""
    found = [_base("run_at", "timestamp with time zone", "timestamptz", "now()")]
    if job.priority:
        found.append(_base("priority", "smallint", "int2", "0"))
    found.extend(_payload(schema, column) for column in job.columns)
    return tuple(found)


def returned(schema: Schema, job: Job) -> tuple[str, ...]:
    """The columns of a fetched row, read so that every client gets the same.

    Enums come back as text: in binary mode they would be bytes. JSON too: no
    loader that the application registered may change what arrives. The status is
    what the statement has just written: looking up its label cost 3 % of a drain.
    """
    found: list[str] = []
    for base in tables.base_columns(schema, job):
        name = f"job.{quote_identifier(base.name)}"
        found.append(_RUNNING if base.name == "status" else name)
    for column in job.columns:
        cast = _brackets(column, "::text") if _travels_as_text(column) else ""
        found.append(f"job.{quote_identifier(column.name)}{cast}")
    return tuple(found)


def type_without_modifier(schema: Schema, column: Column) -> str:
    if column.type.enum is not None:
        base = qualified(schema.postgres.schema, column.type.enum)
    else:
        base = column.type.element.sql
    # citext is an extension's, in a schema that nobody knows: an assignment
    # from text makes one without naming it.
    return _brackets(column, "text" if base == "citext" else base)


def _base(name: str, sql_type: str, dump: str, default: str) -> Input:
    return Input(
        sql_name=name,
        sql_type=sql_type,
        bulk_type=sql_type,
        bulk_cast="",
        dump=dump,
        default=default,
        literal=False,
    )


def _payload(schema: Schema, column: Column) -> Input:
    sql_type = type_without_modifier(schema, column)
    literal = column.type.array or column.type.element.family is Family.RANGE
    as_text = literal or _travels_as_text(column)
    return Input(
        sql_name=quote_identifier(column.name),
        sql_type=sql_type,
        bulk_type="text" if as_text else sql_type,
        bulk_cast=f"::{sql_type}" if as_text and sql_type != "text" else "",
        dump=_brackets(column, column.type.element.dump),
        default=_default(column, sql_type),
        literal=literal,
    )


def _default(column: Column, sql_type: str) -> str | None:
    """An expression of the user's may be of any type that the column accepts."""
    expression = tables.default_of(column)
    if expression is None:
        return None
    if column.default_sql is not None:
        return f"{expression}::{sql_type}"
    if column.type.element.family is Family.CITEXT:
        return expression.removesuffix(f"::{column.type.sql}") + f"::{sql_type}"
    return expression


def _travels_as_text(column: Column) -> bool:
    return column.type.element.family in _AS_TEXT


def _brackets(column: Column, text: str) -> str:
    return text + "[]" if column.type.array else text
