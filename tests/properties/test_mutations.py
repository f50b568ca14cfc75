"""A broken schema is refused with places in it, or builds; nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given

from jobgen.emit import emit
from jobgen.schema.diagnostics import Position
from jobgen.schema.load import load_schema
from jobgen.schema.source import lines
from tests.properties.mutations import mutants
from tests.properties.profiles import examples

ROOT = Path(__file__).parent.parent.parent


@examples(80)
@given(mutants())
def test_a_broken_schema_is_explained(data: bytes) -> None:
    """Every diagnostic points at characters of the file."""
    loaded = load_schema(data, "jobs.yaml")
    text = lines(loaded.texts["jobs.yaml"])
    for each in loaded.diagnostics:
        assert each.message
        assert each.span.source == "jobs.yaml"
        assert each.span.is_whole or _is_inside(each.span.start, text), each
        assert each.span.is_whole or _is_inside(each.span.end, text), each
        assert each.span.start <= each.span.end
    if loaded.schema is None:
        assert any(each.severity == "error" for each in loaded.diagnostics)
    else:
        for name, content in emit(loaded.schema, source="jobs.yaml").items():
            if name.endswith(".py"):
                compile(content, name, "exec")


def _is_inside(place: Position, text: list[str]) -> bool:
    """Whether `place` is before a character, or at the end of a line."""
    return (
        1 <= place.line <= len(text)
        and 1 <= place.column <= len(text[place.line - 1]) + 2
    )


@examples(4)
@given(mutants())
def test_the_command_says_so(data: bytes) -> None:
    """Exit status 0 or 2, diagnostics that a program can read, no traceback."""
    with TemporaryDirectory() as name:
        home = Path(name)
        (home / "pyproject.toml").touch()
        (home / "schemas").mkdir()
        (home / "schemas" / "jobs.yaml").write_bytes(data)
        command = [sys.executable, "-m", "jobgen", "build", "--format", "json"]
        done = subprocess.run(
            [*command, "schemas/jobs.yaml"],
            cwd=home,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode in (0, 2), done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout or "[]")
    errors = [each for each in found if each["severity"] == "error"]
    assert bool(errors) == (done.returncode == 2)
