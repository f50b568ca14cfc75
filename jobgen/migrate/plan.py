"""Two databases → the safe steps from one to the other.

Stage: migrate. Pure. In: what is, and what is to be; `breaks` has refused what no
step leads to, and `target` has put off what the previous release still needs. Out:
steps of which none holds up producers or workers but for a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jobgen.emit.sql import enum_sql, table_sql, workers_sql
from jobgen.migrate import alter, blocks
from jobgen.migrate.changes import Change, Comment, Extension, Granted, Wake
from jobgen.migrate.diff import diff
from jobgen.migrate.enum_renames import rename_steps, under_new_names
from jobgen.migrate.revokes import revoke_on_schema, revoke_on_workers
from jobgen.migrate.steps import Lock, Statement, Step, transaction
from jobgen.migrate.table_plan import table_steps
from jobgen.schema.notifications import Function
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import Alias, Database, EnumType, Table


def steps_between(old: Database, new: Database) -> tuple[Step, ...]:
    """What to run, in order."""
    was = under_new_names(old, new)
    return (*rename_steps(old, new), *_steps(was, new, diff(was, new)))


def _steps(old: Database, new: Database, changes: tuple[Change, ...]) -> Iterator[Step]:
    title = f"Prepare the schema {quote_identifier(new.schema)}"
    yield from transaction(title, _first(new, changes))
    for change in changes:
        if isinstance(change.new, EnumType) and isinstance(change.old, EnumType):
            yield from _labels(change.old, change.new)
    before = {table.name: table for table in (old.workers, *old.tables)}
    every = (new.workers, *new.tables)
    added = [table for table in every if table.columns and not _is(before, table)]
    for table in added:
        script = workers_sql(table) if table is new.workers else table_sql(table)
        yield _new_table(table, script)
    for table in every:
        was = _bare(table) if table in added else before.get(table.name)
        if was is not None:
            yield from table_steps(was, table, shared=table is new.workers)
    yield from _last(new, changes)


def _is(before: dict[str, Table], table: Table) -> bool:
    return table.name in before and bool(before[table.name].columns)


def _first(new: Database, changes: tuple[Change, ...]) -> Iterator[Statement]:
    """What others need, and what holds up nobody."""
    for change in changes:
        match change:
            case Change(old=None, new=Extension() as extension):
                home = quote_identifier(new.schema)
                name = quote_identifier(extension.name)
                yield Statement(
                    sql=f"CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA {home}"
                )
            case Change(old=None, new=EnumType() as enum):
                yield Statement(sql=_script(enum_sql(enum)))
            case Change(new=Comment(on_type=True) as comment):
                yield alter.comment(change.where, comment)
            case Change(old=None, new=Granted() as granted) if _on_schema(granted):
                yield alter.grant(granted)
            case _:
                pass


def _on_schema(granted: Granted) -> bool:
    return granted.object.startswith("SCHEMA ")


def _script(text: str) -> str:
    """Several statements as they stand in schema.sql."""
    return text.rstrip().removesuffix(";")


def _labels(old: EnumType, new: EnumType) -> Iterator[Step]:
    """A new label cannot be used before the transaction that adds it has ended."""
    places = [n for n, label in enumerate(new.labels) if label not in old.labels]
    title = f"Add labels to the type {qualified(new.schema, new.name)}"
    yield from transaction(title, (alter.add_label(new, place) for place in places))


def _bare(table: Table) -> Table:
    """What `table_sql` makes of it: references and grants are missing."""
    found = table.notifications
    announced = None if found is None else replace(found, grants=())
    return replace(table, foreign_keys=(), grants=(), notifications=announced)


def _new_table(table: Table, script: str) -> Step:
    name = qualified(table.schema, table.name)
    locks = ((name, Lock.ACCESS_EXCLUSIVE),)
    made = Statement(sql=_script(script), locks=locks)
    return Step(title=f"Add the table {name}", statements=(made,))


def _last(new: Database, changes: tuple[Change, ...]) -> Iterator[Step]:
    """What goes: an earlier migration retired it, and nobody uses it any more."""
    gone = [
        change.old
        for change in changes
        if isinstance(change.old, Table) and change.new is None
    ]
    for table in gone:  # before any of them: they may refer to each other
        yield from _drop_references(table)
    for table in gone:
        yield _drop_table(table)
    statements = (*_dropped(new.schema, changes), *_taken_back(new, changes))
    yield from transaction("Drop what is used no more", statements)


def _drop_references(table: Table) -> Iterator[Step]:
    name = qualified(table.schema, table.name)
    for key in table.foreign_keys:
        title = f"Refer from {name} to {key.table} no more"
        yield from transaction(title, (alter.drop_foreign_key(name, key),))


def _drop_table(table: Table) -> Step:
    """Refused by the server where a job is not done."""
    name = qualified(table.schema, table.name)
    dropped = Statement(
        sql=f"DROP TABLE {name}",
        locks=((name, Lock.ACCESS_EXCLUSIVE),),
        excuse="ban-drop-table: Retired by an earlier migration; its jobs are done.",
    )
    return Step(
        title=f"Drop the table {name}", statements=(blocks.assert_done(table), dropped)
    )


def _dropped(schema: str, changes: tuple[Change, ...]) -> Iterator[Statement]:
    for change in changes:
        match change:
            case Change(old=Function() as function, new=None):
                name = qualified(function.schema, function.name)
                yield _drop("FUNCTION", f"{name}()")
            case Change(old=Wake() as wake, new=None):
                name = qualified(schema, wake.name)
                yield _drop("SEQUENCE", name)
            case Change(old=Table() as table, new=None):
                yield from _left_by(table)
            case Change(old=Alias(), new=None):
                yield _drop("DOMAIN", change.where)
            case Change(old=EnumType(), new=None):
                yield _drop("TYPE", change.where)
            case _:
                pass


def _taken_back(new: Database, changes: tuple[Change, ...]) -> Iterator[Statement]:
    """When nothing that is dropped or taken back counts any more as in use."""
    gone = [
        change.old
        for change in changes
        if isinstance(change.old, Granted) and change.new is None
    ]
    workers = qualified(new.schema, new.workers.name)
    shared = [granted for granted in gone if granted.object == workers]
    yield from revoke_on_workers(new.schema, shared)
    for granted in gone:
        if _on_schema(granted):
            yield revoke_on_schema(new.schema, granted)


def _left_by(table: Table) -> Iterator[Statement]:
    """What does not go with its table."""
    found = table.notifications
    if found is not None:
        name = qualified(found.function.schema, found.function.name)
        yield _drop("FUNCTION", f"{name}()")
        if found.wake is not None:
            yield _drop("SEQUENCE", qualified(table.schema, found.wake))


def _drop(kind: str, name: str) -> Statement:
    rule = f"ban-drop-{kind.lower()}"
    reason = "Retired by an earlier migration; nobody uses it."
    return Statement(sql=f"DROP {kind} {name}", excuse=f"{rule}: {reason}")
