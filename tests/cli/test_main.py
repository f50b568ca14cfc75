"""The command line itself: usage, exit codes, what it imports."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from jobgen import __version__
from tests.cli.project import SCHEMA, Project


def _imported(*arguments: str, cwd: Path) -> set[str]:
    """What a command leaves in `sys.modules`, in a process of its own."""
    code = (
        "import sys; from jobgen.cli.main import main; main(sys.argv[1:]);"
        "print(); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


_GENERATOR: Final = {"difflib", "jinja2", "jobgen.emit", "jobgen.schema", "yaml"}
_RUNTIME: Final = {"asyncio", "jobgen.runtime", "logging", "psycopg"}


def _id(value: tuple[str, ...] | set[str]) -> str:
    """Sets have no order: their text would differ from process to process."""
    return " ".join(value) if isinstance(value, tuple) else ""


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (("--version",), _GENERATOR | _RUNTIME | {"dataclasses", "inspect", "json"}),
        (("--help",), _GENERATOR | _RUNTIME | {"dataclasses", "inspect", "json"}),
        (("schema",), {"jinja2", "jobgen.emit"} | _RUNTIME),
        (("init", "new"), _RUNTIME),
        (("build", "jobs.yaml"), _RUNTIME),
        (("build", "--check", "jobs.yaml"), _RUNTIME),
        (("explain", "unknown-type"), _RUNTIME | {"jinja2", "jobgen.emit", "yaml"}),
        (("worker", "nothing:handlers"), _GENERATOR),
    ],
    ids=_id,
)
def test_a_command_imports_nothing_that_it_does_not_need(
    tmp_path: Path, arguments: tuple[str, ...], needless: set[str]
) -> None:
    """Start-up is what every prompt, editor and commit pays for."""
    schema = SCHEMA.replace("../app_jobs", "app_jobs")
    (tmp_path / "jobs.yaml").write_text(schema, "utf-8")
    assert _imported(*arguments, cwd=tmp_path) & needless == set()


def test_version_and_help_are_fine(project: Project) -> None:
    """Exit status 0."""
    assert project.run("--version").out == f"{__version__}\n"
    assert project.run("--help").code == 0
    assert project.run("build", "--help").code == 0


@pytest.mark.parametrize(
    "arguments", [(), ("bild",), ("build",), ("build", "--format", "xml", "a")]
)
def test_wrong_usage_is_exit_status_2(
    project: Project, arguments: tuple[str, ...]
) -> None:
    """With the usage on stderr."""
    done = project.run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "usage: jobgen" in done.err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.yaml", "there is no such file"),
        ("schemas", "this is a directory\n  name a file in it"),
        ("nul\0.yaml", "control characters"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_diagnostic(
    project: Project, name: str, reason: str
) -> None:
    """And nothing is written."""
    before = project.files()
    done = project.run("build", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("error[unreadable]") == 1
    assert reason in done.err
    assert project.files() == before


@pytest.mark.parametrize(
    ("redirection", "arguments", "code"),
    [
        (">&-", "schema", 0),
        (">&-", "build --check jobs.yaml", 1),
        ("2>&-", "build missing.yaml", 2),
        (">&- 2>&-", "build missing.yaml", 2),
        (">/dev/full", "schema", 2),
        (">/dev/full", "build --check jobs.yaml", 2),
        ("2>/dev/full", "build missing.yaml", 2),
        (">/dev/full 2>/dev/full", "schema", 2),
        ("| true", "build --check jobs.yaml", 2),
    ],
)
def test_a_stream_that_takes_nothing_is_no_traceback(
    tmp_path: Path, redirection: str, arguments: str, code: int
) -> None:
    """It is closed, its disk is full, or its reader has gone."""
    # Only Linux has it, and nothing else can be made full without a mount.
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    schema = SCHEMA.replace("../app_jobs", "app_jobs")
    (tmp_path / "jobs.yaml").write_text(schema, "utf-8")
    command = shlex.join([sys.executable, "-m", "jobgen"])
    # The code is that of jobgen, and not of the pipe, whose reader goes first.
    script = f"{{ sleep 0.1; {command} {arguments}; echo $? >code; }} {redirection}"
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (tmp_path / "code").read_text() == f"{code}\n"
    assert done.stdout == ""
    said = "jobgen: No space left on device\n"
    assert done.stderr == (said if redirection == ">/dev/full" else "")
