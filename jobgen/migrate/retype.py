"""A column whose values have to be written anew, for a wider type.

Stage: migrate. Pure. PostgreSQL would do it in one statement, while everybody waits.
Instead a second column gets each value, by a trigger and a backfill, and everything
that the first one has; then it takes its place in a moment. To who comes by the name
it is the same column before, meanwhile and after: so only types will do which the
previous release's statements write and read as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobgen.emit.render import render
from jobgen.migrate import blocks
from jobgen.migrate.renames import draft_name
from jobgen.migrate.steps import Statement
from jobgen.migrate.widening import is_widening
from jobgen.schema.quoting import qualified, quote_identifier, quoted_identifier
from jobgen.schema.tables import Check, Column, Sync, Table

_WIDER = {
    "smallint": ("integer", "bigint"),
    "integer": ("bigint",),
    "real": ("double precision",),
}
_NUMERIC = re.compile(r"numeric(?:\(([0-9]+),([0-9]+)\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
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


def obstacle(old: Table, new: Table, name: str) -> str | None:
    """What cannot be carried over to the second column, if anything."""
    for table in (old, new):
        if any(name in (sync.old, sync.new) for sync in table.syncs):
            return "it is being renamed"
    for index in new.indexes:
        if index.where is not None and _mentions(index.where, name):
            return f"the index {index.name} has it in its condition"
    return None


def mentions(check: Check, name: str) -> bool:
    """Whether a check may be about the column."""
    return _mentions(check.expression, name)


def _mentions(expression: str, name: str) -> bool:
    """Rather too often than not: a text may contain the word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", expression) is not None


def copies(table: Table, column: Column) -> Sync:
    """The trigger that gives the second column, `new`, what the first one gets."""
    name = draft_name(table, f"{column.name} as another type")
    view = _View(
        old=quoted_identifier(column.name),
        new=quoted_identifier(name),
        type=column.type,
    )
    return Sync(
        name=name,
        old=column.name,
        new=name,
        body=render("migrate/retype.jinja", view),
        definition=f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE"
        f" ON {qualified(table.schema, table.name)} FOR EACH ROW"
        f" EXECUTE FUNCTION {qualified(table.schema, name)}()",
    )


def fill(table: Table, column: Column, second: Column) -> Statement:
    """Gives the second column what the first one has, in batches."""
    own = quote_identifier(column.name)
    value = f"job.{own}::{column.type}"
    return blocks.fill(table, second.name, value, where=f"{own} IS NOT NULL")
