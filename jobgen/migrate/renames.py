"""A column that gets another name while two releases run.

Stage: migrate. Pure. The new column is there beside the old one, and a trigger keeps
both the same, whichever a process knows. It also fills in the default, of which the
columns have none meanwhile: so a value that is there was given by somebody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from jobgen.emit.render import render
from jobgen.schema.quoting import qualified, quoted_identifier
from jobgen.schema.tables import Column, Sync, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    old: str
    new: str
    default: str
    cast: str  # json cannot be compared


def draft_name(table: Table, name: str) -> str:
    """The name of what is there for a while only: short, whatever the others are."""
    text = f"{table.schema}.{table.name}.{name}"
    return f"jobgen_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def sync_of(table: Table, old: str, new: Column) -> Sync:
    """What keeps the column `new` and the one that it was the same."""
    name = draft_name(table, f"{old}.{new.name}")
    view = _View(
        old=quoted_identifier(old),
        new=quoted_identifier(new.name),
        default="" if new.default is None else f", {new.default}",
        cast="::text" if new.type in ("json", "json[]") else "",
    )
    function = qualified(table.schema, name)
    return Sync(
        name=name,
        old=old,
        new=new.name,
        body=render("migrate/sync.jinja", view),
        definition=f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE"
        f" ON {qualified(table.schema, table.name)} FOR EACH ROW"
        f" EXECUTE FUNCTION {function}()",
    )


def renamed(old: Table, wanted: Table) -> dict[str, Column]:
    """The columns that are there under another name, by that name."""
    before = {column.name for column in old.columns}
    after = {column.name for column in wanted.columns}
    return {
        column.renamed_from: column
        for column in wanted.columns
        if column.renamed_from in before and column.renamed_from not in after
    }


def without_default(column: Column) -> Column:
    """As it is while a trigger fills it."""
    return replace(column, default=None)
