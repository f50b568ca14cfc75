"""What the database is to be while the previous release still runs.

Stage: migrate. Pure. In: what the last migration led to, and what the schema wants.
Out: what the schema wants, and what it no longer wants but others may still use,
*retired*: there, and in nobody's way. A later migration drops that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from jobgen.migrate.enum_renames import under_new_names
from jobgen.migrate.renames import (
    can_cast,
    draft_name,
    renamed,
    sync_of,
    without_default,
)
from jobgen.schema import names
from jobgen.schema.grants import Grant, apart, together
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Notifications
from jobgen.schema.tables import Column, Database, EnumType, Table

Kind: TypeAlias = Literal[
    "column", "domain", "function", "grant", "index", "sequence", "table", "type"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """`name` of a table or type, or of what belongs to `table`; a grant of the schema
    itself belongs to none."""

    kind: Kind
    name: str
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the migrations so far lead to; `database` includes what is retired."""

    database: Database
    retired: tuple[Retired, ...] = ()


def nothing(wanted: Database) -> Snapshot:
    """Before the first migration."""
    return Snapshot(
        database=Database(
            schema=wanted.schema,
            extensions=(),
            status=replace(wanted.status, labels=()),
            enums=(),
            workers=replace(wanted.workers, columns=()),
            tables=(),
        )
    )


def target(old: Snapshot, wanted: Database, *, drop: bool = False) -> Snapshot:
    """With `drop`, without what earlier migrations retired."""
    gone = frozenset(old.retired) if drop else frozenset[Retired]()
    was = under_new_names(old.database, wanted)
    before = {table.name: table for table in was.tables}
    going = frozenset(old.retired) - gone
    tables = [
        _table(before.get(table.name), table, gone, going) for table in wanted.tables
    ]
    kept = [
        table
        for table in was.tables
        if _is_kept(Retired(kind="table", name=table.name), wanted, gone)
    ]
    enums = [
        enum
        for enum in was.enums
        if _is_kept(Retired(kind="type", name=enum.name), wanted, gone)
    ]
    database = replace(
        wanted,
        enums=(*wanted.enums, *enums),
        tables=(*tables, *kept),
        extensions=tuple(dict.fromkeys((*wanted.extensions, *old.database.extensions))),
        workers=replace(
            wanted.workers,
            grants=_grants(
                wanted.workers.name,
                old.database.workers.grants,
                wanted.workers.grants,
                gone,
            ),
        ),
        grants=_grants("", old.database.grants, wanted.grants, gone),
        aliases=tuple(
            alias
            for alias in was.aliases
            if Retired(kind="domain", name=alias.name) not in gone
        ),
    )
    return Snapshot(database=database, retired=retired_in(database, wanted))


def _is_kept(each: Retired, wanted: Database, gone: frozenset[Retired]) -> bool:
    return each not in gone and each.name not in _names(each.kind, wanted)


def _names(kind: Kind, database: Database) -> frozenset[str]:
    parts: tuple[EnumType | Table, ...] = database.tables
    if kind == "type":
        parts = database.enums
    return frozenset(part.name for part in parts)


def _table(
    old: Table | None,
    wanted: Table,
    gone: frozenset[Retired],
    going: frozenset[Retired],
) -> Table:
    if old is None:
        return wanted
    names = {column.name for column in wanted.columns}
    kept = [
        _optional(column)
        for column in old.columns
        if column.name not in names
        and Retired(kind="column", name=column.name, table=wanted.name) not in gone
    ]
    left = {column.name: column for column in kept}
    renames = _renames(left, old, wanted)
    filled = {column.name for column in renames.values()}
    return replace(
        wanted,
        columns=(
            *(
                without_default(column) if column.name in filled else column
                for column in wanted.columns
            ),
            *(
                without_default(_nullable(column)) if column.name in renames else column
                for column in kept
            ),
        ),
        syncs=tuple(sync_of(wanted, left[name], new) for name, new in renames.items()),
        indexes=(*_indexes(old, wanted, going), *wanted.indexes),
        notifications=_notifications(old, wanted, gone),
        grants=_grants(wanted.name, old.grants, wanted.grants, gone),
    )


def _indexes(old: Table, wanted: Table, going: frozenset[Retired]) -> Iterator[Index]:
    """Those that go on, and the one by which the previous release finds its next row,
    where this one does so by another: without it, it would sort all that are ready."""
    queue = names.ready_index(wanted.name)
    columns = {
        index.name: index.columns for index in wanted.indexes if index.name == queue
    }
    for index in old.indexes:
        if Retired(kind="index", name=index.name, table=wanted.name) in going:
            yield index
        elif index.columns != columns.get(index.name, index.columns):
            by = f"{index.name} by {', '.join(index.columns)}"
            yield replace(index, name=draft_name(wanted, by))


def _renames(
    kept: Mapping[str, Column], old: Table, wanted: Table
) -> dict[str, Column]:
    """By the old name; those that are declared, and those that go on although nobody
    declares them any more. `breaks` refuses one that cannot be cast."""
    by_name = {column.name: column for column in wanted.columns}
    going = {sync.old: by_name[sync.new] for sync in old.syncs if sync.new in by_name}
    every = {**going, **renamed(old, wanted)}
    return {
        name: new
        for name, new in every.items()
        if name in kept and can_cast(kept[name], new)
    }


def _nullable(column: Column) -> Column:
    return replace(column, not_null=False)


def _optional(column: Column) -> Column:
    """For who does not know it: left out, it must not be in the way."""
    return replace(column, not_null=column.not_null and column.default is not None)


def _notifications(
    old: Table, wanted: Table, gone: frozenset[Retired]
) -> Notifications | None:
    """The previous release's workers write to the sequence, if there is one, and make
    triggers anew that they miss."""
    before, after = old.notifications, wanted.notifications
    if before is None:
        return after
    if after is None:
        return None if _of_function(wanted, before) in gone else before
    if before.wake is None:
        return after
    if after.wake is not None:
        granted = _grants(after.wake, before.grants, after.grants, gone)
        return replace(after, grants=granted)
    if Retired(kind="sequence", name=before.wake, table=wanted.name) in gone:
        return after
    return replace(after, wake=before.wake, grants=before.grants)


def _of_function(table: Table, found: Notifications) -> Retired:
    """It stands for its triggers, and their sequence."""
    return Retired(kind="function", name=found.function.name, table=table.name)


def _grants(
    where: str,
    old: tuple[Grant, ...],
    wanted: tuple[Grant, ...],
    gone: frozenset[Retired],
) -> tuple[Grant, ...]:
    """The previous release's roles may still do what they did."""
    kept = [
        grant
        for grant in apart(old)
        if grant not in apart(wanted) and _of_grant(where, grant) not in gone
    ]
    return (*wanted, *together(kept))


def _of_grant(where: str, grant: Grant) -> Retired:
    columns = f" ({grant.columns[0]})" if grant.columns else ""
    name = f"{grant.privilege}{columns} to {grant.role}"
    return Retired(kind="grant", name=name, table=where)


def _grants_beyond(
    where: str, grants: tuple[Grant, ...], wanted: tuple[Grant, ...]
) -> list[Retired]:
    known = apart(wanted)
    return [_of_grant(where, each) for each in apart(grants) if each not in known]


def retired_in(database: Database, wanted: Database) -> tuple[Retired, ...]:
    """What `database` has beyond what is wanted."""
    by_name = {table.name: table for table in wanted.tables}
    found = _grants_beyond("", database.grants, wanted.grants)
    workers = database.workers.grants, wanted.workers.grants
    found.extend(_grants_beyond(wanted.workers.name, *workers))
    for table in database.tables:
        mine = by_name.get(table.name)
        if mine is None:
            found.append(Retired(kind="table", name=table.name))
        else:
            found.extend(_in_table(table, mine))
    found.extend(Retired(kind="domain", name=alias.name) for alias in database.aliases)
    names = _names("type", wanted)
    found.extend(
        Retired(kind="type", name=enum.name)
        for enum in database.enums
        if enum.name not in names
    )
    return tuple(found)


def _in_table(table: Table, wanted: Table) -> list[Retired]:
    names = {column.name for column in wanted.columns}
    found = [
        Retired(kind="column", name=column.name, table=table.name)
        for column in table.columns
        if column.name not in names
    ]
    known = {index.name for index in wanted.indexes}
    found.extend(
        Retired(kind="index", name=index.name, table=table.name)
        for index in table.indexes
        if index.name not in known
    )
    found.extend(_grants_beyond(table.name, table.grants, wanted.grants))
    before, after = table.notifications, wanted.notifications
    if before is None:
        return found
    if after is None:
        found.append(_of_function(table, before))
    elif before.wake is not None and after.wake is None:
        found.append(Retired(kind="sequence", name=before.wake, table=table.name))
    elif before.wake is not None:
        found.extend(_grants_beyond(before.wake, before.grants, after.grants))
    return found
