"""schema.sql on real servers: it applies, once, and says why where it cannot."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg.errors import DuplicateObject, DuplicateTable

from jobgen.emit import emit
from jobgen.schema.model import Postgres
from tests.emit.schemas import HEAD, SOURCE, every_type, files, load, one_job
from tests.servers import Server
from tests.squawk import findings

SCHEMAS = {
    "every_type": every_type(),
    "another_schema": one_job({"email": "citext"}).replace(
        "jobs:\n", "postgres: {schema: order}\njobs:\n"
    ),
    "keywords": one_job(
        {"order": "text", "select": "int?", "user": "text", "position": "int"},
        table="group",
        indexes=[["order", "select"], {"columns": ["user"], "unique": True}],
    ),
    "references": HEAD
    + """
jobs:
  first:
    columns:
      second_id:
        type: bigint
        nullable: true
        references: {table: second_jobs, column: id, on_delete: set null}
      third: int?
    priority: true
    notify: never
  second: {columns: {code: "varchar(8)", seen: timestamp}, worker: elsewhere}
""",
    "indexes": HEAD
    + """
jobs:
  first:
    columns:
      a: int
      second_id:
        type: bigint
        references: {table: second_jobs, column: id, on_delete: cascade}
    indexes:
      - [a]
      - {columns: [a], where: a > 0}
      - {columns: [a], where: a < 0}
      - {columns: [second_id], where: a > 0}
      - {columns: [second_id], unique: true, where: a > 0}
  second: {columns: {}}
""",
    "roles": one_job({"a": "text", "order": "int"}, retention={"failed": "1d"}).replace(
        "jobs:\n", "roles: {producer: [postgres], worker: [postgres]}\njobs:\n"
    ),
    "hostile": one_job(
        {
            "a": {"type": "text", "default": "'; -- \\ $jobgen$", "doc": "*/ $jobgen$"},
            "b": {"type": "text", "check": "b <> $$it's; --$$", "doc": "'\"\\"},
        },
        doc="it's $jobgen$ */ -- \\ {{ x }} {% y %} 🙂 %s",
    ),
}


@pytest.fixture(params=SCHEMAS)
def script(request: pytest.FixtureRequest) -> str:
    return files(SCHEMAS[request.param])["schema.sql"]


def catalogue(conn: psycopg.Connection[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return conn.execute(
        "SELECT oid, relname, relkind, relacl, reltuples FROM pg_class ORDER BY oid"
    ).fetchall()


def test_it_applies_once_and_a_second_run_changes_nothing(
    database: str, script: str
) -> None:
    """One transaction: what exists makes it fail as a whole."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(script.encode())
        before = catalogue(conn)
        with pytest.raises((DuplicateObject, DuplicateTable)):
            conn.execute(script.encode())
        conn.execute("ROLLBACK")
        assert catalogue(conn) == before


def test_squawk_finds_nothing(script: str) -> None:
    """What the linter would say is excused beside the statement."""
    assert findings([script]) == []


SHARED = files(one_job({}))["schema.sql"]
LABELS = ["not_started", "running", "failed", "timed_out", "succeeded", "retry"]


@pytest.mark.parametrize("minimum", [15, 16, 17, 18, 99])
def test_a_server_older_than_the_minimum_is_refused_with_the_reason(
    database: str, server: Server, minimum: int
) -> None:
    """Also where nothing in the script is too new for it: a statement may be."""
    schema = replace(load(one_job({}, id="uuid")), postgres=Postgres(minimum=minimum))
    script = emit(schema, source=SOURCE)["schema.sql"]
    with psycopg.connect(database, autocommit=True) as conn:
        if minimum <= server.version:
            conn.execute(script.encode())
            return
        version = conn.info.parameter_status("server_version")
        before = catalogue(conn)
        with pytest.raises(psycopg.errors.RaiseException) as caught:
            conn.execute(script.encode())
        conn.execute("ROLLBACK")
        assert catalogue(conn) == before
    assert caught.value.diag.message_primary == (
        f"this needs PostgreSQL {minimum} or later, and the server is {version}"
    )
    assert "postgres.minimum" in (caught.value.diag.message_hint or "")


def refused(database: str, preparation: str) -> psycopg.errors.Diagnostic:
    """Why the script fails after `preparation`, which it leaves as it was."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(preparation.encode())
        before = catalogue(conn)
        with pytest.raises(psycopg.errors.RaiseException) as caught:
            conn.execute(SHARED.encode())
        conn.execute("ROLLBACK")
        assert catalogue(conn) == before
    return caught.value.diag


def status_type(labels: list[str]) -> str:
    quoted = ", ".join(f"'job_status_{label}'" for label in labels)
    return f"CREATE TYPE public.job_status AS ENUM ({quoted})"


def test_a_status_type_without_timed_out_is_refused_with_its_mend(
    database: str,
) -> None:
    """Some versions of IHP make five labels; the hint really mends that."""
    five = [label for label in LABELS if label != "timed_out"]
    diagnostic = refused(database, status_type(five))
    hint = diagnostic.message_hint or ""
    mend = (
        "ALTER TYPE public.job_status"
        " ADD VALUE 'job_status_timed_out' AFTER 'job_status_failed'"
    )
    assert mend in hint
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(mend)
        conn.execute(SHARED.encode())


@pytest.mark.parametrize(
    "labels",
    [LABELS[::-1], LABELS[:3], [*LABELS, "paused"], []],
    ids=["another order", "too few", "too many", "none"],
)
def test_another_status_type_is_refused(database: str, labels: list[str]) -> None:
    """Label by label, and in order: IHP sorts by it."""
    diagnostic = refused(database, status_type(labels))
    assert "public.job_status" in (diagnostic.message_primary or "")
    assert diagnostic.message_hint


@pytest.mark.parametrize("kind", ["domain", "table"])
def test_what_is_no_enum_is_refused(database: str, kind: str) -> None:
    """The name alone proves nothing."""
    objects = {
        "domain": "CREATE DOMAIN public.job_status AS text",
        "table": "CREATE TABLE public.job_status (id int)",
    }
    refused(database, objects[kind])


WORKERS = (
    "id uuid PRIMARY KEY, host text NOT NULL, pid integer NOT NULL,"
    " started_at timestamptz NOT NULL, heartbeat_at timestamptz NOT NULL,"
    " jobs text[] NOT NULL, protocol integer NOT NULL"
)


@pytest.mark.parametrize(
    "columns",
    [
        WORKERS.replace("uuid", "text"),
        WORKERS.replace("pid integer NOT NULL", "pid integer"),
        WORKERS.replace(" PRIMARY KEY", " NOT NULL"),
        WORKERS + ", more text",
        WORKERS.replace("host text NOT NULL,", ""),
        "",
    ],
)
def test_another_table_of_workers_is_refused(database: str, columns: str) -> None:
    """Column by column, with what is wrong in the detail."""
    diagnostic = refused(database, f"CREATE TABLE public.jobgen_workers ({columns})")
    assert "jobgen_workers" in (diagnostic.message_primary or "")
    assert "protocol integer NOT NULL" in (diagnostic.message_detail or "")


def test_the_shared_objects_are_accepted_as_they_must_be(database: str) -> None:
    """Two packages, or IHP and one, live in one schema."""
    other = one_job({}).replace("work:", "play:")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(status_type(LABELS).encode())
        conn.execute(f"CREATE TABLE public.jobgen_workers ({WORKERS})".encode())
        conn.execute(SHARED.encode())
        conn.execute(files(other)["schema.sql"].encode())


@pytest.mark.parametrize("home", ["public", "elsewhere"])
def test_citext_is_found_wherever_it_was_installed(database: str, home: str) -> None:
    """An application often has it already, in a schema of its own choice."""
    script = files(one_job({"email": "citext"}))["schema.sql"]
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f"CREATE SCHEMA IF NOT EXISTS {home}".encode())
        conn.execute(f"CREATE EXTENSION citext WITH SCHEMA {home}".encode())
        conn.execute("SET search_path = ''")
        conn.execute(script.encode())
