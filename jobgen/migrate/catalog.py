"""A live catalogue → a `Database`.

Stage: migrate, its shell. In: a connection, and the database that is wanted, which
says by which names to look. Reads, and changes nothing: `spelling` has set an empty
search path, under which names are printed in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg.rows import TupleRow

from jobgen.migrate import questions
from jobgen.schema import names
from jobgen.schema.grants import Grant
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Function, Notifications, Trigger
from jobgen.schema.tables import (
    Alias,
    Check,
    Column,
    Database,
    EnumType,
    ForeignKey,
    Hindrance,
    Sync,
    Table,
)

Connection: TypeAlias = psycopg.Connection[TupleRow]

Row: TypeAlias = tuple[Any, ...]
"""Any, because only the question knows what its columns are."""

T = TypeVar("T")


def read(conn: Connection, wanted: Database) -> Database:
    """What there is of the objects that `wanted` names; grants of its roles alone."""
    tables = {table.name: table for table in (wanted.workers, *wanted.tables)}
    enums = _enums(conn, wanted)
    found = _tables(conn, wanted, tables)
    return Database(
        schema=wanted.schema,
        extensions=tuple(
            row[0] for row in _ask(conn, questions.EXTENSIONS, [[*wanted.extensions]])
        ),
        status=enums.get(wanted.status.name, _without_labels(wanted.status)),
        enums=tuple(enums[each.name] for each in wanted.enums if each.name in enums),
        workers=_workers(found, wanted.workers),
        tables=tuple(found[each.name] for each in wanted.tables if each.name in found),
        grants=_schema_grants(conn, wanted),
        aliases=_aliases(conn, wanted),
    )


def roles_of(database: Database) -> frozenset[str]:
    """Everybody to whom something is granted: all have USAGE on the schema."""
    return frozenset(grant.role for grant in database.grants)


def missing_roles(conn: Connection, roles: Iterable[str]) -> frozenset[str]:
    """Those that the server has not, or not by this name."""
    question = (
        "SELECT name FROM unnest(%s::text[]) AS name"
        " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name)"
    )
    return frozenset(row[0] for row in _ask(conn, question, [[*roles]]))


def _ask(conn: Connection, question: LiteralString, values: Sequence[Any]) -> list[Row]:
    return conn.execute(question, values).fetchall()


def _without_labels(enum: EnumType) -> EnumType:
    return EnumType(schema=enum.schema, name=enum.name, labels=())


def _without_columns(table: Table) -> Table:
    return Table(
        schema=table.schema, name=table.name, columns=(), primary_key=table.primary_key
    )


def _workers(found: Mapping[str, Table], wanted: Table) -> Table:
    """Other packages' roles are granted what they need, which is not looked at."""
    live = found.get(wanted.name, _without_columns(wanted))
    mine = [grant for grant in live.grants if grant in wanted.grants]
    return replace(live, grants=tuple(mine))


def _enums(conn: Connection, wanted: Database) -> dict[str, EnumType]:
    names = [wanted.status.name, *(enum.name for enum in wanted.enums)]
    rows = _ask(conn, questions.ENUMS, [wanted.schema, names])
    return {
        name: EnumType(
            schema=wanted.schema, name=name, labels=tuple(labels), comment=comment
        )
        for name, labels, comment in rows
    }


def _aliases(conn: Connection, wanted: Database) -> tuple[Alias, ...]:
    names = [alias.name for alias in wanted.aliases]
    rows = _ask(conn, questions.DOMAINS, [wanted.schema, names])
    return tuple(
        Alias(schema=wanted.schema, name=name, type=type_) for name, type_ in rows
    )


def _schema_grants(conn: Connection, wanted: Database) -> tuple[Grant, ...]:
    rows = _ask(conn, questions.SCHEMA_GRANTS, [wanted.schema])
    found = [Grant(role=role, privilege=privilege) for role, privilege in rows]
    (owner,) = conn.execute(
        "SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = %s",
        [wanted.schema],
    ).fetchone() or ("",)
    return _granted(found, wanted.grants, roles_of(wanted), owner)


def _granted(
    found: Iterable[Grant], wanted: Iterable[Grant], roles: frozenset[str], owner: str
) -> tuple[Grant, ...]:
    """What is granted to `roles`; to the owner all that is wanted, as it has more."""
    mine = [grant for grant in wanted if grant.role == owner]
    others = [grant for grant in found if grant.role in roles]
    return tuple(sorted((*mine, *others), key=_order))


def _order(grant: Grant) -> tuple[str, str, tuple[str, ...]]:
    return grant.role, grant.privilege, grant.columns


def _tables(
    conn: Connection, wanted: Database, tables: Mapping[str, Table]
) -> dict[str, Table]:
    """By name; each with all that belongs to it."""
    made = _ask(conn, questions.TABLES, [wanted.schema, [*tables]])
    oids = [row[0] for row in made]
    columns = _grouped(conn, questions.COLUMNS, oids, _column)
    constraints = _grouped(conn, questions.CONSTRAINTS, oids, _constraint)
    indexes = _grouped(conn, questions.INDEXES, oids, _index)
    triggers = _grouped(conn, questions.TRIGGERS, oids, _trigger)
    hindrances = _grouped(conn, questions.HINDRANCES, oids, _hindrance)
    announced = _announcements(conn, wanted, tables)
    grants = _grants(conn, wanted.schema, [*tables])
    syncs = [sync.name for table in tables.values() for sync in table.syncs]
    rows = _ask(conn, questions.FUNCTIONS, [wanted.schema, syncs])
    bodies: dict[str, str] = {row[0]: row[1] for row in rows}
    found: dict[str, Table] = {}
    for oid, name, owner, comment, options, values in made:
        parts = constraints.get(oid, [])
        known, strangers = _sorted_out(
            tables[name], triggers.get(oid, []), announced.get(name)
        )
        found[name] = Table(
            schema=wanted.schema,
            name=name,
            columns=tuple(columns.get(oid, [])),
            primary_key=next((part for part in parts if isinstance(part, str)), ""),
            checks=tuple(part for part in parts if isinstance(part, Check)),
            foreign_keys=tuple(p for p in parts if isinstance(p, ForeignKey)),
            indexes=tuple(indexes.get(oid, [])),
            notifications=known,
            syncs=tuple(_syncs(tables[name], strangers, bodies)),
            strangers=tuple(
                each
                for each in strangers
                if each.name not in {sync.name for sync in tables[name].syncs}
            ),
            hindrances=tuple(hindrances.get(oid, [])),
            options=tuple(zip(options, values, strict=True)),
            comment=comment,
            grants=_granted(
                grants.get(name, []), tables[name].grants, roles_of(wanted), owner
            ),
        )
    return found


def _grouped(
    conn: Connection, question: LiteralString, oids: list[int], make: Callable[[Row], T]
) -> dict[int, list[T]]:
    """What `make` makes of the rows of a question, by the table that they are of."""
    found: dict[int, list[T]] = {}
    for row in _ask(conn, question, [oids]):
        found.setdefault(row[0], []).append(make(row[1:]))
    return found


def _column(row: Row) -> Column:
    name, type_, not_null, default, identity, comment = row
    return Column(
        name=name,
        type=type_,
        not_null=not_null,
        default=default,
        identity=identity,
        comment=comment,
    )


def _constraint(row: Row) -> str | Check | ForeignKey:
    """A primary key is told by its name, as long as it is on `id`."""
    kind, name, valid, expression, columns, schema, table, references, on_delete = row
    if kind == "p":
        return str(name) if columns == ["id"] else f"{name} ({', '.join(columns)})"
    if kind == "c":
        return Check(name=name, expression=expression, valid=valid)
    return ForeignKey(
        name=name,
        columns=tuple(columns),
        schema=schema,
        table=table,
        references=tuple(references),
        on_delete=on_delete,
        valid=valid,
    )


def _index(row: Row) -> Index:
    name, columns, unique, where, valid = row
    return Index(
        name=name, columns=tuple(columns), unique=unique, where=where, valid=valid
    )


def _trigger(row: Row) -> Trigger:
    name, event, level, function, definition = row
    return Trigger(
        name=name,
        event=event,
        level=level,
        condition="",
        function=function,
        definition=definition,
    )


def _hindrance(row: Row) -> Hindrance:
    (name,) = row
    return Hindrance(name=name)


def _sorted_out(
    wanted: Table, triggers: list[Trigger], announced: Notifications | None
) -> tuple[Notifications | None, tuple[Trigger, ...]]:
    """jobgen's own triggers, as a part of what announces rows, and all others."""
    names = _trigger_names(wanted)
    own = tuple(each for each in triggers if each.name in names and announced)
    others = tuple(each for each in triggers if each not in own)
    if announced is None:
        return None, others
    return (
        Notifications(
            function=announced.function,
            triggers=own,
            wake=announced.wake,
            grants=announced.grants,
        ),
        others,
    )


def _syncs(
    wanted: Table, triggers: Iterable[Trigger], bodies: Mapping[str, str]
) -> Iterator[Sync]:
    """Of those that are wanted, what there is."""
    known = {sync.name: sync for sync in wanted.syncs}
    for trigger in triggers:
        sync = known.get(trigger.name)
        if sync is not None:
            body, definition = bodies.get(sync.name, ""), trigger.definition
            yield replace(sync, body=body, definition=definition)


def _trigger_names(wanted: Table) -> frozenset[str]:
    table = wanted.name
    return frozenset({names.insert_trigger(table), names.update_trigger(table)})


def _announcements(
    conn: Connection, wanted: Database, tables: Mapping[str, Table]
) -> dict[str, Notifications]:
    """By table: the functions and sequences that there are, without triggers."""
    schema = wanted.schema
    by_function = {names.notify_function(table): table for table in tables}
    rows = _ask(conn, questions.FUNCTIONS, [schema, [*by_function]])
    wakes = {names.wake_sequence(table): table for table in tables}
    sequences = {
        wakes[name]: (name, owner, difference)
        for name, owner, difference in _ask(
            conn, questions.SEQUENCES, [schema, [*wakes]]
        )
    }
    grants = _grants(conn, schema, [*wakes])
    found: dict[str, Notifications] = {}
    for name, body in rows:
        table = by_function[name]
        wake, owner, difference = sequences.get(table, (None, "", ""))
        known = tables[table].notifications
        found[table] = Notifications(
            function=Function(schema=schema, name=name, body=body),
            triggers=(),
            wake=f"{wake} ({difference})" if difference else wake,
            grants=_granted(
                grants.get(wake or "", []),
                known.grants if known else (),
                roles_of(wanted),
                owner,
            ),
        )
    return found


def _grants(conn: Connection, schema: str, names: list[str]) -> dict[str, list[Grant]]:
    """By table or sequence."""
    found: dict[str, list[Grant]] = {}
    rows = conn.execute(questions.GRANTS, {"schema": schema, "names": names})
    for name, role, privilege, columns in rows:
        grant = Grant(role=role, privilege=privilege, columns=tuple(columns))
        found.setdefault(name, []).append(grant)
    return found
