"""The table that says which migrations a database has had.

Stage: migrate, its shell. One for all packages of a PostgreSQL schema; made by the
first `apply`.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobgen.migrate.catalog import Connection
from jobgen.migrate.chain import Migration
from jobgen.schema.quoting import qualified, quote_identifier, quote_literal
from jobgen.schema.tables import MIGRATIONS_TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose migrations, and where they are recorded."""

    schema: str
    package: str

    @property
    def table(self) -> str:
        return qualified(self.schema, MIGRATIONS_TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    name: str
    checksum: str


def prepare(conn: Connection, place: Place) -> None:
    """Makes the table where it is missing."""
    if exists(conn, place):
        return
    schema = ""
    if not _has_schema(conn, place):  # to say IF NOT EXISTS takes a right on all of it
        schema = f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(place.schema)};"
    script = f"""
        {turn_sql(place)};
        {schema}
        CREATE TABLE IF NOT EXISTS {place.table} (
            package text NOT NULL,
            file text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
            took interval NOT NULL,
            CONSTRAINT jobgen_migrations_pkey PRIMARY KEY (package, file)
        )
    """
    conn.execute(script.encode())


def _has_schema(conn: Connection, place: Place) -> bool:
    question = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = %s"
    return conn.execute(question, [place.schema]).fetchone() is not None


def turn_sql(place: Place) -> str:
    """Waits, within a transaction, for those of other packages of the schema. They make
    and grant the same things, which the server does not do twice at once."""
    key = quote_literal(f"{place.schema}.{MIGRATIONS_TABLE}")
    return (
        "SELECT pg_catalog.pg_advisory_xact_lock("
        f"pg_catalog.hashtextextended({key}, 0))"
    )


def exists(conn: Connection, place: Place) -> bool:
    row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", [place.table]).fetchone()
    return row == (True,)


def applied(conn: Connection, place: Place) -> tuple[Applied, ...]:
    """In the order of their names, which is that of their numbers."""
    if not exists(conn, place):
        return ()
    question = (
        f"SELECT file, checksum FROM {place.table} WHERE package = %s"
        " ORDER BY substring(file FROM '^[0-9]+')::bigint, file"
    )
    rows = conn.execute(question.encode(), [place.package])
    return tuple(Applied(name=name, checksum=checksum) for name, checksum in rows)


def insert_sql(place: Place, migration: Migration, began: str) -> str:
    """The statement that records a migration; `began` is when, as an SQL literal."""
    values = map(quote_literal, (place.package, migration.name, migration.checksum))
    return (
        f"INSERT INTO {place.table} (package, file, checksum, took)"
        f" VALUES ({', '.join(values)}, clock_timestamp() - {began}::timestamptz)"
    )
