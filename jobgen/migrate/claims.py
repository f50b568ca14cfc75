"""Each `renamed_from` that says nothing, in words.

Stage: migrate. Pure. What it named is gone, or never was: nothing comes of it, but
who reads the schema believes that something does.
"""

from __future__ import annotations

from collections.abc import Iterator

from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Column, Database, EnumType, Table


def idle_claims(old: Database, wanted: Database) -> Iterator[str]:
    """old: what the migrations so far lead to."""
    before = {table.name: table for table in old.tables}
    for table in wanted.tables:
        name = qualified(table.schema, table.name)
        for column in table.columns:
            reason = _of_column(column, before.get(table.name))
            if reason is not None:
                yield _idle(name, column.name, column.renamed_from, reason)
    for enum in wanted.enums:
        reason = _of_enum(enum, old)
        if reason is not None:
            yield _idle(wanted.schema, enum.name, enum.renamed_from, reason)


def _idle(where: str, name: str, claim: str | None, reason: str) -> str:
    return (
        f"{where}: 'renamed_from: {claim}' of '{name}' does nothing, because {reason};"
        " take it away"
    )


def _of_column(column: Column, table: Table | None) -> str | None:
    name = column.renamed_from
    if name is None:
        return None
    names = {each.name for each in table.columns} if table else set[str]()
    if name not in names:
        return f"no migration leaves a column '{name}'"
    syncs = table.syncs if table else ()
    goes_on = any((name, column.name) == (sync.old, sync.new) for sync in syncs)
    if column.name in names and not goes_on:
        return "both columns are there already, with values of their own"
    return None


def _of_enum(enum: EnumType, old: Database) -> str | None:
    name = enum.renamed_from
    if name is None or name in {alias.name for alias in old.aliases}:
        return None
    names = {each.name for each in old.enums}
    if name not in names:
        return f"no migration leaves an enum '{name}'"
    return "both enums are there already" if enum.name in names else None
