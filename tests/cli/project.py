"""A project on the disk for the commands to work in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from jobgen.cli.main import main

SCHEMA = """\
jobgen: 1
package: app_jobs
output: ../app_jobs
jobs:
  send_mail:
    columns: {email: text}
"""


@dataclass(frozen=True)
class Run:
    """What one command came to."""

    code: int
    out: str
    err: str


class Project:
    """A directory with `pyproject.toml` and `schemas/jobs.yaml`, made current."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.output = root / "app_jobs"
        self._capsys = capsys
        root.mkdir()
        (root / "pyproject.toml").touch()
        (root / "schemas").mkdir()
        self.write(SCHEMA)

    def write(self, schema: str) -> None:
        """Replaces the schema file."""
        (self.root / "schemas" / "jobs.yaml").write_text(schema, encoding="utf-8")

    def run(self, *arguments: str) -> Run:
        """Runs `jobgen` as the command line does."""
        self._capsys.readouterr()
        code = main(arguments)
        out, err = self._capsys.readouterr()
        return Run(code, out, err)

    def build(self, *options: str) -> Run:
        return self.run("build", *options, "schemas/jobs.yaml")

    def files(self) -> dict[str, bytes]:
        """Everything below the project, by relative path."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }

    def times(self) -> dict[str, tuple[int, int]]:
        """What changes whenever a file is written again."""
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_ino)
            for path in self.output.rglob("*")
        }
