"""The command line itself: usage, exit codes, what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jobgen import __version__
from tests.cli.project import Project


def _imported(*arguments: str) -> set[str]:
    """What a command leaves in `sys.modules`, in a process of its own."""
    code = (
        "import sys; from jobgen.cli.main import main; main(sys.argv[1:]);"
        "print(); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_version_is_told_without_importing_the_generator() -> None:
    """Start-up is what every prompt and editor pays for."""
    heavy = {"yaml", "jinja2", "psycopg", "jobgen.schema", "jobgen.runtime", "asyncio"}
    assert _imported("--version") & heavy == set()


def test_building_does_not_import_the_runtime(tmp_path: Path) -> None:
    """The generator needs no database driver."""
    modules = _imported("build", str(tmp_path / "missing.yaml"))
    assert modules & {"psycopg", "asyncio", "jobgen.runtime"} == set()


def test_explaining_imports_no_part_of_the_generator() -> None:
    """A page is a file."""
    heavy = {"yaml", "jinja2", "psycopg", "jobgen.schema.load", "jobgen.emit"}
    assert _imported("explain", "unknown-type") & heavy == set()


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
        ("schemas", "Is a directory"),
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
