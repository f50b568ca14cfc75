"""Every valid schema builds, into files that depend on nothing else."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jobgen.cli.main import main
from jobgen.schema.json_schema import json_schema
from jobgen.schema.typenames import parse_type
from jobgen.schema.types import SCALARS, ColumnType
from tests.properties.cases import Case, load, valid
from tests.properties.kinds import KINDS
from tests.properties.profiles import examples
from tests.properties.schemas import cases
from tests.schema.validation import problems

ROOT = Path(__file__).parent.parent.parent


def test_every_type_has_values() -> None:
    """A type that is added to the table must be added here."""
    covered: set[str] = set()
    for name in KINDS:
        parsed = parse_type(name, {}, "public")
        assert isinstance(parsed, ColumnType)
        covered.add(parsed.element.sql)
    assert covered == {scalar.sql for scalar in SCALARS}


@examples(40)
@given(cases())
def test_a_valid_schema_builds(case: Case) -> None:
    """Into Python that compiles, without a word from the compiler."""
    for name, text in case.package().items():
        if name.endswith(".py"):
            compile(ast.parse(text), name, "exec")
        assert "\r" not in text
        assert text == "" or text.endswith("\n")


@examples(15)
@given(cases())
def test_an_editor_marks_nothing(case: Case) -> None:
    """In any of its files."""
    validator = Draft202012Validator(json_schema())
    for text in case.texts.values():
        assert problems(validator, text) == []


@examples(15)
@given(cases())
def test_encodings_and_line_ends_change_nothing(case: Case) -> None:
    """A file means the same in every encoding, and with Windows' line ends."""
    plain = case.load()
    for ends, encoding in (
        ("\r\n", "utf-8"),
        ("\n", "utf-8-sig"),
        ("\n", "utf-16"),
        ("\r\n", "utf-32"),
    ):
        data = {
            name: text.replace("\n", ends).encode(encoding)
            for name, text in case.texts.items()
        }
        assert valid(load(data)) == plain


_PROGRAM = """
import json, sys
from tests.properties.cases import Case, RolesCase
cases = [
    Case(texts=texts, jobs=(), roles=RolesCase()) for texts in json.load(sys.stdin)
]
print(json.dumps([[*case.package().items()] for case in cases]))
"""


@examples(2)
@given(st.lists(cases(), min_size=5, max_size=5))
def test_the_output_depends_on_the_schema_alone(found: list[Case]) -> None:
    """Neither on the order of hashes nor on the directory."""
    texts = [case.texts for case in found]
    here = [[*case.package().items()] for case in found]
    for seed, place in (("0", "/"), ("4242", str(ROOT))):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=json.dumps(texts),
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == json.loads(json.dumps(here))


@examples(8)
@given(cases())
def test_a_second_build_changes_nothing(case: Case) -> None:
    """No file is written again, and `--check` is content."""
    with TemporaryDirectory() as name:
        home = Path(name)
        (home / "pyproject.toml").touch()
        schema = case.write(home / "schemas")
        assert main(["build", str(schema)]) == 0
        before = _state(home / "sample")
        assert main(["build", str(schema)]) == 0
        assert main(["build", "--check", str(schema)]) == 0
        assert _state(home / "sample") == before


def _state(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file: what changes whenever it is written, and what is in it."""
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in directory.rglob("*")
        if path.is_file()
    }
