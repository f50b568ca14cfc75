"""Golden builds: a directory each, with a schema and the package it becomes.

`make golden` writes what is expected anew; read the diff before you commit it.
The packages are real ones: the type checkers read them with the other tests.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from jobgen.cli.files import SchemaFiles
from jobgen.emit import emit
from jobgen.schema.load import load_schema
from jobgen.schema.model import Schema
from tests.servers import Server

BUILDS = Path(__file__).parent.parent / "golden" / "builds"
CASES = sorted(path.name for path in BUILDS.iterdir() if path.is_dir())

_NEEDY = ("references", "roles")
"""Cases that need tables and roles of the user's; other tests make these."""


def schema_of(case: str) -> Schema:
    path = BUILDS / case / "schema.yaml"
    loaded = load_schema(path.read_bytes(), str(path), SchemaFiles(path.parent))
    assert loaded.schema is not None, loaded.diagnostics
    assert loaded.schema.output == f"expected/golden_{case}"
    return loaded.schema


def built(case: str) -> dict[str, str]:
    return emit(schema_of(case), source="../../schema.yaml")


@pytest.mark.parametrize("case", CASES)
def test_a_schema_becomes_its_package(case: str, rewrite_golden: bool) -> None:
    """Byte for byte, with no file more and none less."""
    files, home = built(case), BUILDS / case / "expected" / f"golden_{case}"
    if rewrite_golden:
        shutil.rmtree(home.parent, ignore_errors=True)
        for name, text in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    found = {
        path.relative_to(home).as_posix(): path.read_bytes().decode("utf-8")
        for path in home.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == files


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_schema_and_one_package(case: str) -> None:
    """A file that no test reads would look like something that is tested."""
    directory = BUILDS / case
    schema = (directory / "schema.yaml").read_text("utf-8")
    included = {path.name for path in directory.glob("*.yaml")} - {"schema.yaml"}
    assert all(name in schema for name in included)
    expected = included | {"schema.yaml", "expected"}
    assert {path.name for path in directory.iterdir()} == expected
    packages = [path.name for path in (directory / "expected").iterdir()]
    assert packages == [f"golden_{case}"]


@pytest.mark.parametrize("case", [each for each in CASES if each not in _NEEDY])
def test_the_golden_script_applies_to_a_server(case: str, server: Server) -> None:
    """To each that is not older than the schema's minimum."""
    script = built(case)["schema.sql"].encode()
    with server.database() as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        minimum = schema_of(case).postgres.minimum
        if conn.info.server_version < minimum * 10_000:
            with pytest.raises(psycopg.Error, match=f"this needs PostgreSQL {minimum}"):
                conn.execute(script)
            return
        conn.execute(script)
        column = "SELECT FROM pg_attribute WHERE attname = 'attempts_count'"
        assert conn.execute(column).rowcount > 0
