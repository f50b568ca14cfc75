"""Schemas to emit: what a test needs of the grammar, as text and as values."""

from __future__ import annotations

import json
from pathlib import Path

from jobgen.emit import emit
from jobgen.schema.load import load_schema
from jobgen.schema.model import Schema

SOURCE = "../jobs.yaml"

HEAD = "jobgen: 1\npackage: sample\noutput: ../sample\n"

DEFAULTS: dict[str, str] = {
    # type: a default as YAML, fit for an element of an array too
    "smallint": "-7",
    "integer": "1",
    "bigint": "9223372036854775807",
    "real": "0.5",
    "double precision": "-0.25",
    "numeric": "1.50",
    "numeric(10,2)": "12.25",
    "boolean": "true",
    "text": '"it\'s"',
    "varchar": "x",
    "varchar(5)": "abc",
    "citext": "Mixed",
    "bytea": "'\\x00ff'",
    "date": "2026-01-31",
    "time": "'22:30'",
    "timestamptz": "'2026-01-31 12:00:00+00'",
    "timestamp": "'2026-01-31 12:00:00'",
    "interval": "'1 day'",
    "uuid": "'6e9c5a3e-0f5b-4b58-9d8e-0f3f5a1c2b4d'",
    "json": "{a: [1, null]}",
    "jsonb": "{b: [1, null]}",
    "inet": "192.0.2.1",
    "cidr": "10.0.0.0/8",
    "mood": "'so-so'",
    "int4range": "'[1,10)'",
    "int8range": "'[1,10)'",
    "numrange": "'[1.5,2.5)'",
    "daterange": "'[2026-01-01,2026-02-01)'",
    "tstzrange": "'[2026-01-01 00:00:00+00,2026-02-01 00:00:00+00)'",
}
"""Every type of the grammar, each with a default."""


def load(text: str) -> Schema:
    """The schema of a text that has nothing wrong."""
    loaded = load_schema(text.encode(), "jobs.yaml")
    assert loaded.schema is not None, [
        f"{each.span.start}: {each.message}" for each in loaded.diagnostics
    ]
    return loaded.schema


def files(text: str) -> dict[str, str]:
    return emit(load(text), source=SOURCE)


def write(package: dict[str, str], directory: Path) -> Path:
    """The package on the disk, at `directory`."""
    for name, text in package.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return directory


def one_job(columns: dict[str, object], **settings: object) -> str:
    """A schema of one job, `work`."""
    job = {"columns": columns, **settings}
    return HEAD + "jobs:\n  work: " + json.dumps(job, ensure_ascii=False) + "\n"


def every_type() -> str:
    """Each type, required, nullable and with a default, as a scalar and an array."""
    lines = [HEAD, "enums: {mood: [good, so-so, 'it''s \"bad\", {no}']}", "jobs:"]
    lines += ["  everything:", "    id: uuid", "    priority: true", "    columns:"]
    for number, (type_, default) in enumerate(DEFAULTS.items()):
        for kind, element in (("one", default), ("many", f"[{default}]")):
            name = f"{kind}{number}"
            array = "[]" if kind == "many" else ""
            full = f'"{type_}{array}"'
            lines += [
                f"      {name}_given: {{type: {full}}}",
                f"      {name}_null: {{type: {full}, nullable: true}}",
                f"      {name}_default: {{type: {full}, default: {element}}}",
                f"      {name}_both:"
                f" {{type: {full}, nullable: true, default: {element}}}",
            ]
    return "\n".join(lines) + "\n"
