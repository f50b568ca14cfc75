"""What a role or a database says of sessions is meant for applications."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.cli.project import SCHEMA, Project
from tests.migrate.commands import HOME, SUBJECT, migrate, new
from tests.servers import Server
from tests.worker import pgbouncer
from tests.worker.pgbouncer import Pooler, pooling
from tests.worker.test_pooler import FEW

ROW = "INSERT INTO send_mail_jobs (email) VALUES ('x')"


def run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def setting(dsn: str, **settings: str) -> None:
    """What every later session of the database begins with."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for name, value in settings.items():
            text = f"ALTER DATABASE {conn.info.dbname} SET {name} = '{value}'"
            conn.execute(text.encode())


def started(project: Project, dsn: str) -> None:
    new(project, SCHEMA, "start")
    assert migrate(project, "apply", f"--dsn={dsn}").code == 0


def test_limits_are_not_those_of_a_migration(project: Project, database: str) -> None:
    """Of any of its files: a check says what each of them finds."""
    with psycopg.connect(database) as conn:
        newer = conn.info.server_version >= 170000
    names = ["idle_in_transaction_session_timeout", "idle_session_timeout"]
    names += ["transaction_timeout"] if newer else []
    started(project, database)
    run(database, ROW)
    check = " AND ".join(f"current_setting('{name}') = '0'" for name in names)
    column = f'{{email: {{type: text, check: "{check}"}}}}'
    assert new(project, SCHEMA.replace("{email: text}", column)).code == 0
    assert len(list(HOME.glob("*_change.sql"))) > 2
    setting(database, **dict.fromkeys([*names, "statement_timeout"], "1s"))
    done = migrate(project, "apply", f"--dsn={database}")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_a_backfill_meets_rows_that_others_write(
    project: Project, database: str, level: str
) -> None:
    """Also where a transaction of an application sees nothing that came later."""
    started(project, database)
    run(
        database, "INSERT INTO send_mail_jobs (email) SELECT 'x' FROM generate_series(1, 20000)"
    )  # fmt: skip
    token = "{email: text, token: {type: uuid, default_sql: gen_random_uuid()}}"
    new(project, SCHEMA.replace("{email: text}", token))
    setting(database, default_transaction_isolation=level)
    stop = threading.Event()

    def work() -> None:
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute("SET default_transaction_isolation = 'read committed'")
            while not stop.is_set():
                conn.execute(
                    "UPDATE send_mail_jobs SET run_at = now()"
                    " WHERE id = ANY (ARRAY(SELECT 1 + 20000 * random() FROM"
                    " generate_series(1, 200))::bigint[])"
                )

    worker = threading.Thread(target=work)
    worker.start()
    try:
        done = migrate(project, "apply", f"--dsn={database}")
    finally:
        stop.set()
        worker.join()
    assert (done.code, done.err) == (0, "")


def test_texts_are_what_the_schema_says(project: Project, database: str) -> None:
    """Whatever encoding and quoting other clients of the database ask for."""
    setting(
        database,
        client_encoding="LATIN1",
        quote_all_identifiers="on",
        search_path="nowhere",
        standard_conforming_strings="off",
    )
    doc = '    doc: "Grüße → it\'s a \\\\ backslash"\n'
    dsn = f"--dsn={database}"
    for schema in (SCHEMA, SCHEMA + doc, SUBJECT + doc.replace("Gr", "Fr")):
        new(project, schema)
        assert migrate(project, "apply", dsn).code == 0
        assert migrate(project, "drift", dsn).out == (
            "no drift: the database is as the schema says\n"
        )
    question = "SELECT obj_description('public.send_mail_jobs'::regclass)"
    with psycopg.connect(database, client_encoding="utf8") as conn:
        assert conn.execute(question).fetchone() == ("Früße → it's a \\ backslash",)


@pytest.fixture
def guest(database: str) -> Iterator[str]:
    """The DSN of a role that may make nothing in the database but in one schema."""
    name = f"guest_{uuid.uuid4().hex}"
    run(
        database,
        f"CREATE ROLE {name} LOGIN",
        f"CREATE SCHEMA home AUTHORIZATION {name}",
    )
    yield make_conninfo(database, user=name)
    run(database, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_drift_says_that_it_may_not_look(
    project: Project, guest: str, database: str
) -> None:
    """And names no difference where it could not compare."""
    started(project, database)
    name = conninfo_to_dict(database)["dbname"]
    run(database, f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    done = migrate(project, "drift", f"--dsn={guest}")
    assert (done.code, done.out) == (2, "")
    assert "permission denied to create temporary tables" in done.err


def test_a_schema_that_is_there_is_enough(project: Project, guest: str) -> None:
    """A role that owns it needs no right on the rest of the database."""
    postgres = "postgres: {schema: home}\njobs:"
    new(project, SCHEMA.replace("jobs:", postgres, 1), "start")
    assert migrate(project, "apply", f"--dsn={guest}").code == 0
    assert migrate(project, "drift", f"--dsn={guest}").code == 0
    new(project, SUBJECT.replace("jobs:", postgres, 1))
    assert migrate(project, "apply", f"--dsn={guest}").code == 0
    assert migrate(project, "drift", f"--dsn={guest}").code == 0


def test_rows_that_are_hidden_from_their_owner_are_not_left_out(
    project: Project, guest: str, database: str
) -> None:
    """By a policy: nothing would be filled in, and one of two columns then dropped."""
    postgres = "postgres: {schema: home}\njobs:"
    schema = SCHEMA.replace("jobs:", postgres, 1).replace("text", "'text?'")
    dsn = f"--dsn={guest}"
    new(project, schema, "start")
    assert migrate(project, "apply", dsn).code == 0
    run(
        guest,
        "INSERT INTO home.send_mail_jobs (email) VALUES ('x')",
        "ALTER TABLE home.send_mail_jobs FORCE ROW LEVEL SECURITY",
        "ALTER TABLE home.send_mail_jobs ENABLE ROW LEVEL SECURITY",
    )
    renamed = "{address: {type: text, nullable: true, renamed_from: email}}"
    new(project, schema.replace("{email: 'text?'}", renamed))
    done = migrate(project, "apply", dsn)
    assert done.code == 2
    assert "affected by row-level security policy" in done.err
    assert "ROW LEVEL SECURITY" in done.err  # the server's hint
    run(guest, "ALTER TABLE home.send_mail_jobs NO FORCE ROW LEVEL SECURITY")
    assert migrate(project, "apply", dsn).code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        rows = conn.execute("SELECT email, address FROM home.send_mail_jobs")
        assert rows.fetchall() == [("x", "x")]


def test_a_table_with_hidden_jobs_is_not_dropped(project: Project, guest: str) -> None:
    """Nobody sees whether they are done."""
    head = SCHEMA.replace("jobs:", "postgres: {schema: home}\njobs:", 1)
    dsn = f"--dsn={guest}"
    new(project, head + "  send_fax: {columns: {}}\n", "start")
    new(project, head + "reserved: [send_fax]\n", "retire")
    assert migrate(project, "apply", dsn).code == 0
    new(project, head + "reserved: [send_fax]\n", "drop", "--drop")
    run(
        guest,
        "INSERT INTO home.send_fax_jobs DEFAULT VALUES",
        "ALTER TABLE home.send_fax_jobs FORCE ROW LEVEL SECURITY",
        "ALTER TABLE home.send_fax_jobs ENABLE ROW LEVEL SECURITY",
    )
    done = migrate(project, "apply", dsn)
    assert (done.code, "row-level security policy" in done.err) == (2, True)
    run(guest, "ALTER TABLE home.send_fax_jobs NO FORCE ROW LEVEL SECURITY")
    assert "has jobs that are not done" in migrate(project, "apply", dsn).err
    run(guest, "DELETE FROM home.send_fax_jobs")
    assert migrate(project, "apply", dsn).code == 0


def test_a_policy_on_another_table_hides_what_it_hides(
    project: Project, guest: str, database: str
) -> None:
    """A row refers to what the migrating role may see; the server looks at the rest."""
    run(
        database,
        "CREATE TABLE users (id bigint PRIMARY KEY)",
        "INSERT INTO users VALUES (1)",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY everybody ON users USING (true)",
        "GRANT SELECT, REFERENCES ON users TO PUBLIC",
    )
    head = SCHEMA.replace("jobs:", "postgres: {schema: home}\njobs:", 1)
    head = head.replace("{email: text}", "{user_id: bigint, email: text}")
    dsn = f"--dsn={guest}"
    new(project, head, "start")
    assert migrate(project, "apply", dsn).code == 0
    run(guest, "INSERT INTO home.send_mail_jobs (user_id, email) VALUES (1, 'x')")
    key = "{table: public.users, column: id, on_delete: cascade}"
    column = (
        f"{{type: bigint, references: {key}}}, email: {{type: text, check: email > ''}}"
    )
    new(project, head.replace("bigint, email: text", column))
    done = migrate(project, "apply", dsn)
    assert (done.code, done.err) == (0, "")


@pytest.fixture(params=["transaction", "session"])
def pooler(
    server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Pooler]:
    program = pgbouncer.program()
    home = server.directory / f"migrate_{tmp_path.name}"
    home.mkdir()
    with pooling(server, home, program, FEW, str(request.param)) as made:
        yield made


def test_a_migration_has_a_session_of_its_own(
    project: Project, database: str, pooler: Pooler
) -> None:
    """A pooler would give its lock to others, who could never take it again, and its
    timeouts; where it lends a session for as long as it is needed, all is well."""
    new(project, SCHEMA, "start")
    shared = pooler.mode == "transaction"
    pooled = f"--dsn={pooler.dsn(database)}"
    done = migrate(project, "apply", pooled)
    assert done.code == (2 if shared else 0)
    assert ("a pooler lends out a session for each transaction" in done.err) == shared
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    assert migrate(project, "status", pooled).code == 0
    assert migrate(project, "drift", pooled).code == 0
    left = (
        "SELECT (SELECT count(*) FROM pg_locks"  # which tells of all databases
        " INNER JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE locktype = 'advisory' AND datname = current_database()),"
        " (SELECT count(*) FROM pg_settings WHERE source = 'session'"
        " AND name NOT IN ('application_name', 'client_encoding'))"
    )
    with psycopg.connect(pooler.dsn(database), autocommit=True) as conn:
        assert conn.execute(left).fetchone() == (0, 0)
