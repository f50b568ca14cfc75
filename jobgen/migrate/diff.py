"""Two databases → what differs.

Stage: migrate. Pure. Order is that of the new database; the order of columns,
grants, options and triggers means nothing, and differs nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from jobgen.migrate.changes import (
    Change,
    Comment,
    Extension,
    Granted,
    Option,
    Part,
    PrimaryKey,
    Wake,
)
from jobgen.schema.grants import Grant, apart, together
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Trigger
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import (
    Check,
    Column,
    Database,
    EnumType,
    ForeignKey,
    Hindrance,
    Sync,
    Table,
)

N = TypeVar("N", Column, Check, ForeignKey, Hindrance, Index, Sync, Trigger)


def diff(old: Database, new: Database) -> tuple[Change, ...]:
    """What makes `old` into `new`; nothing where they mean the same."""
    return tuple(_database(old, new))


def _database(old: Database, new: Database) -> Iterator[Change]:
    extensions: list[dict[str, Part]] = [
        {name: Extension(name=name) for name in each.extensions} for each in (old, new)
    ]
    yield from _parts(new.schema, *extensions)
    schema = f"SCHEMA {quote_identifier(new.schema)}"
    enums = _enums(old), _enums(new)
    tables = _tables(old), _tables(new)
    yield from _aliases(old, new)
    for name in _names(*enums):
        yield from _enum(enums[0].get(name), enums[1].get(name))
    yield from _grants(new.schema, schema, old.grants, new.grants)
    for name in _names(*tables):
        yield from _table(tables[0].get(name), tables[1].get(name))


def _enums(database: Database) -> dict[str, EnumType]:
    every = (database.status, *database.enums)
    return {qualified(each.schema, each.name): each for each in every if each.labels}


def _aliases(old: Database, new: Database) -> Iterator[Change]:
    """Before the types, which cannot go while they have a second name."""
    before, after = (
        {qualified(each.schema, each.name): each for each in database.aliases}
        for database in (old, new)
    )
    for name in _names(before, after):
        if before.get(name) != after.get(name):
            yield Change(where=name, old=before.get(name), new=after.get(name))


def _tables(database: Database) -> dict[str, Table]:
    every = (database.workers, *database.tables)
    return {qualified(each.schema, each.name): each for each in every if each.columns}


def _names(old: Iterable[str], new: Iterable[str]) -> list[str]:
    """The new ones in their order, then those that go."""
    return [*dict.fromkeys((*new, *old))]


def _parts(
    where: str, old: Mapping[str, Part], new: Mapping[str, Part]
) -> Iterator[Change]:
    for name in _names(old, new):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield Change(where=where, old=before, new=after)


def _enum(old: EnumType | None, new: EnumType | None) -> Iterator[Change]:
    either = new or old
    if either is None:
        return
    where = qualified(either.schema, either.name)
    if old is None or new is None or old.labels != new.labels:
        yield Change(where=where, old=old, new=new)
    if old is not None and new is not None:
        before, after = (
            Comment(text=each.comment, on_type=True) for each in (old, new)
        )
        yield from _changed(where, before, after)


def _table(old: Table | None, new: Table | None) -> Iterator[Change]:
    """A table that comes or goes is one change, with all that belongs to it."""
    either = new or old
    if either is None:
        return
    where = qualified(either.schema, either.name)
    if old is None or new is None:
        yield Change(where=where, old=old, new=new)
        return
    yield from table_changes(old, new)


def table_changes(old: Table, new: Table) -> tuple[Change, ...]:
    """The same for one table that is in both databases."""
    return tuple(_of_table(qualified(new.schema, new.name), old, new))


def _of_table(where: str, old: Table, new: Table) -> Iterator[Change]:
    yield from _parts(where, _named(old.columns), _named(new.columns))
    keys = PrimaryKey(name=old.primary_key), PrimaryKey(name=new.primary_key)
    yield from _changed(where, *keys)
    yield from _parts(where, _named(old.checks), _named(new.checks))
    yield from _parts(where, _named(old.foreign_keys), _named(new.foreign_keys))
    yield from _parts(where, _named(old.indexes), _named(new.indexes))
    yield from _parts(where, _options(old), _options(new))
    yield from _changed(where, Comment(text=old.comment), Comment(text=new.comment))
    yield from _notifications(where, old, new)
    yield from _parts(where, _named(old.syncs), _named(new.syncs))
    yield from _parts(where, _named(old.strangers), _named(new.strangers))
    yield from _parts(where, _named(old.hindrances), _named(new.hindrances))
    yield from _grants(where, where, old.grants, new.grants)


def _changed(where: str, old: Part, new: Part) -> Iterator[Change]:
    if old != new:
        yield Change(where=where, old=old, new=new)


def _notifications(where: str, old: Table, new: Table) -> Iterator[Change]:
    before, after = _announcing(old), _announcing(new)
    yield from _parts(where, before, after)
    wakes = [each for each in after.values() if isinstance(each, Wake)]
    for wake in wakes:  # the grants on one that goes go with it
        grants = [
            table.notifications.grants if table.notifications else ()
            for table in (old, new)
        ]
        name = f"SEQUENCE {qualified(new.schema, wake.name)}"
        yield from _grants(where, name, *grants)


def _announcing(table: Table) -> dict[str, Part]:
    """The parts of what announces rows, in the order in which they are made."""
    found = table.notifications
    if found is None:
        return {}
    wake: dict[str, Part] = {"wake": Wake(name=found.wake)} if found.wake else {}
    triggers = sorted(found.triggers, key=lambda trigger: trigger.name)
    return {**wake, "function": found.function, **_named(triggers)}


def _grants(
    where: str, object: str, old: Iterable[Grant], new: Iterable[Grant]
) -> Iterator[Change]:
    """Columns that come or go, and no others."""
    before, after = apart(old), apart(new)
    for grant in together(each for each in after if each not in before):
        granted = Granted(object=object, grant=grant)
        yield Change(where=where, old=None, new=granted)
    for grant in together(each for each in before if each not in after):
        granted = Granted(object=object, grant=grant)
        yield Change(where=where, old=granted, new=None)


def _options(table: Table) -> dict[str, Part]:
    return {name: Option(name=name, value=value) for name, value in table.options}


def _named(parts: Iterable[N]) -> dict[str, Part]:
    return {part.name: part for part in parts}
