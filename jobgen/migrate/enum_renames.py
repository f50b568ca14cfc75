"""An enum that gets another name while two releases run.

Stage: migrate. Pure. The type itself is renamed: columns, defaults, indexes and plans
know it by its number. In the same moment a domain takes the old name, as which the
previous release goes on to cast and, at its next start, to look for the type.

Rejected: the other way round, a domain under the new name. It would go when the type
is renamed at last, and with it what the running release has prepared. Two enums and
two columns: each value would be copied, and every index built again, for a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jobgen.migrate import alter
from jobgen.migrate.defaults import is_instant
from jobgen.migrate.mentions import mentions
from jobgen.migrate.steps import Statement, Step, transaction
from jobgen.schema.notifications import Function
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Alias, Column, Database, EnumType, Table


def renamed_enums(old: Database, new: Database) -> dict[str, EnumType]:
    """The enums that are there under another name, by that name."""
    before = {enum.name for enum in old.enums}
    after = {enum.name for enum in new.enums}
    return {
        enum.renamed_from: enum
        for enum in new.enums
        if enum.name not in before
        and enum.renamed_from in before
        and enum.renamed_from not in after
    }


def under_new_names(old: Database, new: Database) -> Database:
    """`old`, with the names that `new` gives its enums, and theirs as further ones."""
    renamed = renamed_enums(old, new)
    if not renamed:
        return old
    types = {
        qualified(old.schema, name): qualified(old.schema, enum.name)
        for name, enum in renamed.items()
    }
    further = (_alias(old.schema, name, enum) for name, enum in renamed.items())
    return replace(
        old,
        enums=tuple(
            replace(enum, name=renamed[enum.name].name)
            if enum.name in renamed
            else enum
            for enum in old.enums
        ),
        tables=tuple(_table(table, types) for table in old.tables),
        aliases=(
            *(
                replace(each, type=types.get(each.type, each.type))
                for each in old.aliases
            ),
            *further,
        ),
    )


def _table(table: Table, types: Mapping[str, str]) -> Table:
    return replace(
        table,
        columns=tuple(_column(column, types) for column in table.columns),
        syncs=tuple(
            replace(
                sync,
                body=_cast_anew(sync.body, types),
                default=_default(sync.default, types),
            )
            for sync in table.syncs
        ),
    )


def _column(column: Column, types: Mapping[str, str]) -> Column:
    array = "[]" if column.type.endswith("[]") else ""
    was = column.type.removesuffix("[]")
    return replace(
        column,
        type=types.get(was, was) + array,
        default=_default(column.default, types),
    )


def _default(text: str | None, types: Mapping[str, str]) -> str | None:
    return None if text is None else _cast_anew(text, types)


def _cast_anew(text: str, types: Mapping[str, str]) -> str:
    """As jobgen writes it; a user who writes a type otherwise has changed the text."""
    names = "|".join(map(re.escape, types))
    return re.sub(rf"::({names})(?!\w)", lambda found: f"::{types[found[1]]}", text)


def rename_steps(old: Database, new: Database) -> tuple[Step, ...]:
    """All at once: no statement finds only one of two names."""
    title = "Give enums another name beside the one that they have"
    return transaction(title, _renames(old, new))


def _renames(old: Database, new: Database) -> Iterator[Statement]:
    home = new.schema
    for name, enum in renamed_enums(old, new).items():
        yield alter.rename_type(home, name, enum.name)
        yield alter.create_alias(_alias(home, name, enum))
    yield from _bodies(old, under_new_names(old, new))


def _alias(home: str, name: str, enum: EnumType) -> Alias:
    return Alias(schema=home, name=name, type=qualified(home, enum.name))


def _bodies(old: Database, new: Database) -> Iterator[Statement]:
    """Triggers that keep two columns the same may compare a value of the type with one
    that they cast to it, and no operator takes one of the domain instead."""
    for before, after in zip(old.tables, new.tables, strict=True):
        for was, sync in zip(before.syncs, after.syncs, strict=True):
            if was != sync:
                body = Function(schema=new.schema, name=sync.name, body=sync.body)
                yield alter.replace_function(body)


def obstacle(old: Database, name: str) -> str | None:
    """The column whose default may use the enum as no domain can be used: statements
    of the previous release have the expression in them."""
    for table in old.tables:
        for column in table.columns:
            default = column.default
            if not is_instant(default) and mentions(default or "", name):
                return f"{table.name}.{column.name}"
    return None
