"""A schema's tables, read back from a server, are the schema's tables."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgen.emit import emit
from jobgen.migrate.changes import Change
from jobgen.migrate.diff import diff
from jobgen.migrate.spelling import spelt
from jobgen.schema.model import Schema
from jobgen.schema.tables import tables_of
from tests.emit.schemas import HEAD, SOURCE, every_type, load
from tests.emit.test_golden_builds import CASES, schema_of
from tests.properties import roles
from tests.properties.profiles import examples
from tests.properties.schemas import cases
from tests.servers import Server

NEEDED = """
CREATE SCHEMA IF NOT EXISTS app;
CREATE TABLE app.users (id bigint PRIMARY KEY);
"""

ROLES = ("app_web", 'App "Cron"', "app_worker")


def drift(dsn: str, schema: Schema) -> tuple[Change, ...]:
    """What the database lacks of the schema, and what it has beyond it."""
    with psycopg.connect(dsn) as conn:
        found = spelt(conn, tables_of(schema))
    return diff(found.live, found.wanted)


def apply(dsn: str, schema: Schema) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(emit(schema, source=SOURCE)["schema.sql"].encode())


@pytest.mark.parametrize("case", CASES)
def test_a_golden_schema_comes_back(case: str, server: Server) -> None:
    """With every default, check and condition in the server's own words."""
    schema = schema_of(case)
    if server.version < schema.postgres.minimum:  # its SQL is not for this one
        pytest.skip(f"this schema needs PostgreSQL {schema.postgres.minimum}")
    with server.database() as dsn:
        roles.create(dsn, ROLES)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(NEEDED)
        apply(dsn, schema)
        assert drift(dsn, schema) == ()


def test_every_type_comes_back(database: str) -> None:
    """Required, nullable and with a default, alone and in an array."""
    schema = load(every_type())
    apply(database, schema)
    assert drift(database, schema) == ()


def test_tables_called_as_the_servers_own_come_back(database: str) -> None:
    """As its catalogues, and as the types of columns."""
    names = ("pg_index", "pg_class", "pg_namespace", "pg_extension", "text", "uuid")
    columns = "{words: {type: text, default: a, check: \"words <> 'b'\"}}"
    jobs = [f"  job_{name}: {{table: {name}, columns: {columns}}}\n" for name in names]
    schema = load(f"{HEAD}jobs:\n{''.join(jobs)}")
    apply(database, schema)
    assert drift(database, schema) == ()


def test_an_enum_whose_name_begins_as_an_extensions_type_comes_back(
    database: str,
) -> None:
    """citext is printed without the schema that it happens to be in, and no other."""
    columns = (
        "{mode: citext_mode, modes: 'citext_mode[]', word: citext, words: 'citext[]'}"
    )
    schema = load(
        f"{HEAD}enums: {{citext_mode: [a, b]}}\njobs:\n  first: {{columns: {columns}}}\n"
    )
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA extensions")
        conn.execute("CREATE EXTENSION citext SCHEMA extensions")
    apply(database, schema)
    assert drift(database, schema) == ()


@examples(20)
@given(data=st.data())
def test_any_schema_comes_back(server: Server, data: st.DataObject) -> None:
    """Names and texts as hostile as can be."""
    schema = data.draw(cases(minimum=min(server.version, 18))).load()
    with server.database() as dsn:
        roles.create(dsn)
        apply(dsn, schema)
        assert drift(dsn, schema) == ()
