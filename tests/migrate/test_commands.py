"""`jobgen migrate` from a schema file to a database, as it is typed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from jobgen.schema.indexes import READY
from tests.cli.project import SCHEMA, Project, Run
from tests.migrate.commands import GONE, HOME, RESERVED, SIZE, SUBJECT, migrate, new
from tests.servers import Server

REQUIRED = SCHEMA.replace("{email: text}", "{email: text, size: int}")


def test_a_schema_goes_to_a_database_and_on(project: Project, database: str) -> None:
    """The first migration makes everything, the next one what changed."""
    dsn = f"--dsn={database}"
    assert new(project, SCHEMA, "The start!") == Run(
        0, f"wrote {HOME}/0001_the_start.sql\n", ""
    )
    assert migrate(project, "status", dsn) == Run(
        1, "pending  0001_the_start.sql\n", ""
    )
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "status", dsn) == Run(
        0, "applied  0001_the_start.sql\n", ""
    )
    assert migrate(project, "drift", dsn) == Run(
        0, "no drift: the database is as the schema says\n", ""
    )
    assert new(project, SCHEMA) == Run(
        0, "nothing to do: the migrations lead to this schema\n", ""
    )
    project.write(SUBJECT)
    assert migrate(project, "drift", dsn) == Run(
        1,
        "public.send_mail_jobs: column subject is missing\n",
        "",
    )
    assert new(project, SUBJECT, "subject").code == 0
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0
    assert migrate(project, "apply", dsn) == Run(
        0, "nothing to apply: the database has had all migrations\n", ""
    )


def test_the_plan_is_printed_and_nothing_written(project: Project) -> None:
    """With what each step locks, and exit 1 while there are any."""
    new(project, SCHEMA)
    before = project.files()
    assert migrate(project, "plan").code == 0
    project.write(SUBJECT)
    assert migrate(project, "plan") == Run(
        1,
        "1. Change public.send_mail_jobs\n"
        "   Locks public.send_mail_jobs: ACCESS EXCLUSIVE, for a moment.\n",
        "",
    )
    plain = json.loads(migrate(project, "plan", "--format=json").out)
    [step] = plain["steps"]
    assert step["locks"] == {"public.send_mail_jobs": "ACCESS EXCLUSIVE"}
    assert "ADD COLUMN subject text;" in step["sql"]
    project.write(SCHEMA)
    assert project.files() == before


@pytest.mark.parametrize(
    ("schema", "code", "help"),
    [
        (GONE, "removed-column", "add 'reserved: [email]' to the job"),
        (SCHEMA.replace("email", "e_mail"), "removed-column", "'renamed_from: email'"),
        (REQUIRED, "required-column", "give it a default, or let it be nullable"),
        (SCHEMA.replace("text", "bytea"), "changed-type", "add a column of the new"),
        (
            SCHEMA.replace("send_mail:", "send_fax:"),
            "removed-job",
            "add it to 'reserved: [send_mail]'",
        ),
        (
            SCHEMA.replace("send_mail:", "send_fax:\n    renamed_from: send_mail"),
            "renamed-table",
            "write 'table: send_mail_jobs' in the job",
        ),
        (SCHEMA + "    table: mails\n", "renamed-table", "'table: send_mail_jobs'"),
        (SCHEMA + "    id: uuid\n", "changed-id", "add a job with the other kind"),
    ],
)
def test_what_is_not_meant_is_refused(
    project: Project, schema: str, code: str, help: str
) -> None:
    """With what to declare; nothing is written."""
    new(project, SCHEMA)
    project.write(schema)
    before = project.files()
    done = migrate(project, "new", "-m", "next")
    assert (done.code, done.out) == (1, "")
    assert f"[{code}]" in done.err
    assert help in done.err
    assert project.files() == before
    plain = json.loads(migrate(project, "plan", "--format=json").out)
    assert code in {each["code"] for each in plain["breaks"] if each["refused"]}
    shown = migrate(project, "plan")
    assert (shown.code, shown.out) == (1, done.err)


@pytest.mark.parametrize(
    ("old", "new_labels", "code"),
    [
        ("[a, b]", "[a]", "removed-label"),
        ("[a, b]", "[b, a]", "reordered-labels"),
        ("[a, b]", "[c, a, b]", None),
        ("[a, b]", "{labels: [a, b], deprecated: [b]}", None),
    ],
)
def test_labels_come_and_stay(
    project: Project, old: str, new_labels: str, code: str | None
) -> None:
    """In their order."""
    schema = SCHEMA.replace("text", "mood") + "enums: {mood: LABELS}\n"
    assert new(project, schema.replace("LABELS", old)).code == 0
    done = new(project, schema.replace("LABELS", new_labels))
    assert done.code == (1 if code else 0)
    assert code is None or f"data[{code}]" in done.err


def test_a_column_that_goes_stays_until_it_is_dropped(
    project: Project, database: str
) -> None:
    """First nobody needs it, then it goes, with a migration of its own."""
    dsn = f"--dsn={database}"
    new(project, SCHEMA)
    done = new(project, RESERVED, "retire")
    assert done.code == 0
    assert "the column stays until 'jobgen migrate new --drop'" in done.out
    migrate(project, "apply", dsn)
    assert migrate(project, "drift", dsn).code == 0
    assert "retired: column email of send_mail_jobs" in new(project, RESERVED).out
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs DEFAULT VALUES")
        assert conn.execute("SELECT email FROM send_mail_jobs").fetchall() == [(None,)]
    assert new(project, RESERVED, "drop", "--drop").code == 0
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0
    with psycopg.connect(database) as conn, pytest.raises(psycopg.Error):
        conn.execute("SELECT email FROM send_mail_jobs")


def test_a_job_that_goes_is_dropped_when_its_jobs_are_done(
    project: Project, database: str
) -> None:
    """The server says so, whenever the migration is applied."""
    dsn = f"--dsn={database}"
    two = SCHEMA + "  send_fax: {columns: {}}\n"
    new(project, two)
    migrate(project, "apply", dsn)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_fax_jobs DEFAULT VALUES")
    assert new(project, SCHEMA + "reserved: [send_fax]\n", "retire").code == 0
    assert new(project, SCHEMA + "reserved: [send_fax]\n", "drop", "--drop").code == 0
    done = migrate(project, "apply", dsn)
    assert done.code == 2
    assert "has jobs that are not done" in done.err
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("UPDATE send_fax_jobs SET status = 'job_status_succeeded'")
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0


def edited(home: Path) -> str:
    path = home / "0002_two.sql"
    path.write_text(path.read_text() + "\n")
    return "0002_two.sql: this migration is not as it was written"


def removed(home: Path) -> str:
    (home / "0002_two.sql").unlink()
    return "0002_two.sql: this migration is missing"


def inserted(home: Path) -> str:
    shutil.copy(home / "0001_one.sql", home / "0001_other.sql")
    return "0001_other.sql: this migration is not in 'checksums'"


def added(home: Path) -> str:
    shutil.copy(home / "0001_one.sql", home / "0009_other.sql")
    return "0009_other.sql: this migration is not in 'checksums'"


def strange(home: Path) -> str:
    (home / "notes.sql").touch()
    return "notes.sql: this is no migration of jobgen's"


def without_snapshot(home: Path) -> str:
    (home / "snapshot.json").unlink()
    return "snapshot.json is missing; bring it back from version control"


def bad_snapshot(home: Path) -> str:
    (home / "snapshot.json").write_text("{")
    return "snapshot.json: it is not as jobgen wrote it"


@pytest.mark.parametrize(
    "harm",
    [edited, removed, inserted, added, strange, without_snapshot, bad_snapshot],
)
def test_files_that_are_not_as_they_were_written_are_not_applied(
    project: Project, database: str, harm: Callable[[Path], str]
) -> None:
    """Nor is anything written after them; what is wrong is named."""
    new(project, SCHEMA, "one")
    new(project, SUBJECT, "two")
    expected = harm(HOME)
    project.write(SIZE)
    for command in ("plan", "apply", "drift", "new"):
        options = ["-m", "three"] if command == "new" else []
        options += [f"--dsn={database}"] if command in ("apply", "drift") else []
        done = migrate(project, command, *options)
        assert done.code == 2
        assert expected in done.err
    done = migrate(project, "status", f"--dsn={database}")
    assert (done.code, expected in done.out) == (1, True)


def test_a_database_ahead_of_the_files_is_told(project: Project, database: str) -> None:
    """As after a checkout of an older release, or on another branch."""
    dsn = f"--dsn={database}"
    new(project, SCHEMA, "one")
    shutil.copytree(HOME, project.root / "before")
    new(project, SUBJECT, "two")
    migrate(project, "apply", dsn)
    shutil.rmtree(HOME)
    shutil.copytree(project.root / "before", HOME)
    done = migrate(project, "apply", dsn)
    assert done.code == 2
    assert "the database is ahead: it has had 0002_two.sql" in done.err
    assert migrate(project, "status", dsn).code == 1
    new(project, SIZE, "two")
    done = migrate(project, "apply", dsn)
    assert "the database has had another 0002_two.sql" in done.err


def test_a_database_that_has_the_tables_is_adopted(
    project: Project, database: str
) -> None:
    """A baseline is recorded there, and carried out elsewhere."""
    dsn = f"--dsn={database}"
    project.build()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute((project.output / "schema.sql").read_bytes())
    new(project, SCHEMA, "start")
    done = migrate(project, "apply", dsn)
    assert done.code == 2
    assert "begin with 'jobgen migrate new --baseline'" in done.err
    shutil.rmtree(HOME)
    new(project, SCHEMA, "start", "--baseline")
    new(project, SUBJECT, "subject")
    done = migrate(project, "apply", dsn)
    assert (done.code, done.err) == (0, "")
    assert "0001_start.sql: the tables are there already" in done.out
    assert migrate(project, "drift", dsn).code == 0


@pytest.mark.parametrize("order", ["run_at, id", "priority, run_at, id"])
def test_each_release_finds_its_next_row_by_an_index(
    project: Project, database: str, order: str
) -> None:
    """Whether the next one orders by priority, or the previous one did."""
    urgent = SCHEMA + "    priority: true\n"
    releases = [SCHEMA, urgent] if order == "run_at, id" else [urgent, SCHEMA]
    for schema in releases:
        assert new(project, schema).code == 0
        assert migrate(project, "apply", f"--dsn={database}").code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("SET enable_seqscan = off")
        for key in ("run_at, id", "priority, run_at, id"):
            plan = conn.execute(
                f"EXPLAIN SELECT id FROM send_mail_jobs WHERE {READY}"
                f" ORDER BY {key} LIMIT 1".encode()
            ).fetchall()
            assert not [line for (line,) in plan if "Sort" in line], plan
    assert new(project, releases[1], "end", "--drop").code == 0
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    assert migrate(project, "drift", f"--dsn={database}").code == 0


def test_the_files_run_with_psql(project: Project, server: Server) -> None:
    """As they are, and lead to the same."""
    new(project, SCHEMA)
    index = "    priority: true\n    indexes: [[subject]]\n"
    new(
        project,
        SIZE.replace(
            "{type: int, default: 1}", "{type: uuid, default_sql: gen_random_uuid()}"
        )
        + index,
    )
    with server.database() as dsn:
        for path in sorted(HOME.glob("*.sql")):
            subprocess.run(
                ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", path, dsn],
                check=True,
            )
        assert migrate(project, "drift", f"--dsn={dsn}").code == 0


def test_without_a_database_it_says_so(project: Project) -> None:
    """In one line, with exit 2."""
    new(project, SCHEMA)
    done = migrate(project, "apply")
    assert done == Run(
        2,
        "",
        "jobgen migrate apply: no database is named; pass --dsn, or set DATABASE_URL"
        " or PGHOST\n",
    )
    done = migrate(project, "drift", "--dsn=host=127.0.0.1 port=1")
    assert done.code == 2
    assert "the database cannot be reached" in done.err
    assert "Traceback" not in done.err
    done = migrate(project, "drift", "--dsn=nonsense")
    assert (done.code, "the DSN is not one" in done.err) == (2, True)


def test_a_schema_with_errors_is_refused(project: Project) -> None:
    """As a build refuses it."""
    project.write(SCHEMA.replace("text", "txt"))
    done = migrate(project, "new", "-m", "x")
    assert done.code == 2
    assert "error[unknown-type]" in done.err


RENAMED = SCHEMA.replace(
    "{email: text}", "{address: {type: text, renamed_from: email}}"
)


@pytest.mark.parametrize("way", ["..", "link"])
def test_migrations_outside_the_project_are_refused(
    project: Project, tmp_path_factory: pytest.TempPathFactory, way: str
) -> None:
    """As the package is, and what a schema includes."""
    away = tmp_path_factory.mktemp("away")
    (project.root / "schemas" / "link").symlink_to(away)
    home = f"../../{away.name}" if way == ".." else "link/migrations"
    done = new(project, SCHEMA.replace("jobs:", f"migrations: {home}\njobs:", 1))
    assert (done.code, done.out) == (2, "")
    assert "the migrations lie outside the project" in done.err
    assert list(away.iterdir()) == []


def test_a_renamed_column_is_one_for_both_releases(
    project: Project, database: str
) -> None:
    """Whoever writes it under whatever name, until the old one is dropped."""
    dsn = f"--dsn={database}"
    new(project, SCHEMA)
    migrate(project, "apply", dsn)
    insert = "INSERT INTO send_mail_jobs ({}) VALUES ({!r})"
    with psycopg.connect(database, autocommit=True) as conn:

        def run(statement: str) -> None:
            conn.execute(statement.encode())

        run(insert.format("email", "before"))
        done = new(project, RENAMED)
        assert "python[renamed-column]: 'email' is called 'address'" in done.out
        assert migrate(project, "apply", dsn).code == 0
        run(insert.format("email", "old release"))
        run(insert.format("address", "new release"))
        run("UPDATE send_mail_jobs SET email = 'x' WHERE id = 1")
        run("UPDATE send_mail_jobs SET address = 'y' WHERE id = 2")
        run("UPDATE send_mail_jobs SET status = 'job_status_running'")
        rows = "SELECT email, address FROM send_mail_jobs ORDER BY id"
        expected = [("x", "x"), ("y", "y"), ("new release", "new release")]
        assert conn.execute(rows.encode()).fetchall() == expected
        for rest in ("DEFAULT VALUES", "(email) VALUES (NULL)"):
            with pytest.raises(psycopg.errors.NotNullViolation):
                run(f"INSERT INTO send_mail_jobs {rest}")
        assert migrate(project, "drift", dsn).code == 0
        assert new(project, RENAMED, "end", "--drop").code == 0
        assert migrate(project, "apply", dsn).code == 0
        assert migrate(project, "drift", dsn).code == 0
        rows = "SELECT address FROM send_mail_jobs ORDER BY id"
        assert conn.execute(rows.encode()).fetchall() == [(b,) for _, b in expected]


@pytest.mark.parametrize(
    ("old", "renamed", "message"),
    [
        ("interval", "{type: text, renamed_from: email}", "cannot become text"),
        ("'text?'", "{type: text, nullable: true, default: x, renamed_from: email}",
         "could mean its default, or NULL"),
    ],
)  # fmt: skip
def test_a_name_that_says_too_much_is_refused(
    project: Project, old: str, renamed: str, message: str
) -> None:
    """A type that there is no cast to, or a NULL that could mean either."""
    new(project, SCHEMA.replace("{email: text}", f"{{email: {old}}}"))
    done = new(project, SCHEMA.replace("{email: text}", f"{{address: {renamed}}}"))
    assert done.code == 1
    assert "sql[renamed-column]" in done.err
    assert message in done.err


def test_a_column_is_renamed_once_at_a_time(project: Project) -> None:
    """A third name has to wait for the end of the first."""
    again = RENAMED.replace("address:", "to:").replace(": email}", ": address}")
    new(project, SCHEMA)
    new(project, RENAMED)
    done = new(project, again)
    assert done.code == 1
    assert "'address' is being renamed already" in done.err
    assert new(project, RENAMED, "end", "--drop").code == 0
    assert new(project, again).code == 0


def test_a_column_that_was_there_already_does_not_stand_for_one_that_goes(
    project: Project,
) -> None:
    """It has values of its own: those of the other would be lost without a word."""
    both = SCHEMA.replace("{email: text}", "{email: text, address: text}")
    new(project, both)
    done = new(project, RENAMED)
    assert done.code == 1
    assert "data[removed-column]: the column 'email' is gone" in done.err


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["address", "email"], "'address' and 'email'"),
        (["address", "email", "subject"], "'address' and 'email' and 'subject'"),
    ],
)
def test_columns_do_not_swap_their_names(
    project: Project, names: list[str], told: str
) -> None:
    """Nothing would change, and each would be read as another."""
    plain = ", ".join(f"{name}: text" for name in names)
    swapped = ", ".join(
        f"{name}: {{type: text, renamed_from: {other}}}"
        for name, other in zip(names, [*names[1:], names[0]], strict=True)
    )
    new(project, SCHEMA.replace("email: text", plain))
    done = new(project, SCHEMA.replace("email: text", swapped))
    assert done.code == 1
    assert f"data[renamed-column]: {told} cannot swap names" in done.err
    assert done.err.count("cannot swap") == 1


def test_what_is_found_is_printed_for_programs(project: Project, database: str) -> None:
    """One JSON document, on standard output."""
    dsn = f"--dsn={database}"
    new(project, SCHEMA, "one")
    migrate(project, "apply", dsn)
    new(project, SUBJECT, "two")
    states = json.loads(migrate(project, "status", dsn, "--format=json").out)
    assert states == {
        "migrations": [
            {"file": "0001_one.sql", "state": "applied"},
            {"file": "0002_two.sql", "state": "pending"},
        ],
        "problem": None,
    }
    found = json.loads(migrate(project, "drift", dsn, "--format=json").out)
    difference = {
        "where": "public.send_mail_jobs",
        "what": "column subject",
        "text": "is missing",
    }
    assert found == {"differences": [difference]}
    edited(HOME)
    states = json.loads(migrate(project, "status", dsn, "--format=json").out)
    assert states["migrations"] == []
    assert "is not as it was written" in states["problem"]


def test_a_plan_needs_no_database_driver() -> None:
    """Nor does any command that does not connect."""
    for module in ("migrate", "migrate_plan", "migrations", "main"):
        script = f"import sys, jobgen.cli.{module}; assert 'psycopg' not in sys.modules"
        subprocess.run([sys.executable, "-c", script], check=True)
