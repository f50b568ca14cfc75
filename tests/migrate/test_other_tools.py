"""`docs/other-tools.md` is carried out: what it shows does what it says.

With the real Alembic and Django, in an environment of their own, which takes a while to
make: these tests run with `--other-tools`, as `make soak` does.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from benchmarks.environments import ROOT, Environment, make, newest_python
from jobgen.migrate.statements import split
from tests.cli.project import SCHEMA, Project
from tests.migrate.commands import HOME, holding, migrate, new
from tests.servers import Server
from tests.unseen import Unseen

_TOOLS: Final = Environment(
    name="other-tools",
    requirements=("alembic==1.20.1", "django==5.2.19", "psycopg[binary]==3.3.9"),
)
_PAGE: Final = ROOT / "docs" / "other-tools.md"
_SHOWN: Final = re.compile(
    r"^<!-- (\S+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_TYPED: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN_NAME: Final = "0002_longer_subject"
_SHOWN_BEFORE: Final = "0001_first_tables"

_BEFORE: Final = SCHEMA.replace("jobs:\n", "enums: {kind: [a, 'b:c']}\njobs:\n", 1)
_AFTER: Final = """\
jobgen: 1
package: app_jobs
output: ../app_jobs
enums: {kind: [a, "b:c", "it's; 50 %"]}
jobs:
  send_mail:
    doc: "Says 50 %, :name; and 'so on' -- really."
    columns:
      email: {type: text, check: "email <> ':x;%'"}
      kind: {type: kind, default: a}
      token: {type: uuid, default_sql: gen_random_uuid()}
      tag: {type: text, default: "a\\\\b;%s"}
    indexes: [[email], {columns: [token], unique: true}]
    retention: {failed: 30d}
"""


def _shown() -> dict[str, str]:
    """The Python of the page, by the file that it is."""
    return dict(_SHOWN.findall(_PAGE.read_text(encoding="utf-8")))


def _typed(word: str) -> str:
    """The command of the page that has this word."""
    [command] = (
        each
        for each in _TYPED.findall(_PAGE.read_text(encoding="utf-8"))
        if word in each
    )
    return str(command)


@pytest.fixture
def files(project: Project) -> list[str]:
    """The names of migrations of every kind, without `.sql`, from nothing to `_AFTER`."""
    assert new(project, _BEFORE, "start").code == 0
    assert new(project, _AFTER, "next").code == 0
    texts = [path.read_text() for path in sorted(HOME.glob("*.sql"))]
    for word in ("CONCURRENTLY", "ADD VALUE", "COMMIT;\n        IF", "VALIDATE"):
        assert any(word in text for text in texts), word
    return [path.stem for path in sorted(HOME.glob("*.sql"))]


def _fill(dsn: str) -> None:
    """Jobs that a backfill has to care for."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO send_mail_jobs (email)"
            " SELECT 'e' || n FROM generate_series(1, 3000) AS n"
        )


def _check(project: Project, dsn: str) -> None:
    """The database is as the schema says, and every job was cared for."""
    done = migrate(project, "drift", f"--dsn={dsn}")
    assert done.code == 0, done.out
    with psycopg.connect(dsn) as conn:
        query = "SELECT count(*), count(DISTINCT token) FROM send_mail_jobs"
        assert conn.execute(query).fetchone() == (3000, 3000)


def _environment(dsn: str, server: Server) -> dict[str, str]:
    """What a shell finds: the database, as each tool wants to hear of it."""
    found = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    return os.environ | {
        "DATABASE_URL": dsn,
        "SQLALCHEMY_URL": (
            f"postgresql+psycopg://{found['user']}@/{found['dbname']}"
            f"?host={found['host']}&port={found['port']}"
        ),
        "PGHOST": found["host"],
        "PGPORT": found["port"],
        "PGUSER": found["user"],
        "PGDATABASE": found["dbname"],
        "PATH": f"{server.binaries}:{os.environ['PATH']}",
    }


def _sh(command: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """The exit status of what was typed, and all that was printed."""
    done = subprocess.run(
        ["sh", "-ec", command],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


# --- files of SQL


def test_psql_runs_the_files_as_they_are(
    project: Project, database: str, files: list[str], server: Server
) -> None:
    environment = _environment(database, server)
    for name in files:
        command = _typed("psql").replace(_SHOWN_NAME, name)
        status, printed = _sh(command, environment)
        assert status == 0, printed
        if name == files[0]:
            _fill(database)
    _check(project, database)


def test_a_file_of_the_second_kind_is_refused_at_once(
    project: Project, database: str, files: list[str]
) -> None:
    """All of its statements in one message are one transaction."""
    with psycopg.connect(database, autocommit=True) as conn:
        for name in files:
            text = (HOME / f"{name}.sql").read_bytes()
            if b"CONCURRENTLY" in text:
                with pytest.raises(errors.ActiveSqlTransaction):
                    conn.execute(text)
                return
            for statement in split(text.decode()):
                conn.execute(statement.encode())


# --- the helper


@pytest.fixture
def helper(files: list[str], monkeypatch: pytest.MonkeyPatch) -> Unseen:
    """The module that is pasted, imported where the migrations are."""
    _write("jobs_sql.py", _shown()["jobs_sql.py"])
    monkeypatch.setattr("sys.path", [str(Path.cwd()), *sys.path])
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, "jobs_sql", raising=False)
    return importlib.import_module("jobs_sql")


def _write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def test_the_helper_splits_as_jobgen_does(helper: Unseen, files: list[str]) -> None:
    """But for empty lines, where comments were."""

    def words(statements: Sequence[str]) -> list[list[str]]:
        return [statement.split() for statement in statements]

    for name in files:
        file = f"{name}.sql"
        whole = list(split((HOME / file).read_text(encoding="utf-8")))
        if helper.is_one_transaction(file):
            assert (whole.pop(0), whole.pop()) == ("BEGIN", "COMMIT")
        else:
            whole += helper.RESET
        assert words(helper.statements(file)) == words(whole)
        assert not {"BEGIN", "COMMIT"} & {*whole}


def test_any_tool_can_carry_out_what_the_helper_gives(
    helper: Unseen, project: Project, database: str, files: list[str]
) -> None:
    """In a transaction of its own, or in none; nothing stays on the connection."""
    with psycopg.connect(database, autocommit=True) as conn:
        for name in files:
            file = f"{name}.sql"
            alone = not helper.is_one_transaction(file)
            with nullcontext() if alone else conn.transaction():
                for statement in helper.statements(file):
                    conn.execute(statement.encode())
            settings = ("lock_timeout", "statement_timeout", "search_path")
            for setting in settings:
                query = "SELECT setting = reset_val FROM pg_settings WHERE name = %s"
                assert conn.execute(query, [setting]).fetchone() == (True,), file
            if name == files[0]:
                _fill(database)
    _check(project, database)


def test_what_is_to_be_pasted_is_formatted_and_typed(tmp_path: Path) -> None:
    for name, text in _shown().items():
        path = tmp_path / "pasted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    pasted = str(tmp_path / "pasted")
    django = "RUF012"  # its migrations are lists in a class, as it wants them
    for tool in (
        ("ruff", "format", "--check", pasted),
        ("ruff", "check", "--extend-select=I,UP,B,SIM", f"--ignore={django}", pasted),
        ("mypy", "--strict", "--config-file=", f"{pasted}/jobs_sql.py"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *tool], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


# --- Alembic and Django


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest) -> Path:
    """Where the programs of an environment with both are."""
    if not request.config.getoption("--other-tools"):
        pytest.skip("makes an environment with Alembic and Django: --other-tools")
    place = ROOT / "build"
    place.mkdir(exist_ok=True)
    with (place / "other-tools.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of this run makes it
        try:
            made = make(_TOOLS, newest_python())
        except subprocess.CalledProcessError as error:
            pytest.skip(f"Alembic and Django cannot be installed: {error.stderr}")
    return made.executable.parent


@pytest.fixture
def tools(database: str, server: Server, programs: Path) -> dict[str, str]:
    """The environment of a shell that finds them."""
    found = _environment(database, server)
    return found | {"PATH": f"{programs}:{found['PATH']}"}


def _carry_out(dsn: str, first: str, command: str, tools: dict[str, str]) -> None:
    """To the first file, then to the last one: it fails while a lock is held for long,
    and goes on when the tool is run again."""
    status, printed = _sh(first, tools)
    assert status == 0, printed
    _fill(dsn)
    with holding(dsn, "LOCK TABLE send_mail_jobs IN ACCESS SHARE MODE"):
        status, printed = _sh(command, tools)
        assert status != 0
        assert "canceling statement due to lock timeout" in printed
    status, printed = _sh(command, tools)
    assert status == 0, printed


def test_alembic_carries_the_files_out(
    project: Project, database: str, files: list[str], tools: dict[str, str]
) -> None:
    """Each in a revision, as it is shown; and it finds nothing to do after that."""
    shown = _shown()
    _write("jobs_sql.py", shown["jobs_sql.py"])
    _write("alembic.ini", "[alembic]\nscript_location = alembic\n")
    _write("alembic/script.py.mako", "")
    _write("alembic/env.py", shown["alembic/env.py"])
    for before, name in pairwise(["", *files]):
        text = shown[f"alembic/versions/{_SHOWN_NAME}.py"]
        text = text.replace(_SHOWN_NAME, name).replace(_SHOWN_BEFORE, before)
        _write(
            f"alembic/versions/{name}.py",
            text.replace('down_revision = ""', "down_revision = None"),
        )
    command = _typed("alembic")
    assert command == "PYTHONPATH=. alembic upgrade head\n"
    first = command.replace("head", files[0])
    _carry_out(database, first, command, tools)
    _check(project, database)
    status, printed = _sh("PYTHONPATH=. alembic check", tools)
    assert (status, printed.strip()) == (0, "No new upgrade operations detected.")


def test_django_carries_the_files_out(
    project: Project, database: str, files: list[str], tools: dict[str, str]
) -> None:
    """Each in a migration, as it is shown; and it finds nothing to do after that."""
    shown = _shown()
    _write("jobs_sql.py", shown["jobs_sql.py"])
    _write("manage.py", _MANAGE)
    _write("settings.py", _SETTINGS)
    _write("shop/__init__.py", "")
    _write("shop/migrations/__init__.py", "")
    for before, name in pairwise(["", *files]):
        text = shown[f"shop/migrations/{_SHOWN_NAME}.py"]
        text = text.replace(_SHOWN_NAME, name).replace(_SHOWN_BEFORE, before)
        _write(f"shop/migrations/{name}.py", text.replace('[("shop", "")]', "[]"))
    command = _typed("manage.py")
    assert command == "python manage.py migrate\n"
    _carry_out(database, f"{command.strip()} shop {files[0]}", command, tools)
    _check(project, database)
    status, printed = _sh("python manage.py makemigrations --check", tools)
    assert (status, printed.strip()) == (0, "No changes detected")


_MANAGE: Final = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""

_SETTINGS: Final = """\
import os

INSTALLED_APPS = ["shop"]
SECRET_KEY = "of a test"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
    }
}
"""
