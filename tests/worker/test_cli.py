"""`jobgen worker`, as a process of its own."""

import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import generated_example as jobs
from tests.servers import Server
from tests.unseen import AnyJob
from tests.worker.process import ROOT, command, environment, working
from tests.worker.support import PATIENCE, enqueue, rows, wait_until

_MODULE: Final = """\
import asyncio
from pathlib import Path

import generated_example as jobs


async def send_mail(job):
    Path(f"started-{job.id}").touch()
    if job.user_id == 1:
        await asyncio.sleep(60)


def nothing(job):
    pass


handlers = jobs.handlers(
    send_mail=send_mail,
    render_report=nothing,
    post_webhook=nothing,
    import_contacts=nothing,
    prune_charts=nothing,
)
something_else = {}
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A directory with a module of handlers."""
    (tmp_path / "app.py").write_text(_MODULE)
    return tmp_path


def _run(here: Path, *arguments: str) -> tuple[int, str]:
    """The exit status and what stands on standard error."""
    done = subprocess.run(
        command(arguments),
        cwd=here,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def _refusal(here: Path, *arguments: str) -> str:
    """The one line of a worker that does not start."""
    (line,) = _refusals(here, *arguments)
    return line


def _refusals(here: Path, *arguments: str) -> list[str]:
    """The lines of a worker that does not start."""
    status, errors = _run(here, *arguments)
    assert status == 2, errors
    assert errors.startswith("jobgen worker: ")
    return errors.removeprefix("jobgen worker: ").splitlines()


_NOWHERE: Final = "host=127.0.0.1 port=1 connect_timeout=2"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("app", "'app' is not MODULE:HANDLERS, such as examples.worker:handlers"),
        ("app:", "'app:' is not MODULE:HANDLERS, such as examples.worker:handlers"),
        ("none:handlers", "there is no module none (looked in {here} too)"),
        ("app.x:handlers", "there is no module app.x (looked in {here} too)"),
        ("none.x:handlers", "there is no module none.x (looked in {here} too)"),
        ("app:missing", "the module app has no missing; its handlers are handlers"),
        (".app:x", "'.app:x' is not MODULE:HANDLERS, such as examples.worker:handlers"),
        (
            "__main__:x",
            "'__main__:x' is not MODULE:HANDLERS, such as examples.worker:handlers",
        ),
        (
            "app:something_else",
            "app:something_else is dict, not what a generated package's handlers()"
            " returns",
        ),
    ],
)
def test_a_path_without_handlers_is_refused(
    here: Path, path: str, message: str
) -> None:
    line = _refusal(here, path, "--dsn", _NOWHERE)
    assert line == message.format(here=here)


@pytest.mark.parametrize(
    ("statement", "last_line"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named"),
        ("raise ValueError('my own')", "ValueError: my own"),
        ("raise OSError('my own')", "OSError: my own"),
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("this is no Python", "SyntaxError: invalid syntax"),
    ],
)
@pytest.mark.parametrize("module", ["broken", "package.inner"])
def test_an_error_of_the_users_module_shows_its_traceback(
    here: Path, statement: str, last_line: str, module: str
) -> None:
    (here / "broken.py").write_text(f"x = 1\n{statement}\n")
    (here / "package").mkdir()
    (here / "package" / "__init__.py").write_text(f"x = 1\n{statement}\n")
    (here / "package" / "inner.py").write_text("")
    status, errors = _run(here, f"{module}:handlers", "--dsn", _NOWHERE)
    assert status == 2
    first, *_, last = errors.splitlines()
    assert first == f"jobgen worker: importing {module} failed:"
    assert last.startswith(last_line)
    assert "line 2" in errors
    assert "importlib" not in errors  # the user's lines alone
    assert statement in errors


def test_without_a_dsn_it_says_where_one_goes(here: Path) -> None:
    assert _refusal(here, "app:handlers") == (
        "no database is named; pass --dsn, or set DATABASE_URL or PGHOST"
    )


def test_a_server_that_is_down_is_one_line(here: Path) -> None:
    line = _refusal(here, "app:handlers", "--dsn", _NOWHERE)
    assert line.startswith("the database cannot be reached: ")
    assert "Connection refused" in line


def test_only_an_unknown_job_lists_the_jobs(here: Path) -> None:
    assert _refusal(
        here, "app:handlers", "--dsn", _NOWHERE, "--only", "send_mail", "nothing"
    ) == (
        "nothing: no such job; there are send_mail, render_report, post_webhook,"
        " import_contacts, prune_charts"
    )


def test_generated_code_of_another_protocol_is_refused(here: Path) -> None:
    (here / "newer.py").write_text(
        "from dataclasses import replace\n"
        "import app\n"
        "package = app.handlers.package._replace(protocol=99)\n"
        "handlers = replace(app.handlers, package=package)\n"
    )
    line = _refusal(here, "newer:handlers", "--dsn", _NOWHERE)
    assert line.startswith(
        "the package generated_example speaks protocol 99, this runtime "
    )
    _, _, command = line.partition("; run: ")
    build, path = shlex.split(command)[1:]
    assert build == "build"
    assert (here / path).resolve() == ROOT / "schemas" / "jobs.yaml"


def test_a_server_older_than_the_sql_is_made_for_is_refused(
    here: Path, jobs_dsn: str, server: Server
) -> None:
    (here / "newer.py").write_text(
        "from dataclasses import replace\n"
        "import app\n"
        f"package = app.handlers.package._replace(minimum={server.version + 1})\n"
        "handlers = replace(app.handlers, package=package)\n"
    )
    line = _refusal(here, "newer:handlers", "--dsn", jobs_dsn)
    assert line.startswith(f"the server is PostgreSQL {server.full_version()}")
    assert (
        f"the package generated_example is made for {server.version + 1} or later;"
        " upgrade it, or lower postgres.minimum and run: jobgen build " in line
    )


def _mending(here: Path, line: str) -> tuple[str, Path]:
    """The command that a line ends with, and the file that it names."""
    _, _, command = line.partition("run: ")
    words = [word for word in shlex.split(command) if not word.startswith("$")]
    (path,) = (word for word in words if word.endswith((".yaml", ".sql")))
    return command.replace(path, "{}"), (here / path).resolve()


_SCHEMA: Final = ROOT / "schemas" / "jobs.yaml"
_APPLY: Final = ('jobgen migrate apply {} --dsn "$DATABASE_URL"', _SCHEMA)


def test_missing_tables_are_refused(here: Path, database: str) -> None:
    """All in one go, with what makes them, whether there are migrations or not."""
    head, *lines, script, apply = _refusals(here, "app:handlers", "--dsn", database)
    assert head == "the database is not as generated_example needs it:"
    tables = [job.table for job in _jobs()]
    assert lines == [
        f"  {table}: the table is missing"
        for table in ("public.jobgen_workers", *tables)
    ]
    assert _mending(here, script) == (
        'psql "$DATABASE_URL" -f {}',
        ROOT / "generated_example" / "schema.sql",
    )
    assert _mending(here, apply) == _APPLY


def _jobs() -> list[AnyJob]:
    modules = (
        *(jobs.send_mail, jobs.render_report, jobs.post_webhook),
        *(jobs.import_contacts, jobs.prune_charts),
    )
    return [module.JOB for module in modules]


def test_tables_that_differ_are_refused(here: Path, jobs_dsn: str) -> None:
    """Each difference has its line, and the last names the command that mends it."""
    with psycopg.connect(jobs_dsn) as conn:
        conn.execute(
            "ALTER TABLE send_mail_jobs DROP COLUMN subject,"
            " ALTER user_id TYPE numeric; DROP TABLE render_report_jobs"
        )
    head, *lines, build, apply = _refusals(here, "app:handlers", "--dsn", jobs_dsn)
    assert head == "the database is not as generated_example needs it:"
    assert lines == [
        "  public.send_mail_jobs: column subject is missing",
        "  public.send_mail_jobs: column user_id is numeric, not bigint",
        "  public.render_report_jobs: the table is missing",
    ]
    assert _mending(here, build) == ("jobgen build {}", _SCHEMA)
    assert _mending(here, apply) == _APPLY


def test_a_read_only_session_is_refused(here: Path, jobs_dsn: str) -> None:
    database = conninfo_to_dict(jobs_dsn)["dbname"]
    with psycopg.connect(jobs_dsn) as conn:
        conn.execute(
            f"ALTER ROLE CURRENT_USER IN DATABASE {database}"
            " SET default_transaction_read_only = on".encode()
        )
    line = _refusal(here, "app:handlers", "--dsn", jobs_dsn)
    assert line.startswith("the session is read-only")


def test_only_may_stand_before_the_handlers(here: Path, database: str) -> None:
    lines = _refusals(here, "--dsn", database, "--only", "send_mail", "app:handlers")
    assert lines[1:3] == [
        "  public.jobgen_workers: the table is missing",
        "  public.send_mail_jobs: the table is missing",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the handlers, such as examples.worker:handlers"),
        (
            ("--only", "send_mail"),
            "name the handlers, such as examples.worker:handlers",
        ),
        (
            ("--only", "app:handlers"),
            "--only names no job: write one between it and app:handlers",
        ),
        (
            ("app:handlers", "--only", "send_mail", "app:other"),
            "app:handlers and app:other: name the handlers once",
        ),
        (
            ("--only", "nothing", "app:handlers", "--only", "send_mail", "never"),
            "nothing, never: no such job; there are send_mail, render_report,"
            " post_webhook, import_contacts, prune_charts",
        ),
    ],
)
def test_jobs_and_handlers_are_told_apart(
    here: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert _refusal(here, "--dsn", _NOWHERE, *arguments) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dsn", "garbage"), "the DSN is not one: "),
        (("--dsn", "host=x connect_timeout=soon"), "the DSN is not one: "),
        (
            ("--dsn", "postgresql+psycopg://x/y"),
            "the DSN is not one: postgresql+psycopg:// is for SQLAlchemy; write"
            " postgresql://",
        ),
        (("--dsn", _NOWHERE), "the database cannot be reached: "),
        (("--dsn", _NOWHERE, "--poll-interval", "0"), "poll_interval must be a number"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    here: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert _refusal(here, "app:handlers", *arguments).startswith(message)


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("postgresql+asyncpg://me:s3cret@host/db", "postgresql+asyncpg:// is for"),
        ("mysql://me:s3cret@host/db", 'missing "=" after "…" in connection info'),
        ("postgresql://me:s3cret%xy@host/db", 'invalid percent-encoded token: "…"'),
        ("user=me pasword=s3cret", 'invalid connection option "pasword"'),
    ],
)
def test_a_dsn_that_is_none_is_told_without_its_password(
    here: Path, dsn: str, message: str
) -> None:
    """Standard error is a log that many read."""
    line = _refusal(here, "app:handlers", "--dsn", dsn)
    assert message in line
    assert "s3cret" not in line


def test_a_server_that_refuses_need_not_be_started(here: Path, server: Server) -> None:
    line = _refusal(here, "app:handlers", "--dsn", server.dsn("no_such_database"))
    assert line.startswith("the database cannot be reached: ")
    assert line.endswith("; name another database or role with --dsn")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused(
    here: Path, server: Server, encoding: str
) -> None:
    name = f"encoded_{encoding.lower()}_{os.getpid()}"
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE DATABASE {} ENCODING {} TEMPLATE template0").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
        try:
            line = _refusal(here, "app:handlers", "--dsn", server.dsn(name))
        finally:
            conn.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )
    assert line == (
        f"the database is encoded in {encoding}; create one WITH ENCODING 'UTF8'"
    )


@pytest.mark.parametrize(
    ("signal_number", "arguments"),
    [(signal.SIGTERM, ()), (signal.SIGINT, ("--only", "send_mail"))],
    ids=["SIGTERM", "SIGINT"],
)
def test_a_signal_ends_it_cleanly_and_gives_the_job_back(
    here: Path, jobs_dsn: str, signal_number: signal.Signals, arguments: tuple[str, ...]
) -> None:
    done, interrupted = enqueue(jobs_dsn, 2)
    dsn = make_conninfo(jobs_dsn, connect_timeout=5)
    options = ("app:handlers", "--dsn", dsn, "--grace", "0.2", *arguments)
    with working(here, *options) as process:
        wait_until((here / f"started-{interrupted}").exists)
        process.send_signal(signal_number)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "threads of handlers" not in errors  # there were none
    assert rows(jobs_dsn, "id, status::text, attempts_count, locked_by") == [
        (done, "job_status_succeeded", 1, None),
        (interrupted, "job_status_not_started", 0, None),
    ]
    with psycopg.connect(jobs_dsn) as conn:
        assert conn.execute("SELECT * FROM jobgen_workers").fetchall() == []
