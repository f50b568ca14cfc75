"""A column that gets another name while two releases run.

Stage: migrate. Pure. The new column is there beside the old one, and a trigger keeps
both the same, whichever a process knows. It also fills in the default, of which the
columns have none meanwhile: so a value that is there was given by somebody. It runs
after the triggers of others, whatever they give either column.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import NamedTuple

from jobgen.emit.render import render
from jobgen.migrate.casts import Cast, cast
from jobgen.schema.quoting import (
    qualified,
    quote_identifier,
    quote_literal,
    quoted_identifier,
)
from jobgen.schema.tables import Column, Sync, Table


class _View(NamedTuple):
    old: str
    new: str
    default: str
    cast: str


class _CastView(NamedTuple):
    old: str
    new: str
    old_text: str
    new_text: str
    default: str
    forth: str
    back: str
    forth_lost: str
    back_lost: str
    old_name: str
    new_name: str
    old_type: str
    new_type: str


def draft_name(table: Table, name: str) -> str:
    """The name of what is there for a while only: short, whatever the others are."""
    text = f"{table.schema}.{table.name}.{name}"
    return f"jobgen_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def last_trigger(name: str) -> str:
    """Triggers run by name: this one after nearly all of others."""
    return f"zzz_{name}"


def sync_of(table: Table, old: Column, new: Column) -> Sync:
    """What keeps the column `new` and the one that it was the same."""
    name = last_trigger(draft_name(table, f"{old.name}.{new.name}"))
    return Sync(
        name=name,
        old=old.name,
        new=new.name,
        default=new.default,
        body=_same(old, new) if old.type == new.type else _same_in_words(old, new),
        definition=before_each_row(table, name),
    )


def before_each_row(table: Table, name: str) -> str:
    """What `pg_get_triggerdef` prints of the trigger of a `Sync`, with a function of
    the same name."""
    return (
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE"
        f" ON {qualified(table.schema, table.name)} FOR EACH ROW"
        f" EXECUTE FUNCTION {qualified(table.schema, name)}()"
    )


def _same(old: Column, new: Column) -> str:
    view = _View(
        old=quoted_identifier(old.name),
        new=quoted_identifier(new.name),
        default="" if new.default is None else f", {new.default}",
        cast=_comparable(new),
    )
    return render("migrate/sync.jinja", view)


def _same_in_words(old: Column, new: Column) -> str:
    """For two types; a value of which only one can say all is an error."""
    before, after = (quoted_identifier(each.name) for each in (old, new))
    forth, back = casts(old, new)
    view = _CastView(
        old=before,
        new=after,
        old_text=_comparable(old),
        new_text=_comparable(new),
        default=new.default or "",
        forth=forth.of(f"NEW.{before}"),
        back=back.of(f"NEW.{after}"),
        forth_lost=forth.lost(f"NEW.{before}", f"NEW.{after}", back),
        back_lost=back.lost(f"NEW.{after}", f"NEW.{before}", forth),
        old_name=quote_literal(old.name),
        new_name=quote_literal(new.name),
        old_type=quote_literal(old.type),
        new_type=quote_literal(new.type),
    )
    return render("migrate/sync_cast.jinja", view)


_LOOSE = ("json", "citext", "numeric", "numrange", "interval")
"""Equal values may differ to who reads them, as 7.5 and 7.50 do; json has no equality."""


def _comparable(column: Column) -> str:
    return "::text" if column.type.startswith(_LOOSE) else ""


def can_cast(old: Column, new: Column) -> bool:
    """Both ways: either release enqueues its own type."""
    forth, back = cast(old.type, new.type), cast(new.type, old.type)
    return forth is not None and back is not None


def casts(old: Column, new: Column) -> tuple[Cast, Cast]:
    """Forth and back; `can_cast` has said that they are there."""
    forth, back = cast(old.type, new.type), cast(new.type, old.type)
    if forth is None or back is None:
        raise ValueError(f"{old.type} and {new.type} cannot be cast")
    return forth, back


def differ(old: Column, new: Column) -> str:
    """The condition under which a row says two things. What one of two types spells
    otherwise, as jsonb does, is the same to the other."""
    before, after = (quote_identifier(each.name) for each in (old, new))
    if old.type == new.type:
        text = _comparable(old)
        return f"{before}{text} IS DISTINCT FROM {after}{text}"
    forth, back = casts(old, new)
    first = _distinct(forth.of(before), after, new)
    return f"{first} AND {_distinct(back.of(after), before, old)}"


def _distinct(value: str, column: str, of: Column) -> str:
    text = "::text" if of.type.startswith("json") and of.type != "jsonb" else ""
    return f"({value}){text} IS DISTINCT FROM {column}{text}"


def renamed(old: Table, wanted: Table) -> dict[str, Column]:
    """The columns that are there under another name, by that name. One that is there
    under its own has values of its own."""
    before = {column.name for column in old.columns}
    after = {column.name for column in wanted.columns}
    return {
        column.renamed_from: column
        for column in wanted.columns
        if column.name not in before
        and column.renamed_from in before
        and column.renamed_from not in after
    }


def without_default(column: Column) -> Column:
    """As it is while a trigger fills it."""
    return replace(column, default=None)
