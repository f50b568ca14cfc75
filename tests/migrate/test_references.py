"""References come, change and go while others write."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from jobgen.migrate.statements import split
from tests.cli.project import SCHEMA, Project
from tests.migrate.commands import HOME, migrate, new

HEAD = SCHEMA[: SCHEMA.index("  send_mail:")]
PLAIN = HEAD + "  send_mail:\n    columns: {user_id: 'bigint?'}\n"


def referring(on_delete: str, table: str = "users") -> str:
    references = f"{{table: {table}, column: id, on_delete: {on_delete}}}"
    column = f"{{type: bigint, nullable: true, references: {references}}}"
    return f"{HEAD}  send_mail:\n    columns: {{user_id: {column}}}\n"


def files(name: str) -> list[Path]:
    return sorted(HOME.glob(f"*_{name}.sql"))


def test_a_reference_holds_while_it_changes(project: Project, database: str) -> None:
    """No row that it refers to can be deleted between two of the files, nor between
    two statements: the rows that refer to it could not be checked any more."""
    dsn = f"--dsn={database}"
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TABLE users (id bigint PRIMARY KEY)")
        conn.execute("INSERT INTO users VALUES (1), (2)")
        new(project, referring("cascade"), "one")
        assert migrate(project, "apply", dsn).code == 0
        conn.execute("INSERT INTO send_mail_jobs (user_id) VALUES (1), (2)")
        done = new(project, referring("set null"), "two")
        assert (done.code, "new-rule" in done.out) == (0, False)
        key = "SELECT FROM pg_constraint WHERE conname = 'send_mail_jobs_user_id_fkey'"
        for path in files("two"):
            for statement in split(path.read_text()):
                conn.execute(statement.encode())
            assert conn.execute(key).rowcount == 1, path
        conn.execute("DELETE FROM users WHERE id = 1")
        rows = conn.execute("SELECT user_id FROM send_mail_jobs ORDER BY id")
        assert rows.fetchall() == [(None,), (2,)]
    assert migrate(project, "drift", dsn).code == 0


def test_a_reference_holds_while_its_column_gets_another_name(
    project: Project, database: str
) -> None:
    """The one of the new name is there before that of the old one goes."""
    dsn = f"--dsn={database}"
    schema = referring("cascade")
    after = schema.replace("user_id: {", "account_id: {renamed_from: user_id, ")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TABLE users (id bigint PRIMARY KEY)")
        conn.execute("INSERT INTO users VALUES (1), (2)")
        new(project, schema, "one")
        assert migrate(project, "apply", dsn).code == 0
        conn.execute("INSERT INTO send_mail_jobs (user_id) VALUES (1), (2)")
        assert new(project, after, "two").code == 0
        keys = "SELECT FROM pg_constraint WHERE confrelid = 'users'::regclass"
        for path in files("two"):
            for statement in split(path.read_text()):
                conn.execute(statement.encode())
                assert conn.execute(keys).rowcount > 0, path
        assert conn.execute(keys).rowcount == 1
        conn.execute("DELETE FROM users WHERE id = 1")
        rows = conn.execute("SELECT user_id, account_id FROM send_mail_jobs")
        assert rows.fetchall() == [(2, 2)]
    assert migrate(project, "drift", dsn).code == 0


@pytest.mark.parametrize(
    "after",
    [referring("restrict"), referring("cascade", "accounts"), PLAIN],
    ids=["otherwise", "elsewhere", "no more"],
)
def test_a_reference_changes_with_the_type_of_its_column(
    project: Project, database: str, after: str
) -> None:
    """In one migration: the second column has what the first one is to have."""
    dsn = f"--dsn={database}"
    with psycopg.connect(database, autocommit=True) as conn:
        for table in ("users", "accounts"):
            conn.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY)".encode())
            conn.execute(f"INSERT INTO {table} VALUES (1)".encode())
        new(project, referring("cascade").replace("bigint", "int"), "one")
        assert migrate(project, "apply", dsn).code == 0
        conn.execute("INSERT INTO send_mail_jobs (user_id) VALUES (1)")
        assert new(project, after, "two").code == 0
        done = migrate(project, "apply", dsn)
        assert (done.code, done.err) == (0, "")
    assert migrate(project, "drift", dsn).code == 0


def test_a_reference_to_another_table_is_a_new_one(
    project: Project, database: str
) -> None:
    """Rows that do not fulfil it are looked for."""
    dsn = f"--dsn={database}"
    with psycopg.connect(database, autocommit=True) as conn:
        for table in ("users", "accounts"):
            conn.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY)".encode())
        conn.execute("INSERT INTO users VALUES (1)")
        new(project, referring("cascade"), "one")
        assert migrate(project, "apply", dsn).code == 0
        conn.execute("INSERT INTO send_mail_jobs (user_id) VALUES (1)")
        done = new(project, referring("cascade", "accounts"), "two")
        assert (done.code, "[new-rule]" in done.out) == (0, True)
        done = migrate(project, "apply", dsn)
        assert done.code == 2
        assert "do not fulfil send_mail_jobs_user_id_fkey" in done.err
        conn.execute("INSERT INTO accounts VALUES (1)")
        assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0


def test_a_reference_goes_with_its_index(project: Project, database: str) -> None:
    """And locks no row of the other table any more."""
    dsn = f"--dsn={database}"
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TABLE users (id bigint PRIMARY KEY)")
        new(project, referring("cascade"), "one")
        assert migrate(project, "apply", dsn).code == 0
        assert new(project, PLAIN, "two").code == 0
        assert migrate(project, "apply", dsn).code == 0
        conn.execute("INSERT INTO send_mail_jobs (user_id) VALUES (7)")
    assert migrate(project, "drift", dsn).code == 0


def test_a_table_is_not_dropped_while_rows_refer_to_it(
    project: Project, database: str
) -> None:
    """The file could never be applied: it is not written."""
    dsn = f"--dsn={database}"
    two = referring("cascade", "send_fax_jobs")
    new(project, two + "  send_fax: {columns: {}}\n", "one")
    assert migrate(project, "apply", dsn).code == 0
    reserved = "reserved: [send_fax]\n"
    assert new(project, two + reserved, "two").code == 0
    done = new(project, two + reserved, "three", "--drop")
    assert done.code == 1
    assert "'user_id' of send_mail_jobs refers to this table" in done.err
    assert "take away its 'references' first" in done.err
    assert new(project, PLAIN + reserved, "three", "--drop").code == 0
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0


def test_a_column_that_a_view_shows_is_not_dropped(
    project: Project, database: str
) -> None:
    """What to do is said, and not to alter a file that is written already."""
    dsn = f"--dsn={database}"
    reserved = SCHEMA.replace("{email: text}", "{}") + "    reserved: [email]\n"
    new(project, SCHEMA, "one")
    new(project, reserved, "two")
    assert migrate(project, "apply", dsn).code == 0
    new(project, reserved, "three", "--drop")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE VIEW addresses AS SELECT email FROM send_mail_jobs")
        done = migrate(project, "apply", dsn)
        assert done.code == 2
        assert "view addresses depends on column email" in done.err
        assert "Drop what depends on it, apply again" in done.err
        assert "CASCADE" not in done.err
        conn.execute("DROP VIEW addresses")
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0
