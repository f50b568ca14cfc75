"""The statements of a release are tried with the tables of the next."""

from __future__ import annotations

import json
import subprocess

import psycopg
import pytest

from jobgen.emit import emit
from jobgen.emit.sql import schema_sql
from jobgen.migrate.released import statements_in
from jobgen.migrate.verify import failures, make, scratch
from jobgen.schema.tables import tables_of
from tests.cli.project import SCHEMA, Project, Run
from tests.emit.schemas import SOURCE, every_type, load
from tests.emit.test_golden_builds import schema_of
from tests.migrate.commands import RESERVED, SIZE, migrate, new
from tests.properties import roles
from tests.servers import Server


def git(project: Project, *arguments: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=project.root, check=True)


def commit(project: Project) -> None:
    """The package that is made of the schema now."""
    assert project.build().code == 0
    git(project, "add", ".")
    git(project, "commit", "-qm", "release")


@pytest.fixture
def committed(project: Project) -> Project:
    """A project whose release is committed, and its tables migrated to."""
    new(project, SCHEMA, "start")
    git(project, "init", "-q")
    commit(project)
    return project


def verify(project: Project, server: Server, *options: str) -> Run:
    return migrate(project, "verify", f"--dsn={server.dsn()}", *options)


def databases(server: Server) -> int:
    with psycopg.connect(server.dsn()) as conn:
        question = "SELECT FROM pg_database WHERE datname LIKE 'jobgen_verify%'"
        return conn.execute(question).rowcount


def test_without_a_repository_it_says_what_it_needs(
    project: Project, server: Server
) -> None:
    """git alone would say that this is none."""
    new(project, SCHEMA, "start")
    project.build()
    done = verify(project, server)
    assert done.code == 2
    assert "not a git repository" in done.err
    assert "--against names a commit that has the package" in done.err


def test_a_release_that_works_with_the_schema_is_told(
    committed: Project, server: Server
) -> None:
    """Whether the migration is written or not; nothing is left behind."""
    works = "statements of HEAD work with this schema\n"
    assert verify(committed, server).out.endswith(works)
    committed.write(SIZE)
    assert verify(committed, server).out.endswith(works)
    new(committed, SIZE)
    committed.build()  # the package on the disk is not the one that is read
    done = verify(committed, server)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(works)
    assert databases(server) == 0


def test_what_a_release_still_needs_is_named(
    committed: Project, server: Server
) -> None:
    """Each statement that fails, with the server's reason."""
    assert new(committed, RESERVED, "retire").code == 0
    assert verify(committed, server).code == 0
    done = verify(committed, server, "--drop")
    assert done.code == 1
    column = 'column "email" of relation "send_mail_jobs" does not exist'
    assert f"send_mail.py: ENQUEUE_SQL: {column}\n" in done.out
    plain = json.loads(verify(committed, server, "--drop", "--format=json").out)
    failed = {each["statement"] for each in plain["failures"]}
    assert {"ENQUEUE_SQL", "ENQUEUE_MANY_SQL", "FETCH_SQL"} <= failed
    assert "SUCCEED_SQL" not in failed
    assert plain["refused"] == []
    assert databases(server) == 0


def test_a_column_that_a_release_leaves_out_is_found(
    committed: Project, server: Server
) -> None:
    """No statement names it, and every row lacks it."""
    with (
        psycopg.connect(server.dsn(), autocommit=True) as conn,
        scratch(conn) as inside,
    ):
        schema = load(SCHEMA.replace("email: text", "email: text, size: int"))
        script = schema_sql(tables_of(schema), "x", minimum=15)
        make(inside, [script])
        old = emit(load(SCHEMA), source=SOURCE)
        found = {
            each.statement.name: each.message
            for each in failures(inside, statements_in(old), tables_of(schema))
        }
    message = "it does not write size, which has no default"
    assert found == {"ENQUEUE_SQL": message, "ENQUEUE_MANY_SQL": message}


def test_a_release_that_knows_a_column_by_its_old_name_works(
    committed: Project, server: Server
) -> None:
    """It does not write the new one, which must not be NULL: a trigger does. Nor does
    a trigger help who writes neither."""
    renamed = SCHEMA.replace(
        "{email: text}", "{address: {type: text, renamed_from: email}}"
    )
    committed.write(renamed)
    done = verify(committed, server)
    assert done.out.endswith("statements of HEAD work with this schema\n")
    assert done.code == 0
    git(committed, "checkout", "-q", "--orphan", "without")
    committed.write(SCHEMA.replace("{email: text}", "{}"))
    commit(committed)
    committed.write(renamed)
    done = verify(committed, server)
    assert "ENQUEUE_SQL: it does not write address, which has no default" in done.out


@pytest.mark.parametrize("case", ["references", "roles", "every_type"])
def test_every_statement_of_a_release_works_with_its_own_tables(
    server: Server, case: str
) -> None:
    """Beside tables that are not jobgen's, and with every type."""
    schema = load(every_type()) if case == "every_type" else schema_of(case)
    roles.create(server.dsn(), ("app_web", 'App "Cron"', "app_worker"))
    released = statements_in(emit(schema, source=SOURCE))
    assert len(released) >= 20
    with (
        psycopg.connect(server.dsn(), autocommit=True) as conn,
        scratch(conn) as inside,
    ):
        script = schema_sql(tables_of(schema), "x", minimum=15)
        make(inside, [script])
        assert failures(inside, released, tables_of(schema)) == ()


_REFERENCE = "references: {table: app.users, column: %s, on_delete: cascade}"
_USER = f"user_id: {{type: bigint, {_REFERENCE % 'id'}}}"
_MAIL = f"mail: {{type: text, {_REFERENCE % 'mail'}}}"


@pytest.mark.parametrize(
    "columns",
    [
        [f"{{{_USER}, {_MAIL}}}"],
        [f"{{{_USER}}}", f"{{{_USER}, {_MAIL}}}"],
        ["{user_id: bigint}", f"{{{_USER}}}"],
        [f"{{{_USER}}}", "{user_id: bigint}"],
    ],
    ids=["two", "one-more", "later", "no-more"],
)
def test_a_table_of_others_has_each_key_that_migrations_refer_to(
    project: Project, server: Server, columns: list[str]
) -> None:
    """Also what only an earlier one refers to, and what is looked at before."""
    for place, each in enumerate(columns):
        if place:  # a new column has to be nullable
            each = each.replace("text,", "text, nullable: true,")
        assert new(project, SCHEMA.replace("{email: text}", each)).code == 0
    git(project, "init", "-q")
    commit(project)
    assert verify(project, server).code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--against", "nowhere"), "fatal: "),
        (("--dsn", "host=127.0.0.1 port=1"), "the database cannot be reached"),
    ],
)
def test_what_it_cannot_do_is_told(
    committed: Project, server: Server, options: tuple[str, ...], message: str
) -> None:
    """In one line, with exit 2."""
    done = verify(committed, server, *options)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_refused_change_is_told_before_all(
    committed: Project, server: Server
) -> None:
    """There is no way to tables with it."""
    committed.write(SCHEMA.replace("{email: text}", "{}"))
    done = verify(committed, server)
    assert done.code == 1
    assert "data[removed-column]" in done.out
