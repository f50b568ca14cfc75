"""The generator on systems that have less than Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobgen.cli.location import banner_source
from tests.cli.project import Project

WITHOUT = """
import os, sys
import asyncio, jinja2, psycopg, subprocess, yaml  # what is not jobgen's stays as it is

sys.platform = "win32"
for name in NAMES.split():
    delattr(os, name)

from jobgen.cli.main import main

sys.exit(main(sys.argv[1:]))
"""

NAMES = """
    O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC chown fchown fork geteuid getgid
    getpgid getppid getuid kill killpg lchown mkfifo nice pread register_at_fork
    sched_getaffinity setsid sysconf uname wait waitpid
"""
"""What the module os lacks on Windows, for the most part."""


@pytest.mark.parametrize(
    "command",
    [
        ["build", "schemas/jobs.yaml"],
        ["build", "--check", "schemas/jobs.yaml"],
        ["init", "new"],
        ["explain", "alias"],
        ["schema"],
        ["migrate", "new", "schemas/jobs.yaml", "-m", "first"],
    ],
    ids=" ".join,
)
def test_the_generator_needs_nothing_that_windows_lacks(
    project: Project, command: list[str]
) -> None:
    if "--check" in command:
        project.build()
    script = f"NAMES = {NAMES!r}\n{WITHOUT}"
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_package_on_another_drive_names_its_schema_without_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No way leads there, and an absolute path would differ on each machine."""

    def no_way(path: object, start: object) -> str:
        raise ValueError(
            f"path is on mount 'C:', start on mount 'D:' ({path}, {start})"
        )

    monkeypatch.setattr(os.path, "relpath", no_way)
    schema = tmp_path / "jobs.yaml"
    assert banner_source(schema, tmp_path / "elsewhere") == "jobs.yaml"
