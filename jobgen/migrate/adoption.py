"""A database that others made → what the first migration is to begin from.

Stage: migrate. Pure. IHP, or an earlier jobgen, made the tables: they lack indexes,
a sequence, a trigger's condition. The first file makes such a database where there is
none, and each later one is a step of a plan like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from jobgen.schema.indexes import Index
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import Check, Column, Database, ForeignKey, Table

N = TypeVar("N", Column, Check, ForeignKey, Index, Table)


def unfit(live: Database, wanted: Database) -> str | None:
    """Why `live` cannot be adopted, and no step could mend it."""
    mine = _by_name(wanted.tables)
    if not live.tables:
        return "none of the schema's tables is there"
    for table in live.tables:
        key, other = mine[table.name].primary_key, table.primary_key
        name = qualified(table.schema, table.name)
        if not other or "(" in other:
            return f"the primary key of {name} is not id alone"
        if other != key:
            return (
                f"the primary key of {name} has another name; run: ALTER TABLE {name}"
                f" RENAME CONSTRAINT {quote_identifier(other)} TO {quote_identifier(key)}"
            )
    return None


def adopted(live: Database, spelt: Database, wanted: Database) -> Database:
    """What there is of what the schema names, and all columns.

    spelt: `wanted` in the server's words. What means the same is in the schema's own.
    """
    theirs, mine = _by_name(spelt.tables), _by_name(wanted.tables)
    tables = [
        _adopted(table, theirs[table.name], mine[table.name]) for table in live.tables
    ]
    return replace(live, tables=tuple(tables))


def _adopted(live: Table, spelt: Table, wanted: Table) -> Table:
    return replace(
        live,
        columns=tuple(_column(each, spelt, wanted) for each in live.columns),
        checks=_known(live.checks, spelt.checks, wanted.checks),
        foreign_keys=_known(live.foreign_keys, spelt.foreign_keys, wanted.foreign_keys),
        indexes=_known(live.indexes, spelt.indexes, wanted.indexes),
        # Made anew as a whole: each of its statements does no harm to what is there.
        notifications=(
            wanted.notifications if live.notifications == wanted.notifications else None
        ),
        strangers=(),
        hindrances=(),
        job=wanted.job,
    )


def _column(live: Column, spelt: Table, wanted: Table) -> Column:
    theirs, mine = _by_name(spelt.columns), _by_name(wanted.columns)
    if live.name in theirs and live.default == theirs[live.name].default:
        return replace(live, default=mine[live.name].default)
    return live


def _known(live: Iterable[N], spelt: Iterable[N], wanted: Iterable[N]) -> tuple[N, ...]:
    theirs, mine = _by_name(spelt), _by_name(wanted)
    return tuple(
        mine[each.name] if each == theirs[each.name] else each
        for each in live
        if each.name in theirs
    )


def makeable(found: Database, wanted: Database) -> Database:
    """`found` as a script makes it where there is none: with the schema's expressions,
    as others may call what only that server has, and with what packages share. All
    steps can be run on it, too."""
    mine = _by_name(wanted.tables)
    tables = [_makeable(table, mine[table.name]) for table in found.tables]
    return replace(
        found, status=wanted.status, workers=wanted.workers, tables=tuple(tables)
    )


def _makeable(table: Table, wanted: Table) -> Table:
    columns = _by_name(wanted.columns)
    return replace(
        table,
        columns=tuple(
            replace(each, default=columns[each.name].default)
            if each.name in columns
            else each
            for each in table.columns
        ),
        checks=_same(table.checks, wanted.checks),
        foreign_keys=_same(table.foreign_keys, wanted.foreign_keys),
        indexes=_same(table.indexes, wanted.indexes),
    )


def _same(found: Iterable[N], wanted: Iterable[N]) -> tuple[N, ...]:
    names = _by_name(found)
    return tuple(each for each in wanted if each.name in names)


def left_alone(live: Database, wanted: Database) -> Iterator[str]:
    """In words, what nothing is done to: the schema has nothing of it."""
    mine = _by_name(wanted.tables)
    for table in live.tables:
        own = mine[table.name]
        yield from _beyond(table, "check", table.checks, own.checks)
        yield from _beyond(table, "reference", table.foreign_keys, own.foreign_keys)
        yield from _beyond(table, "index", table.indexes, own.indexes)
        for trigger in table.strangers:
            yield f"the trigger {trigger.name} of {table.name}"
        for hindrance in table.hindrances:
            yield f"the {hindrance.name} of {table.name}"


def _beyond(
    table: Table, kind: str, live: Iterable[N], wanted: Iterable[N]
) -> Iterator[str]:
    known = _by_name(wanted)
    for each in live:
        if each.name not in known:
            yield f"the {kind} {each.name} of {table.name}"


def _by_name(parts: Iterable[N]) -> dict[str, N]:
    return {part.name: part for part in parts}
