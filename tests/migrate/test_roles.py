"""Roles come and go: in the schema, on the server, and in other packages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.cli.project import SCHEMA, Project, Run
from tests.migrate.commands import end, migrate, new, start


@pytest.fixture
def role(database: str) -> Iterator[str]:
    """One of this test's own: a role belongs to the whole server."""
    name = f"role_{uuid.uuid4().hex}"
    yield name
    with psycopg.connect(database, autocommit=True) as conn:
        for each in (name, f"{name}_now"):
            row = conn.execute("SELECT FROM pg_roles WHERE rolname = %s", [each])
            if row.fetchone() is not None:
                statement = "DROP OWNED BY {0}; DROP ROLE {0}"
                conn.execute(sql.SQL(statement).format(sql.Identifier(each)))


def run(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement.encode())


def granting(*, producer: str = "", worker: str = "") -> str:
    return f"{SCHEMA}roles: {{producer: [{producer}], worker: [{worker}]}}\n"


def applied(project: Project, dsn: str, schema: str, *options: str) -> None:
    assert new(project, schema, "change", *options).code == 0
    done = migrate(project, "apply", f"--dsn={dsn}")
    assert (done.code, done.err) == (0, "")


def drift(project: Project, dsn: str) -> Run:
    return migrate(project, "drift", f"--dsn={dsn}")


def test_a_role_that_gets_another_name_keeps_its_grants(
    project: Project, database: str, role: str
) -> None:
    """On the server and in the schema; those of the old name are looked for nowhere,
    and taken back from nobody."""
    run(database, f"CREATE ROLE {role}")
    applied(project, database, granting(producer=role, worker=role))
    run(database, f"ALTER ROLE {role} RENAME TO {role}_now")
    assert drift(project, database).code == 1
    after = granting(producer=f"{role}_now", worker=f"{role}_now")
    applied(project, database, after)
    assert drift(project, database).code == 0
    applied(project, database, after, "--drop")
    assert drift(project, database).code == 0


def test_a_role_that_is_gone_holds_up_no_migration(
    project: Project, database: str, role: str
) -> None:
    """Its grants went with it, before they could be taken back."""
    run(database, f"CREATE ROLE {role}")
    applied(project, database, granting(worker=role))
    applied(project, database, SCHEMA)
    assert new(project, SCHEMA, "drop", "--drop").code == 0
    run(database, f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert drift(project, database).code == 0
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    assert drift(project, database).code == 0


def test_a_role_that_was_never_there_is_named(
    project: Project, database: str, role: str
) -> None:
    """With what to do; nothing is made without it."""
    new(project, granting(producer=role))
    done = migrate(project, "apply", f"--dsn={database}")
    assert done.code == 2
    assert f'role "{role}" does not exist' in done.err
    assert "make it with CREATE ROLE" in done.err
    run(database, f"CREATE ROLE {role}")
    assert migrate(project, "apply", f"--dsn={database}").code == 0


OTHER = "schemas/other.yaml"


def others(project: Project, command: str, *options: str) -> Run:
    """The same of another package of the same PostgreSQL schema."""
    return project.run("migrate", command, OTHER, *options)


def test_what_another_package_needs_is_not_taken_back(
    project: Project, database: str, role: str
) -> None:
    """A role may run the jobs of two; both must be done with it."""
    dsn = f"--dsn={database}"
    run(database, f"CREATE ROLE {role}")
    both = granting(worker=role)
    applied(project, database, both)
    other = both.replace("app_jobs", "other_jobs").replace("send_mail", "send_fax")
    (project.root / OTHER).write_text(other)
    others(project, "new", "-m", "start")
    assert others(project, "apply", dsn).code == 0

    # It enqueues in the first, and runs the jobs of the other one.
    enqueues = granting(producer=role)
    applied(project, database, enqueues)
    applied(project, database, enqueues, "--drop")
    assert drift(project, database).code == 0
    assert others(project, "drift", dsn).code == 0

    applied(project, database, SCHEMA)
    applied(project, database, SCHEMA, "--drop")
    assert others(project, "drift", dsn).code == 0
    right = f"SELECT has_table_privilege('{role}', 'jobgen_workers', 'INSERT')"
    mine = f"SELECT has_any_column_privilege('{role}', 'send_mail_jobs', 'INSERT')"
    usage = (
        "SELECT FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public'"
        f" AND grantee = '{role}'::regrole"
    )
    with psycopg.connect(database, autocommit=True) as conn:
        assert conn.execute(right.encode()).fetchone() == (True,)
        assert conn.execute(mine.encode()).fetchone() == (False,)
        assert conn.execute(usage.encode()).rowcount == 1

        (project.root / OTHER).write_text(other.replace(role, ""))
        others(project, "new", "-m", "retire")
        assert others(project, "new", "-m", "drop", "--drop").code == 0
        assert others(project, "apply", dsn).code == 0
        assert conn.execute(right.encode()).fetchone() == (False,)
        assert conn.execute(usage.encode()).rowcount == 0


def test_packages_of_one_schema_may_be_applied_at_once(
    project: Project, database: str, role: str
) -> None:
    """They make and grant the same things, as when all services of a team start."""
    run(database, f"CREATE ROLE {role}")
    names = [f"package_{number}" for number in range(4)]
    for name in names:
        schema = granting(worker=role, producer=role).replace("app_jobs", name)
        path = project.root / "schemas" / f"{name}.yaml"
        path.write_text(schema.replace("send_mail", f"work_of_{name}"))
        done = project.run("migrate", "new", f"schemas/{name}.yaml", "-m", "start")
        assert done.code == 0
    for _ in range(3):
        run(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        processes = [
            start(project, database, schema=f"schemas/{name}.yaml") for name in names
        ]
        ends = [end(process) for process in processes]
        assert [(code, err) for code, _, err in ends] == [(0, "")] * 4


def test_a_role_that_uses_the_schema_for_something_else_may_go_on(
    project: Project, database: str, role: str
) -> None:
    """Tables of the application lie in it, too."""
    run(database, f"CREATE ROLE {role}; CREATE TABLE users (id bigint)")
    run(database, f"GRANT SELECT ON users TO {role}")
    applied(project, database, granting(producer=role))
    applied(project, database, SCHEMA)
    applied(project, database, SCHEMA, "--drop")
    run(database, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    run(database, f"SET ROLE {role}; SELECT FROM users")
