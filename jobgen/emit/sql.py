"""The views of schema.sql, made from the physical database alone.

Stage: emit. In: a `Database`. Out: views whose parts are SQL already; texts of
the user are quoted here, or by a filter in the template.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from jobgen.emit.grants import GrantView, grants_of
from jobgen.emit.python import banner
from jobgen.emit.render import render
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Trigger
from jobgen.schema.quoting import qualified, quote_identifier, quote_literal
from jobgen.schema.tables import (
    STATUSES,
    Column,
    Database,
    EnumType,
    ForeignKey,
    Table,
)

_RULES = {
    "smallint": "prefer-bigint-over-smallint",
    "integer": "prefer-bigint-over-int",
    "character varying(": "prefer-text-field",
    "timestamp without": "prefer-timestamp-tz",
}
"""What squawk says of a type that contains the text."""

_REASONS = {
    "attempts_count": "The type that IHP gives it; nothing is tried 2^31 times.",
    "priority": "A handful of values in every entry of an index.",
}


class Extension(NamedTuple):
    name: str
    text: str


class VersionView(NamedTuple):
    """The block that stops the script on an older server."""

    minimum: int


class HomeView(NamedTuple):
    """The block that makes the schema, where that is missing."""

    schema: str
    schema_text: str


class StatusView(NamedTuple):
    """The guarded block that makes `job_status`."""

    name: str
    name_text: str
    schema_text: str
    labels: tuple[str, ...]
    five_labels: tuple[str, ...]  # those of an IHP without timed_out
    mend_text: str


class WorkersView(NamedTuple):
    """The guarded block that makes the table of workers."""

    name: str
    name_text: str
    schema_text: str
    relname_text: str
    shape_text: str
    columns: tuple[str, ...]
    primary_key: str


class EnumView(NamedTuple):
    name: str
    labels: tuple[str, ...]
    comment: str | None


class Comment(NamedTuple):
    object: str
    text: str


class IndexView(NamedTuple):
    name: str
    columns: str
    unique: bool
    where: str | None


class NotificationsView(NamedTuple):
    """`wake` is the sequence that the triggers look at; empty where there is none."""

    wake: str
    function: str
    body: str
    triggers: tuple[Trigger, ...]


class TableView(NamedTuple):
    name: str
    lines: tuple[str, ...]  # columns and constraints
    options: str
    comments: tuple[Comment, ...]
    indexes: tuple[IndexView, ...]
    notifications: NotificationsView | None


class ForeignKeyView(NamedTuple):
    table: str
    name: str
    columns: str
    target: str
    references: str
    on_delete: str


class SchemaView(NamedTuple):
    banner: str
    minimum: int
    version_block: str
    schema: str
    schema_block: str
    extensions: tuple[Extension, ...]
    status_block: str
    workers_block: str
    enums: tuple[EnumView, ...]
    tables: tuple[TableView, ...]
    foreign_keys: tuple[ForeignKeyView, ...]
    grants: tuple[GrantView, ...]


def schema_sql(database: Database, source: str, *, minimum: int) -> str:
    """The text of schema.sql, which servers older than `minimum` refuse."""
    return render("sql/schema.sql.jinja", _schema(database, source, minimum))


class OneTable(NamedTuple):
    """A table with its indexes and triggers, without references and grants."""

    table: TableView


def table_sql(table: Table) -> str:
    """The statements that make `table`, as they stand in schema.sql."""
    return render("sql/table.jinja", OneTable(table=_table(table)))


class OnlyWorkers(NamedTuple):
    workers_block: str


def workers_sql(workers: Table) -> str:
    """The statement that makes the table of workers, unless another package has."""
    return render(
        "sql/workers.jinja", OnlyWorkers(workers_block=_workers_block(workers))
    )


class OneEnum(NamedTuple):
    enum: EnumView


def enum_sql(enum: EnumType) -> str:
    """The statements that make `enum`, as they stand in schema.sql."""
    return render("sql/enum.jinja", OneEnum(enum=_enum(enum)))


def _schema_block(name: str) -> str:
    """Nothing for the one that every database has."""
    if name == "public":
        return ""
    view = HomeView(schema=quote_identifier(name), schema_text=quote_literal(name))
    return render("sql/schema_block.jinja", view)


def _schema(database: Database, source: str, minimum: int) -> SchemaView:
    version = VersionView(minimum=minimum)
    return SchemaView(
        banner=banner(source),
        minimum=minimum,
        version_block=render("sql/version_block.jinja", version),
        schema=quote_identifier(database.schema),
        schema_block=_schema_block(database.schema),
        extensions=tuple(
            Extension(name=quote_identifier(name), text=quote_literal(name))
            for name in database.extensions
        ),
        status_block=render("sql/status_block.jinja", _status(database.status)),
        workers_block=_workers_block(database.workers),
        enums=tuple(map(_enum, database.enums)),
        tables=tuple(map(_table, database.tables)),
        foreign_keys=tuple(
            _foreign_key(table, key)
            for table in database.tables
            for key in table.foreign_keys
        ),
        grants=grants_of(database),
    )


def _status(status: EnumType) -> StatusView:
    name = qualified(status.schema, status.name)
    labels = tuple(map(quote_literal, status.labels))
    missing, before = STATUSES[3], STATUSES[2]
    return StatusView(
        name=name,
        name_text=quote_literal(name),
        schema_text=quote_literal(status.schema),
        labels=labels,
        five_labels=tuple(label for label in labels if label != quote_literal(missing)),
        mend_text=quote_literal(
            f"ALTER TYPE {name} ADD VALUE '{missing}' AFTER '{before}'"
        ),
    )


def _workers_block(workers: Table) -> str:
    return render("sql/workers_block.jinja", _workers(workers))


def _workers(workers: Table) -> WorkersView:
    name = qualified(workers.schema, workers.name)
    shape = ", ".join(
        f"{column.name} {column.type} NOT NULL" for column in workers.columns
    )
    return WorkersView(
        name=name,
        name_text=quote_literal(name),
        schema_text=quote_literal(workers.schema),
        relname_text=quote_literal(workers.name),
        shape_text=quote_literal(f"r: {shape}; PRIMARY KEY (id)"),
        columns=tuple(map(_column, workers.columns)),
        primary_key=quote_identifier(workers.primary_key),
    )


def _enum(enum: EnumType) -> EnumView:
    return EnumView(
        name=qualified(enum.schema, enum.name),
        labels=tuple(map(quote_literal, enum.labels)),
        comment=enum.comment,
    )


def _table(table: Table) -> TableView:
    name = qualified(table.schema, table.name)
    return TableView(
        name=name,
        lines=(*map(_excused, table.columns), *_constraints(table)),
        options=_options(table),
        comments=tuple(_comments(table, name)),
        indexes=tuple(map(_index, table.indexes)),
        notifications=_notifications(table),
    )


def _notifications(table: Table) -> NotificationsView | None:
    notifications = table.notifications
    if notifications is None:
        return None
    function, wake = notifications.function, notifications.wake
    return NotificationsView(
        wake=qualified(table.schema, wake) if wake else "",
        function=qualified(function.schema, function.name),
        body=function.body,
        triggers=notifications.triggers,
    )


def _excused(column: Column) -> str:
    """The column, below an excuse where the linter would rather have another type."""
    rule = _rule(column.type)
    if rule is None:
        return _column(column)
    reason = _REASONS.get(column.name, "The schema file asks for this type.")
    return f"-- {reason}\n    -- squawk-ignore {rule}\n    {_column(column)}"


@cache  # most columns have one of a few types
def _rule(type: str) -> str | None:
    return next((rule for known, rule in _RULES.items() if known in type), None)


def _column(column: Column) -> str:
    parts = [quote_identifier(column.name), column.type]
    if column.identity:
        parts.append("GENERATED BY DEFAULT AS IDENTITY")
    elif column.not_null:
        parts.append("NOT NULL")
    if column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    return " ".join(parts)


def _constraints(table: Table) -> list[str]:
    return [
        f"CONSTRAINT {quote_identifier(table.primary_key)} PRIMARY KEY (id)",
        *(
            f"CONSTRAINT {quote_identifier(check.name)} CHECK ({check.expression})"
            for check in table.checks
        ),
    ]


def _options(table: Table) -> str:
    options = ",\n    ".join(f"{name} = {value}" for name, value in table.options)
    return f" WITH (\n    {options}\n)" if options else ""


def _comments(table: Table, name: str) -> Iterable[Comment]:
    if table.comment:
        yield Comment(object=f"TABLE {name}", text=table.comment)
    for column in table.columns:
        if column.comment:
            column_name = f"{name}.{quote_identifier(column.name)}"
            yield Comment(object=f"COLUMN {column_name}", text=column.comment)


def _index(index: Index) -> IndexView:
    return IndexView(
        name=quote_identifier(index.name),
        columns=_names(index.columns),
        unique=index.unique,
        where=index.where,
    )


def _foreign_key(table: Table, key: ForeignKey) -> ForeignKeyView:
    return ForeignKeyView(
        table=qualified(table.schema, table.name),
        name=quote_identifier(key.name),
        columns=_names(key.columns),
        target=qualified(key.schema, key.table),
        references=_names(key.references),
        on_delete=key.on_delete.upper(),
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quote_identifier, names))
