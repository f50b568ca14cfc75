"""What is to change in one table → the safe steps.

Stage: migrate. Pure. One transaction does what takes no time; what has to read the
table comes after it, with locks under which producers and workers go on, and what
only then is instant comes last.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import replace

from jobgen.migrate import alter, blocks
from jobgen.migrate.builds import index_steps
from jobgen.migrate.changes import Change, Comment, Granted, Option, Wake
from jobgen.migrate.defaults import is_instant
from jobgen.migrate.diff import table_changes
from jobgen.migrate.renames import casts, differ
from jobgen.migrate.retype import is_retype, lone_column, retype_steps
from jobgen.migrate.revokes import revoke
from jobgen.migrate.rules import is_same_reference, referring_otherwise, rules
from jobgen.migrate.steps import Statement, Step, transaction
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Function, Trigger
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import Check, Column, ForeignKey, Sync, Table


def table_steps(old: Table, new: Table, *, shared: bool = False) -> Iterator[Step]:
    """What to run, in order. What is taken back on a `shared` table comes later."""
    changes = table_changes(old, new)
    name = qualified(new.schema, new.name)
    retyped = _retyped(changes)
    for column in retyped:
        yield lone_column(old, column.name)
    late = [key for key in _gone_keys(changes) if _has_columns(new, key)]
    for change in changes:
        key = change.old
        if isinstance(key, ForeignKey) and not (
            key in late or is_same_reference(change)
        ):
            yield from _refer_no_more(name, key)
    by_name = {column.name: column for column in new.columns}
    renames = {sync.new: by_name[sync.old] for sync in new.syncs}
    yield from _looks(name, new, changes)
    yield from _comparisons(old, new, changes)
    yield from transaction(f"Change {name}", _instant(name, new, changes))
    filled = [column for column in _added(changes) if _is_filled(column, renames)]
    for column in filled:
        yield from _fill(name, new, column, renames.get(column.name))
    filled = [column for column in filled if column.not_null]
    yield from rules(
        new,
        checks=[change.new for change in changes if isinstance(change.new, Check)],
        keys=[
            change.new
            for change in changes
            if isinstance(change.new, ForeignKey) and not is_same_reference(change)
        ],
        required=[*_required(changes), *filled],
    )
    for change in changes:
        if isinstance(change.new, ForeignKey) and is_same_reference(change):
            yield from referring_otherwise(name, change.new)
    for key in late:  # the column may have another name, and that its own reference
        yield from _refer_no_more(name, key)
    for column in retyped:
        yield from retype_steps(new, column)
    names = {column.name for column in retyped}
    for change in changes:
        if not _is_index_on(change.new, names):
            yield from index_steps(new, change)
    if not shared:
        yield from transaction(f"Take back grants on {name}", _revoked(new, changes))


def _gone_keys(changes: Iterable[Change]) -> list[ForeignKey]:
    return [
        change.old
        for change in changes
        if isinstance(change.old, ForeignKey) and change.new is None
    ]


def _has_columns(table: Table, key: ForeignKey) -> bool:
    """Else it goes with its column."""
    return {*key.columns} <= {column.name for column in table.columns}


def _refer_no_more(name: str, key: ForeignKey) -> Iterator[Step]:
    title = f"Refer from {name} to {key.table} no more"
    yield from transaction(title, (alter.drop_foreign_key(name, key),))


# --- what is instant ----------------------------------------------------------


def _instant(name: str, new: Table, changes: tuple[Change, ...]) -> Iterator[Statement]:
    renamed = {sync.new for sync in new.syncs}
    for change in changes:
        yield from _removed(name, new, change)
    for change in changes:
        yield from _column(name, change, renamed)
        yield from _setting(name, change)
    for change in changes:
        yield from _announcement(name, new, change)
    for change in changes:
        if change.old is None and isinstance(change.new, Granted):
            yield alter.grant(change.new)


def _removed(name: str, table: Table, change: Change) -> Iterator[Statement]:
    """A check that changes is another one."""
    if isinstance(change.old, Sync) and change.new is None:
        yield from alter.drop_sync(name, table.schema, change.old)
    if isinstance(change.old, Check):
        why = "As the schema file says."
        yield alter.drop_constraint(name, change.old.name, why)


def _column(name: str, change: Change, renamed: Collection[str]) -> Iterator[Statement]:
    match change:
        case Change(old=None, new=Column() as column) if column.name in renamed:
            yield from _add_column(name, replace(column, not_null=False))
        case Change(old=None, new=Column() as column):
            yield from _add_column(name, column)
        case Change(old=Column() as column, new=None):
            yield alter.drop_column(name, column)
        case Change(old=Column() as old, new=Column() as column):
            yield from _change_column(name, old, column)
        case _:
            pass


def _add_column(name: str, column: Column) -> Iterator[Statement]:
    """With a default that may differ from row to row, that is for rows to come."""
    if is_instant(column.default):
        yield alter.add_column(name, column)
    else:
        yield alter.add_column(name, replace(column, default=None, not_null=False))
        yield alter.set_default(name, column)
    if column.comment is not None:
        yield alter.comment_column(name, column)


def _change_column(name: str, old: Column, new: Column) -> Iterator[Statement]:
    if old.type != new.type and not is_retype(old, new):
        yield alter.set_type(name, new)
    if old.default != new.default and not is_retype(old, new):
        yield alter.set_default(name, new)  # else it may be none of the old type
    if old.not_null and not new.not_null:
        yield alter.drop_not_null(name, new)
    if old.comment != new.comment:
        yield alter.comment_column(name, new)


def _setting(name: str, change: Change) -> Iterator[Statement]:
    match change:
        case Change(new=Option() as option):
            yield alter.set_options(name, ((option.name, option.value),))
        case Change(old=Option() as option, new=None):
            yield alter.reset_option(name, option.name)
        case Change(new=Comment() as comment):
            yield alter.comment(name, comment)
        case _:
            pass


def _announcement(name: str, new: Table, change: Change) -> Iterator[Statement]:
    """In the order of the changes a sequence and a function come before triggers."""
    match change:
        case Change(new=Wake() as wake):
            yield from alter.create_wake(new.schema, wake.name)
        case Change(new=Function() as function):
            yield alter.replace_function(function)
        case Change(new=Trigger() as trigger):
            yield alter.replace_trigger(name, trigger)
        case Change(old=Trigger() as trigger, new=None):
            yield alter.drop_trigger(name, trigger.name)
        case Change(new=Sync() as sync):
            yield from alter.create_sync(name, new.schema, sync)
        case _:
            pass


# --- what reads the table -----------------------------------------------------


def _is_filled(column: Column, renames: Container[str]) -> bool:
    """Whether rows that there are get a value of their own."""
    volatile = column.not_null and not is_instant(column.default)
    return volatile or column.name in renames


def _looks(name: str, table: Table, changes: Iterable[Change]) -> Iterator[Step]:
    """What only one of two types can say could not be copied."""
    columns = {column.name: column for column in table.columns}
    for change in changes:
        if not isinstance(change.new, Sync):
            continue
        old, new = columns[change.new.old], columns[change.new.new]
        if old.type != new.type and change.old is None:
            yield Step(
                title=f"Look for {old.name} of {name} that is no {new.type}",
                statements=(blocks.fits(table, old, new, _MENDED),),
                scans=True,
            )
        if old.type != new.type and change.new.default is not None:
            looked = blocks.default_fits(table, old, new, change.new.default)
            title = f"Look whether {old.name} of {name} can say a new default"
            yield Step(title=title, statements=(looked,))


def _comparisons(old: Table, new: Table, changes: Iterable[Change]) -> Iterator[Step]:
    """The last look at a column that has another name too."""
    before = {column.name: column for column in old.columns}
    left = {column.name for column in new.columns}
    for change in changes:
        if isinstance(change.old, Sync) and change.new is None:
            first, second = before[change.old.old], before[change.old.new]
            if first.name not in left and second.name in left:
                yield _compared(old, first, second)


def _compared(table: Table, old: Column, new: Column) -> Step:
    """A session without triggers, or a trigger of others that runs even later, may have
    written one of them only."""
    name = qualified(table.schema, table.name)
    own, other = quote_identifier(old.name), quote_identifier(new.name)
    hint = (
        f"Set {own} or {other} of these rows to what is right, which a trigger gives to"
        " the other one, then apply this file again."
    )
    looked = blocks.look(table, differ(old, new), f"{own} = {other}", hint)
    title = f"Compare {old.name} of {name} with {new.name}, which takes its place"
    return Step(title=title, statements=(looked,), scans=True)


_MENDED = "Change or delete these rows, then apply this file again."


def _fill(
    name: str, table: Table, column: Column, source: Column | None
) -> Iterator[Step]:
    """With the default, or with what the column `source` has."""
    filled = blocks.fill(table, column.name, "DEFAULT")
    if source is not None:
        old = quote_identifier(source.name)
        value = casts(source, column)[0].of(f"job.{old}")
        filled = blocks.fill(table, column.name, value, where=f"{old} IS NOT NULL")
    yield Step(
        title=f"Fill the column {column.name} of {name}",
        statements=(filled,),
        bare=True,
        scans=True,
    )


def _added(changes: Iterable[Change]) -> list[Column]:
    return [
        change.new
        for change in changes
        if change.old is None and isinstance(change.new, Column)
    ]


def _required(changes: Iterable[Change]) -> list[Column]:
    """Columns that could be NULL, and cannot any longer."""
    return [
        change.new
        for change in changes
        if isinstance(change.old, Column)
        and isinstance(change.new, Column)
        and change.new.not_null
        and not change.old.not_null
    ]


def _retyped(changes: Iterable[Change]) -> list[Column]:
    return [
        change.new
        for change in changes
        if isinstance(change.old, Column)
        and isinstance(change.new, Column)
        and is_retype(change.old, change.new)
    ]


def _is_index_on(part: object, columns: Collection[str]) -> bool:
    """One that is built with the column that it is on."""
    return isinstance(part, Index) and any(each in columns for each in part.columns)


def _revoked(table: Table, changes: Iterable[Change]) -> Iterator[Statement]:
    """Those on a column that was dropped went with it."""
    gone = {
        change.old.name
        for change in changes
        if change.new is None and isinstance(change.old, Column)
    }
    for change in changes:
        if change.new is not None or not isinstance(change.old, Granted):
            continue
        grant = change.old.grant
        left = tuple(name for name in grant.columns if name not in gone)
        if left or not grant.columns:
            yield revoke(replace(change.old, grant=replace(grant, columns=left)))
        if not grant.columns:
            yield from _granted_again(change.old, table)


def _granted_again(gone: Granted, table: Table) -> Iterator[Statement]:
    """To revoke a privilege on a table revokes it on each of its columns."""
    if gone.object != qualified(table.schema, table.name):
        return  # a sequence has no columns
    for grant in table.grants:
        alike = (grant.role, grant.privilege) == (gone.grant.role, gone.grant.privilege)
        if alike and grant.columns:
            yield alter.grant(replace(gone, grant=grant))
