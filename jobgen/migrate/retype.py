"""A column whose values have to be written anew, for a wider type.

Stage: migrate. Pure. PostgreSQL would do it in one statement, while everybody waits.
Instead a second column gets each value, by a trigger and a backfill, and everything
that the first one has; then it takes its place in a moment. To who comes by the name
it is the same column before, meanwhile and after: so only types will do which the
previous release's statements write and read as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from jobgen.emit.render import render
from jobgen.migrate import alter, blocks
from jobgen.migrate.builds import build
from jobgen.migrate.changes import Granted
from jobgen.migrate.mentions import mentions
from jobgen.migrate.renames import before_each_row, draft_name, last_trigger
from jobgen.migrate.rules import rules, validated
from jobgen.migrate.steps import Statement, Step, transaction
from jobgen.migrate.widening import is_widening
from jobgen.schema.indexes import Index
from jobgen.schema.quoting import qualified, quote_identifier, quoted_identifier
from jobgen.schema.tables import Column, ForeignKey, Sync, Table

_WIDER = {
    "smallint": ("integer", "bigint"),
    "integer": ("bigint",),
    "real": ("double precision",),
}
_NUMERIC = re.compile(r"numeric(?:\(([0-9]+),([0-9]+)\))?")


class _View(NamedTuple):
    old: str
    new: str
    type: str


def can_retype(old: str, new: str) -> bool:
    """Whether each value of the type `old` is one of `new`, and the same in Python."""
    if old.endswith("[]") and new.endswith("[]"):
        old, new = old[:-2], new[:-2]
        if old != new and is_widening(old, new):
            return True  # free for a value, but not for the elements of an array
    return new in _WIDER.get(old, ()) or _has_more_digits(old, new)


def _has_more_digits(old: str, new: str) -> bool:
    """On both sides of the point."""
    before, after = _NUMERIC.fullmatch(old), _NUMERIC.fullmatch(new)
    if before is None or after is None or before[1] is None or after[1] is None:
        return False
    whole = [int(each[1]) - int(each[2]) for each in (before, after)]
    return whole[0] <= whole[1] and int(before[2]) <= int(after[2])


def is_retype(old: Column, new: Column) -> bool:
    """Whether a change of a column is one of these."""
    return old.type != new.type and not is_widening(old.type, new.type)


def obstacle(old: Table, new: Table, name: str, others: Iterable[Table]) -> str | None:
    """What cannot be carried over to the second column, if anything.

    others: every table that is there, before or after.
    """
    for table in (old, new):
        if any(name in (sync.old, sync.new) for sync in table.syncs):
            return "it is being renamed"
    for table in others:
        if any(_is_to(key, new, name) for key in table.foreign_keys):
            return f"{table.name} refers to it"
    for index in new.indexes:
        if index.where is not None and mentions(index.where, name):
            return f"the index {index.name} has it in its condition"
    return None


def _is_to(key: ForeignKey, table: Table, column: str) -> bool:
    there = (key.schema, key.table) == (table.schema, table.name)
    return there and column in key.references


def lone_column(old: Table, column: str) -> Step:
    """Before anything is done: what nobody carries over keeps the column as it is."""
    name = qualified(old.schema, old.name)
    looked = blocks.assert_alone(old, column)
    title = f"Look for what else is on {column} of {name}"
    return Step(title=title, statements=(looked,))


def retype_steps(table: Table, column: Column) -> Iterator[Step]:
    """A second column, all that the first one has, and one moment."""
    name = qualified(table.schema, table.name)
    copies = _copies(table, column)
    second = replace(column, name=copies.new, default=None)
    yield from transaction(
        f"Give {name} a second {column.name}, which is {column.type}",
        (
            alter.add_column(name, replace(second, not_null=False)),
            *((alter.comment_column(name, second),) if second.comment else ()),
            *(alter.grant(each) for each in _granted_on(name, table, column, second)),
            *alter.create_sync(name, table.schema, copies),
        ),
    )
    yield Step(
        title=f"Copy {column.name} of {name} as {column.type}",
        statements=(_fill(table, column, second),),
        bare=True,
        scans=True,
    )
    yield from rules(table, (), (), [second] if second.not_null else [])
    indexes = [each for each in table.indexes if column.name in each.columns]
    drafts = [_of_second(table, index, column, second) for index in indexes]
    for index, draft in zip(indexes, drafts, strict=True):
        yield build(table, draft, index.name)
    yield _compared(table, column, second)
    checks = [each for each in table.checks if mentions(each.expression, column.name)]
    keys = [each for each in table.foreign_keys if column.name in each.columns]
    yield from transaction(
        f"Put the {column.name} of {name} that is {column.type} in its place",
        (
            *alter.drop_sync(name, table.schema, copies),
            *(alter.drop_constraint(name, each.name, _AGAIN) for each in checks),
            *(alter.drop_foreign_key(name, key) for key in keys),
            alter.drop_column(name, column, "Another one has all of its values."),
            alter.rename_column(name, second.name, column.name),
            *(
                alter.rename_index(table, draft.name, index.name)
                for index, draft in zip(indexes, drafts, strict=True)
            ),
            *((alter.set_default(name, column),) if column.default else ()),
            *(alter.add_check(name, check) for check in checks),
            *(alter.add_foreign_key(name, key) for key in keys),
        ),
    )
    yield from validated(name, [*checks, *keys])


_AGAIN = "It is there again at the end of this transaction."


def _granted_on(
    name: str, table: Table, column: Column, second: Column
) -> Iterator[Granted]:
    """What the roles may do to the first column."""
    for grant in table.grants:
        if column.name in grant.columns:
            yield Granted(object=name, grant=replace(grant, columns=(second.name,)))


def _of_second(table: Table, index: Index, column: Column, second: Column) -> Index:
    """The same index, of the other column."""
    columns = tuple(
        second.name if each == column.name else each for each in index.columns
    )
    return replace(index, name=draft_name(table, index.name), columns=columns)


def _copies(table: Table, column: Column) -> Sync:
    """The trigger that gives the second column, `new`, what the first one gets."""
    second = draft_name(table, f"{column.name} as another type")
    name = last_trigger(second)
    view = _View(
        old=quoted_identifier(column.name),
        new=quoted_identifier(second),
        type=column.type,
    )
    return Sync(
        name=name,
        old=column.name,
        new=second,
        body=render("migrate/retype.jinja", view),
        definition=before_each_row(table, name),
    )


def _fill(table: Table, column: Column, second: Column) -> Statement:
    """Gives the second column what the first one has, in batches."""
    own = quote_identifier(column.name)
    value = f"job.{own}::{column.type}"
    return blocks.fill(table, second.name, value, where=f"{own} IS NOT NULL")


def _compared(table: Table, column: Column, second: Column) -> Step:
    """The last look at the first column. A trigger of others that runs even later, or
    a session without triggers, may have given it another value."""
    name = qualified(table.schema, table.name)
    own = quote_identifier(column.name)
    wrong = f"{second.name} IS DISTINCT FROM {own}::{column.type}"
    hint = (
        "Disable the other trigger that writes to it, run UPDATE"
        f" {name} SET {own} = {own} WHERE {wrong}, then apply this file again."
    )
    looked = blocks.look(table, wrong, f"{second.name} = {own}", hint)
    title = f"Compare {column.name} of {name} with the second one"
    return Step(title=title, statements=(looked,), scans=True)
