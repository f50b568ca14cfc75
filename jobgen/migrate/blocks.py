"""Steps that look, count or loop: blocks of PL/pgSQL.

Stage: migrate. Pure. Their text is laid out by templates; what is in it went through
`quoting`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from jobgen.emit.literals import dollar_quoted
from jobgen.emit.render import render
from jobgen.migrate.renames import casts
from jobgen.migrate.steps import Lock, Statement
from jobgen.schema.quoting import (
    qualified,
    quote_identifier,
    quote_literal,
    quoted_identifier,
)
from jobgen.schema.tables import Column, Table

BATCH = 1000
"""Rows of a backfill's transaction: a few milliseconds, in which nobody waits for a
lock of one of them."""


class Fill(NamedTuple):
    table: str
    table_text: str
    column: str
    column_text: str
    value: str
    and_value: str
    id_type: str
    size: int


class Look(NamedTuple):
    table: str
    table_text: str
    condition: str
    name_text: str
    hint: str
    row_security: str


class Alone(NamedTuple):
    table_text: str
    column_text: str
    rules: str
    indexes: str
    rights: str


class Fits(NamedTuple):
    table: str
    table_text: str
    column: str
    column_text: str
    type: str
    type_text: str
    forth: str
    lost: str
    hint: str


class Default(NamedTuple):
    table_text: str
    column_text: str
    type: str
    other: str
    other_text: str
    default: str
    back: str
    lost: str
    hint: str


class Valid(NamedTuple):
    index_text: str


class Empty(NamedTuple):
    table: str
    table_text: str


def fill(table: Table, column: str, value: str, *, where: str = "") -> Statement:
    """Gives the column of each row that has none `value`, in batches, which is more
    than one transaction; `where` says which of them have one to get."""
    name = qualified(table.schema, table.name)
    view = Fill(
        table=name,
        table_text=quote_literal(name),
        column=quote_identifier(column),
        column_text=quote_literal(column),
        value=value,
        and_value=f" AND {where}" if where else "",
        id_type=next(each.type for each in table.columns if each.name == "id"),
        size=BATCH,
    )
    return _do("migrate/fill.jinja", view, ((name, Lock.ROW_EXCLUSIVE),))


def look(
    table: Table, condition: str, name: str, hint: str, *, others: bool = False
) -> Statement:
    """Fails where a row fulfils `condition`, before anything hinders that row.

    others: the condition is of other tables too.
    """
    relation = qualified(table.schema, table.name)
    view = Look(
        table=relation,
        table_text=quote_literal(relation),
        condition=condition,
        name_text=quote_literal(name),
        hint=quote_literal(hint),
        row_security="on" if others else "off",
    )
    return _do("migrate/look.jinja", view, ((relation, Lock.ACCESS_SHARE),))


def assert_alone(table: Table, column: str) -> Statement:
    """Fails where something is on the column, or needs it, of which `table` has
    nothing: a view, an index made by hand, a right of another role."""
    rules = [each.name for each in table.checks]
    rules += [each.name for each in table.foreign_keys]
    rights = [
        f"{grant.privilege} {grant.role}"
        for grant in table.grants
        if column in grant.columns
    ]
    view = Alone(
        table_text=quote_literal(qualified(table.schema, table.name)),
        column_text=quote_literal(column),
        rules=_texts(rules),
        indexes=_texts(each.name for each in table.indexes),
        rights=_texts(rights),
    )
    return _do("migrate/alone.jinja", view, ())


def _texts(texts: Iterable[str]) -> str:
    return ", ".join(map(quote_literal, texts))


def fits(table: Table, old: Column, new: Column, hint: str) -> Statement:
    """Fails where a value of the column `old` is none of `new`, and says which."""
    relation = qualified(table.schema, table.name)
    forth, back = casts(old, new)
    view = Fits(  # a name that is `loop` would end the FOR
        table=f"{quoted_identifier(table.schema)}.{quoted_identifier(table.name)}",
        table_text=quote_literal(relation),
        column=quoted_identifier(old.name),
        column_text=quote_literal(old.name),
        type=new.type,
        type_text=quote_literal(new.type),
        forth=forth.of("_row.old"),
        lost=forth.lost("_row.old", "_value", back) or "false",
        hint=quote_literal(hint),
    )
    return _do("migrate/fits.jinja", view, ((relation, Lock.ACCESS_SHARE),))


def default_fits(table: Table, old: Column, new: Column, default: str) -> Statement:
    """Fails where the column `old` cannot say `default`, which is of `new`: who leaves
    it to the server could enqueue nothing."""
    forth, back = casts(old, new)
    view = Default(
        table_text=quote_literal(qualified(table.schema, table.name)),
        column_text=quote_literal(new.name),
        type=new.type,
        other=old.type,
        other_text=quote_literal(old.type),
        default=default,
        back=back.of("_given"),
        lost=back.lost("_given", "_said", forth) or "false",
        hint=quote_literal(
            f"Give it one that is also {old.type} till {old.name} is dropped."
        ),
    )
    return _do("migrate/default.jinja", view, ())


def assert_valid(table: Table, index: str) -> Statement:
    """Fails where a concurrent build left an index that nobody reads."""
    view = Valid(index_text=quote_literal(qualified(table.schema, index)))
    return _do("migrate/valid.jinja", view, ())


def assert_done(table: Table) -> Statement:
    """Fails where a job is waiting or running, and keeps others from coming."""
    name = qualified(table.schema, table.name)
    view = Empty(table=name, table_text=quote_literal(name))
    return _do("migrate/empty.jinja", view, ((name, Lock.ACCESS_EXCLUSIVE),))


def _do(
    template: str,
    view: Fill | Look | Alone | Fits | Default | Valid | Empty,
    locks: tuple[tuple[str, Lock], ...],
) -> Statement:
    return Statement(sql=f"DO {dollar_quoted(render(template, view))}", locks=locks)
