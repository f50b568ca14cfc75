"""A text of the schema is data: in the catalogue, in a row and in Python it is
what was written, whatever it looks like to SQL, Python or a template."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import psycopg
import pytest

from tests.emit.schemas import HEAD, files, write
from tests.unseen import Unseen

TEXTS = (
    "it's",
    'a "quote" and """three""" and one at the end"',
    "'''",
    "back\\slash \\n \\x41 \\",
    "$$ $jobgen$ $jobgen1$ $1",
    "%s %(name)s 100% %%",
    "{{ x }} {% raw %} {# y #} {% endraw %} {x}",
    "*/ -- /* ; DROP TABLE x; --",
    "'); DROP TABLE text_jobs; --",
    "E'\\'' U&'\\0041'",
    "\U0001f600 ünïcode ﷽ 日本",
    "non-breaking\u00a0space, soft\u00adhyphen, joiner\u200d",
    "# jobgen ] ) }",
)

SETTINGS = ("on", "off")
"""Of `standard_conforming_strings`: with `off`, a backslash escapes in '…' too."""


def schema() -> str:
    """Each text as doc, label, default of several types, and within checks."""
    enums: dict[str, object] = {}
    columns: dict[str, object] = {}
    for n, text in enumerate(TEXTS):
        labels = [f"L{n} {text}"[:40], "other"]
        enums[f"kind{n}"] = {"doc": text, "labels": labels}
        quoted = text.replace("'", "''")
        columns |= {
            f"text{n}": {"type": "text", "default": text, "doc": text},
            f"label{n}": {"type": f"kind{n}", "default": labels[0]},
            f"json{n}": {"type": "jsonb", "default": {text: [text]}},
            f"list{n}": {"type": "text[]", "default": [text, "b"]},
            f"sql{n}": {
                "type": "text",
                "default_sql": "E'" + quoted.replace("\\", "\\\\") + "'",
                "check": f"sql{n} <> E'" + quoted.replace("\\", "\\\\") + " no'",
            },
            f"plain{n}": {
                "type": "text",
                "default_sql": f"'{quoted}'",
                "check": f"plain{n} <> '{quoted} no'",
            },
        }
    jobs = {"text": {"doc": " ".join(TEXTS), "columns": columns}}
    return HEAD + json.dumps({"enums": enums, "jobs": jobs}, ensure_ascii=False)[1:-1]


def parts() -> str:
    """The same as block style, since a file is one mapping."""
    enums, jobs = schema().removeprefix(HEAD).split(', "jobs": ', 1)
    return f"{HEAD}{enums}\njobs: {jobs}\n"


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_catalogue_holds_what_was_written(database: str, setting: str) -> None:
    """Comments, labels and the values that defaults really give."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f"SET standard_conforming_strings = {setting}".encode())
        conn.execute(files(parts())["schema.sql"].encode())
        comments = conn.execute(
            "SELECT col_description(attrelid, attnum) FROM pg_attribute"
            " WHERE attrelid = 'text_jobs'::regclass AND attname LIKE 'text%%'"
            " ORDER BY attnum",
            (),
        ).fetchall()
        assert [row[0] for row in comments] == list(TEXTS)
        enums = conn.execute(
            "SELECT obj_description(t.oid, 'pg_type'), min(e.enumlabel)"
            " FILTER (WHERE e.enumsortorder = 1) FROM pg_type AS t"
            " JOIN pg_enum AS e ON e.enumtypid = t.oid WHERE t.typname LIKE 'kind%%'"
            " GROUP BY t.oid ORDER BY t.oid",
            (),
        ).fetchall()
        labels = [f"L{n} {text}"[:40] for n, text in enumerate(TEXTS)]
        assert enums == list(zip(TEXTS, labels, strict=True))
        row = conn.execute(
            "INSERT INTO text_jobs DEFAULT VALUES RETURNING to_jsonb(text_jobs)"
        ).fetchone()
        assert row is not None
        check_row(row[0], labels)
        assert conn.execute(
            "SELECT obj_description('text_jobs'::regclass)"
        ).fetchone() == (" ".join(TEXTS),)


def check_row(row: dict[str, object], labels: list[str]) -> None:
    for n, text in enumerate(TEXTS):
        assert row[f"text{n}"] == row[f"plain{n}"] == text
        assert row[f"label{n}"] == labels[n]
        assert row[f"json{n}"] == {text: [text]}
        assert row[f"list{n}"] == [text, "b"]
        assert row[f"sql{n}"] == text


def test_a_check_compares_with_what_was_written(database: str) -> None:
    """So the one value that it excludes is refused, and nothing else."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(files(parts())["schema.sql"].encode())
        for n, text in enumerate(TEXTS):
            insert = f"INSERT INTO text_jobs (sql{n}) VALUES (%s)".encode()
            conn.execute(insert, [text])
            with pytest.raises(psycopg.errors.CheckViolation):
                conn.execute(insert, [text + " no"])


def test_the_package_says_and_sends_what_was_written(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statements carry the defaults too, for rows that leave them out."""
    package = files(parts())
    write(package, tmp_path / "written")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    written: Unseen = importlib.import_module("written")
    labels = [f"L{n} {text}"[:40] for n, text in enumerate(TEXTS)]
    for n, label in enumerate(labels):
        assert next(iter(getattr(written, f"Kind{n}"))).value == label
        doc = getattr(written, f"Kind{n}").__doc__
        assert " ".join(doc.split()) == " ".join(TEXTS[n].split())
    assert package["schema.sql"] == written.SCHEMA_SQL
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(package["schema.sql"].encode())
        written.text.enqueue(conn, written.Text())
        written.text.enqueue_many(conn, [written.Text()])
        written.text.enqueue_copy(conn, [written.Text()])
        for row in conn.execute("SELECT to_jsonb(text_jobs) FROM text_jobs").fetchall():
            check_row(row[0], labels)
    for name in [name for name in sys.modules if name.startswith("written")]:
        del sys.modules[name]
