"""Whether the statements of a release work with the tables of another.

Stage: migrate, its shell. In a scratch database, which is made and dropped here.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from jobgen.migrate.catalog import Connection
from jobgen.migrate.released import Released
from jobgen.migrate.session import settle
from jobgen.migrate.standins import StandIns
from jobgen.migrate.statements import split
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import Database, Sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A statement that no longer works, and why."""

    statement: Released
    message: str

    def __str__(self) -> str:
        return f"{self.statement.file}: {self.statement.name}: {self.message}"


@contextmanager
def scratch(conn: Connection) -> Generator[Connection]:
    """A connection to an empty database beside that of `conn`, dropped afterwards."""
    name = f"jobgen_verify_{uuid.uuid4().hex}"
    settle(conn)
    conn.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
    )
    try:
        dsn = make_conninfo(conn.info.dsn, dbname=name)
        if conn.info.password:
            dsn = make_conninfo(dsn, password=conn.info.password)
        with psycopg.connect(dsn, autocommit=True) as inside:
            settle(inside)
            yield inside
    finally:
        conn.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )


def make(conn: Connection, scripts: Sequence[str]) -> None:
    """Runs the scripts, beside what they refer to and jobgen does not make. Raises
    what psycopg raises."""
    others = StandIns(scripts)
    for script in scripts:
        for statement in split(script):
            others.make_for(conn, statement)
            conn.execute(statement.encode())
        conn.execute("RESET ALL")
        settle(conn)


def failures(
    conn: Connection, released: Iterable[Released], database: Database
) -> tuple[Failure, ...]:
    """Those that fail; each is tried by itself, and changes nothing.

    database: what is there; a trigger of it may fill a column that nobody writes.
    """
    syncs = {qualified(each.schema, each.name): each.syncs for each in database.tables}
    found: list[Failure] = []
    for statement in released:
        message = _attempted(conn, statement.sql) or _left_out(conn, statement, syncs)
        if message is not None:
            found.append(Failure(statement=statement, message=message))
    return tuple(found)


_PREPARED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES")


def _attempted(conn: Connection, text: str) -> str | None:
    """Why the statement, or one of several, fails. What cannot be prepared is run."""
    prefix = "PREPARE released AS " if text.lstrip().startswith(_PREPARED) else ""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(f"{prefix}{text}".encode())
            if prefix:
                conn.execute("DEALLOCATE released")
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return None


_REQUIRED = """
SELECT quote_ident(attname) FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
    AND attnotnull AND NOT atthasdef AND attidentity = ''
"""


def _left_out(
    conn: Connection, statement: Released, syncs: Mapping[str, Sequence[Sync]]
) -> str | None:
    """What an INSERT does not write, and the table must have. `syncs` are those of
    each table: a column that has two names is written by either."""
    if statement.inserts is None:
        return None
    table, written = statement.inserts
    filled = {
        quote_identifier(sync.new)
        for sync in syncs.get(table, ())
        if sync.default is not None or quote_identifier(sync.old) in written
    }
    required = [row[0] for row in conn.execute(_REQUIRED, [table])]
    missing = [name for name in required if name not in filled.union(written)]
    return (
        f"it does not write {', '.join(missing)}, which has no default"
        if missing
        else None
    )
