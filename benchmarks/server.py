"""The server that is measured on, and databases made from templates.

Unlike the tests' it writes to disk as in production: fsync is on.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString
from urllib.parse import quote

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from tests import servers

# Above the defaults only where a default would make rounds differ for no fault of
# the subject: a checkpoint in the middle of one, a cache that holds half a table.
_SETTINGS: Final[tuple[tuple[LiteralString, str], ...]] = (
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    ("autovacuum", "on"),
    ("shared_buffers", "1GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
    ("shared_preload_libraries", "pg_stat_statements"),
)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of its own, for one sample."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        """As every driver takes it: by the Unix socket."""
        host = quote(str(self.server.directory), safe="")
        return f"postgresql://postgres@/{self.name}?host={host}&port={self.server.port}"

    def connect(self) -> Connection[TupleRow]:
        return psycopg.connect(self.url, autocommit=True)


@dataclass(frozen=True, slots=True)
class Server:
    """The server, and what it is: for the heading of the results."""

    directory: Path
    port: int
    binaries: Path
    version: str

    def database(self, name: str) -> Database:
        return Database(self, name)

    def exists(self, name: str) -> bool:
        query = "SELECT FROM pg_database WHERE datname = %s"
        with self.database("postgres").connect() as conn:
            return conn.execute(query, [name]).fetchone() is not None

    def copy(self, template: str, name: str) -> Database:
        """A new database, the same as `template` in every page."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        with self.database("postgres").connect() as conn:
            conn.execute(statement)
        return self.database(name)

    @contextmanager
    def fresh(self, template: str) -> Generator[Database]:
        """A copy that is dropped afterwards; what was written before is on disk."""
        database = self.copy(template, f"bench_{uuid.uuid4().hex}")
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(
            sql.Identifier(database.name)
        )
        try:
            with database.connect() as conn:
                conn.execute("CHECKPOINT")
            yield database
        finally:
            with self.database("postgres").connect() as conn:
                conn.execute(drop)

    def settings(self) -> dict[str, str]:
        """What the server says of what was set."""
        with self.database("postgres").connect() as conn:
            query = "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)"
            names = [name for name, _ in _SETTINGS]
            found: dict[str, str] = dict(conn.execute(query, [names]).fetchall())
        return found


@contextmanager
def running() -> Generator[Server]:
    """The newest PostgreSQL found here (the one from PyPI), with fsync."""
    newest = servers.installations()[-1]
    with servers.run(), servers.private_server(newest) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as conn:
            for name, value in _SETTINGS:
                conn.execute(
                    sql.SQL("ALTER SYSTEM SET {} = {}").format(
                        sql.SQL(name), sql.Literal(value)
                    )
                )
        server.restart()
        yield Server(
            directory=server.directory,
            port=server.port,
            binaries=server.binaries,
            version=server.full_version(),
        )
