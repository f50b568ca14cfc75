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
from jobgen.schema.source import lines
from tests.properties.cases import ROOT, load
from tests.properties.mutations import mutants
from tests.properties.profiles import examples

CHECKOUT = Path(__file__).parent.parent.parent


@examples(80)
@given(mutants())
def test_a_broken_schema_is_explained(files: dict[str, bytes]) -> None:
    """Every diagnostic points at characters of its file."""
    loaded = load(files)
    text = {name: lines(text) for name, text in loaded.texts.items()}
    for each in loaded.diagnostics:
        assert each.message
        at, span = text[each.span.source], each.span
        assert span.is_whole or _is_inside(span.start, at), each
        assert span.is_whole or _is_inside(span.end, at), each
        assert span.start <= span.end
    if loaded.schema is None:
        assert any(each.severity == "error" for each in loaded.diagnostics)
    else:
        for name, content in emit(loaded.schema, source=ROOT).items():
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
def test_the_command_says_so(files: dict[str, bytes]) -> None:
    """Exit status 0 or 2, diagnostics that a program can read, no traceback."""
    with TemporaryDirectory() as name:
        home = Path(name)
        (home / "pyproject.toml").touch()
        for path, data in files.items():
            (home / "schemas" / path).parent.mkdir(parents=True, exist_ok=True)
            (home / "schemas" / path).write_bytes(data)
        command = [sys.executable, "-m", "jobgen", "build", "--format", "json"]
        done = subprocess.run(
            [*command, f"schemas/{ROOT}"],
            cwd=home,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode in (0, 2), done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout or "[]")
    errors = [each for each in found if each["severity"] == "error"]
    assert bool(errors) == (done.returncode == 2)
