"""The wanted and the live database, their expressions spelt by the same server.

Stage: migrate, its shell. A default, a check or the condition of an index comes back
from a catalogue in PostgreSQL's own words, which change with its version and with the
types of columns. So nobody guesses at them: each wanted table is made as an empty
temporary one, in a transaction that is rolled back, and read like the live one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import psycopg

from jobgen.emit.sql import enum_sql, table_sql
from jobgen.migrate.catalog import Connection, read
from jobgen.migrate.session import settle
from jobgen.schema.tables import Database, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelt:
    """Two databases that can be compared."""

    live: Database
    wanted: Database


def spelt(conn: Connection, wanted: Database) -> Spelt:
    """What there is of `wanted`, and `wanted` itself, in the server's own words.

    `conn` has no transaction open. Raises what psycopg raises where the session may
    not make a temporary table.
    """
    with conn.transaction(force_rollback=True):
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ WRITE")
        settle(conn, local=True)  # a pooler may give the session to others
        live = _in_full(conn, wanted)
        _find_temporary_last(conn)
        copies = _copies(conn, wanted)
        row = conn.execute(_TEMPORARY_SQL).fetchone()
        home = "" if row is None else str(row[0])
        found = _in_full(conn, replace(wanted, schema=home, tables=copies))
    by_name = {table.name: table for table in found.tables}
    tables = tuple(_respelt(table, by_name) for table in wanted.tables)
    return Spelt(live=live, wanted=replace(wanted, tables=tables))


_TEMPORARY_SQL = (
    "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE oid = pg_my_temp_schema()"
)


def _in_full(conn: Connection, wanted: Database) -> Database:
    """Reads while names are printed in full; expressions are read as they were."""
    with conn.transaction(force_rollback=True):
        conn.execute("SELECT set_config('search_path', 'pg_catalog, pg_temp', true)")
        return read(conn, wanted)


def _find_temporary_last(conn: Connection) -> None:
    """A path that does not name it has pg_temp first, before pg_catalog: the copy of
    a table called text or pg_index would be taken for the server's own."""
    conn.execute(
        "SELECT set_config('search_path', concat_ws(', ',"
        " nullif(current_setting('search_path'), ''), 'pg_temp'), true)"
    )


def _copies(conn: Connection, wanted: Database) -> tuple[Table, ...]:
    """Makes the temporary tables: what could be made. Raises what psycopg raises where
    none can, which is no difference of any of them."""
    conn.execute("CREATE TEMPORARY TABLE a (); DROP TABLE pg_temp.a")
    _find_extensions(conn)
    for enum in wanted.enums:
        _attempt(conn, enum_sql(enum), psycopg.errors.DuplicateObject, *_MISSING)
    return tuple(table for table in wanted.tables if _copy(conn, table))


def _find_extensions(conn: Connection) -> None:
    """As schema.sql does: a column's type may be citext, wherever that lives."""
    conn.execute(
        "SELECT set_config('search_path', concat_ws(', ', quote_ident(nspname),"
        " nullif(current_setting('search_path'), '')), true)"
        " FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace ON pg_namespace.oid = extnamespace"
        " WHERE extname = 'citext'"
    )


_MISSING = (
    psycopg.errors.UndefinedObject,  # a type
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.InvalidTextRepresentation,  # a label, in a default
)
"""What the live database may lack. That is a difference too; until it is gone, the
expressions of such a table are compared as they were written."""


def _copy(conn: Connection, table: Table) -> bool:
    plain = replace(
        table,
        schema="pg_temp",
        foreign_keys=(),
        notifications=None,
        syncs=(),
        options=(),
        comment=None,
        columns=tuple(replace(column, comment=None) for column in table.columns),
    )
    return _attempt(conn, table_sql(plain), *_MISSING)


def _attempt(conn: Connection, script: str, *expected: type[psycopg.Error]) -> bool:
    """Whether the script could be run; if not, because of what was expected."""
    try:
        with conn.transaction():
            conn.execute(script.encode())
    except expected:
        return False
    return True


def _respelt(table: Table, copies: Mapping[str, Table]) -> Table:
    copy = copies.get(table.name)
    if copy is None:
        return table
    defaults = {column.name: column.default for column in copy.columns}
    checks = {check.name: check.expression for check in copy.checks}
    conditions = {index.name: index.where for index in copy.indexes}
    return replace(
        table,
        columns=tuple(
            replace(column, default=defaults[column.name]) for column in table.columns
        ),
        checks=tuple(
            replace(check, expression=checks[check.name]) for check in table.checks
        ),
        indexes=tuple(
            replace(index, where=conditions[index.name]) for index in table.indexes
        ),
    )
