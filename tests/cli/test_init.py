"""`jobgen init`: a schema file that builds as it is."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.cli.project import Project

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with nothing in it, which is the current one."""
    directory = project.root / "empty"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def test_what_it_writes_becomes_a_package_that_works(
    project: Project, empty: Path, database: str
) -> None:
    """From an empty directory to checked code and tables in three commands."""
    done = project.run("init")
    assert (done.code, done.err) == (0, "")
    first, *following = done.out.splitlines()
    assert first == "wrote schemas/jobs.yaml and schemas/jobgen.schema.json; next:"
    build, apply = (line.strip() for line in following)
    assert build == "jobgen build schemas/jobs.yaml"
    assert project.run(*build.split()[1:]).code == 0
    assert apply.endswith("-f jobs/schema.sql")
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "jobs"],
        env={"MYPYPATH": str(_ROOT), "HOME": str(empty), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (mypy.returncode, mypy.stderr) == (0, ""), mypy.stdout
    with psycopg.connect(database) as conn:
        conn.execute((empty / "jobs" / "schema.sql").read_bytes())


def test_editors_find_the_json_schema_beside_it(project: Project, empty: Path) -> None:
    """Without a network: the first line names a file, and the comment mends it."""
    project.run("init")
    text = (empty / "schemas" / "jobs.yaml").read_text("utf-8")
    prefix, _, name = text.splitlines()[0].partition("=")
    assert prefix == "# yaml-language-server: $schema"
    written = (empty / "schemas" / name).read_text("utf-8")
    assert written == project.run("schema").out
    assert f"jobgen schema > schemas/{name}" in text


def test_the_json_schema_is_printed_as_json(project: Project) -> None:
    """On stdout, and nothing else."""
    done = project.run("schema")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["$schema"].endswith("2020-12/schema")


def test_a_missing_directory_is_made(project: Project, empty: Path) -> None:
    """With those above it; the next commands name it, fit for a shell."""
    done = project.run("init", "my app/back")
    assert done.code == 0
    assert "jobgen build 'my app/back/schemas/jobs.yaml'" in done.out
    assert project.run("build", "my app/back/schemas/jobs.yaml").code == 0
    assert (empty / "my app" / "back" / "jobs" / "py.typed").exists()


def test_the_next_command_works_whatever_the_directory_is_called(
    project: Project, empty: Path
) -> None:
    """As an option, or with a space."""
    for name in ("-x", "a b"):
        command = project.run("init", "--", name).out.splitlines()[1]
        assert project.run(*shlex.split(command)[1:]).code == 0


@pytest.mark.parametrize("name", ["jobs.yaml", "jobgen.schema.json"])
def test_nothing_that_is_there_is_overwritten(
    project: Project, empty: Path, name: str
) -> None:
    """Nor is the other file written then."""
    (empty / "schemas").mkdir()
    (empty / "schemas" / name).write_text("mine")
    before = project.files()
    done = project.run("init")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"jobgen init: schemas/{name} is there already; nothing was written\n"
    )
    assert project.files() == before


@pytest.mark.parametrize(
    ("directory", "reason"),
    [
        ("file", "cannot write file/schemas: Not a directory"),
        ("file/sub", "cannot write file/sub/schemas: Not a directory"),
        ("x" * 300, "File name too long"),
        ("nul\0", "embedded null"),  # in words that differ between Pythons
    ],
)
def test_a_directory_that_cannot_be_is_one_line(
    project: Project, empty: Path, directory: str, reason: str
) -> None:
    """On stderr, with exit status 2."""
    (empty / "file").write_text("mine")
    done = project.run("init", directory)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("taken", ["jobs", "jobs.py"])
def test_the_package_takes_no_name_that_is_taken(
    project: Project, empty: Path, taken: str
) -> None:
    """A project may have jobs already."""
    (empty / taken).touch()
    project.run("init")
    text = (empty / "schemas" / "jobs.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["package"] == "background_jobs"
    assert project.run("build", "schemas/jobs.yaml").code == 0
