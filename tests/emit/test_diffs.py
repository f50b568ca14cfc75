"""A small change of the schema is a small diff of the output: people review it.

What is counted is lines that came or went, file by file. `schema.sql` stands in
`_schema.py` a second time, where the digest changes too.
"""

from __future__ import annotations

import difflib
from typing import TypeAlias

import pytest

from tests.emit.schemas import HEAD, files

Lines: TypeAlias = dict[str, tuple[int, int]]
"""How many lines came and how many went, by file."""

BEFORE = (
    HEAD
    + """
enums: {kind: [welcome, receipt], tone: [warm, cool]}
jobs:
  send_mail:
    doc: Send one e-mail.
    columns:
      email: text
      kind: {type: kind, default: welcome, doc: Which template.}
    max_attempts: 5
  resize_image: {columns: {url: text}, id: uuid, priority: true}
  send_fax: {columns: {number: text}, worker: elsewhere}
"""
)


def changed(old: str, new: str) -> Lines:
    """What the replacement of `old` by `new` in the schema changes."""
    assert BEFORE.count(old) == 1
    before, after = files(BEFORE), files(BEFORE.replace(old, new))
    found: Lines = {}
    for path in sorted(before | after):
        diff = difflib.unified_diff(
            before.get(path, "").splitlines(), after.get(path, "").splitlines(), n=0
        )
        lines = [line[0] for line in list(diff)[2:]]
        if lines:
            found[path] = (lines.count("+"), lines.count("-"))
    return found


JOB = {"send_mail.py"}
SQL = {"_schema.py", "schema.sql"}

CHANGES = {
    # what: (old, new, the files that change, lines that may go, lines that may come)
    "a column at the end": (
        "template.}\n",
        "template.}\n      n: text\n",
        JOB | SQL,
        8,
        19,
    ),
    "a column in front": (
        "      email:",
        "      n: text\n      email:",
        JOB | SQL,
        10,
        20,
    ),
    "a label": ("receipt]", "receipt, news]", {"enums.py"} | SQL, 2, 3),
    "a deprecated label": (
        "[warm, cool]",
        "{labels: [warm, cool], deprecated: [cool]}",
        {"enums.py"} | SQL,
        0,
        2,
    ),
    "an enum": ("cool]}", "cool], a: [b]}", {"__init__.py", "enums.py"} | SQL, 1, 7),
    "a job's doc": (
        "one e-mail.",
        "one letter.",
        {"aio/send_mail.py"} | JOB | SQL,
        2,
        2,
    ),
    "a column's doc": ("Which template.", "The template.", JOB | SQL, 2, 2),
    "a default": ("default: welcome", "default: receipt", JOB | SQL, 3, 3),
    "a setting": ("max_attempts: 5", "max_attempts: 6", JOB | {"_schema.py"}, 8, 8),
    "a role": ("jobs:", "roles: {worker: app}\njobs:", SQL, 1, 46),
    "another job": (
        "worker: elsewhere}\n",
        "worker: elsewhere}\n  prune: {columns: {}}\n",
        {"__init__.py", "_handlers.py", "aio/__init__.py", "aio/prune.py", "prune.py"}
        | SQL,
        1,
        720,
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "paths", "went", "came"), CHANGES.values(), ids=CHANGES
)
def test_a_change_shows_where_it_matters_and_nowhere_else(
    old: str, new: str, paths: set[str], went: int, came: int
) -> None:
    """No other file changes, and in these few lines."""
    found = changed(old, new)
    assert set(found) == paths
    assert max(gone for _, gone in found.values()) <= went
    assert max(new for new, _ in found.values()) <= came


def test_another_job_adds_few_lines_to_what_is_there() -> None:
    """Wherever it stands; those of other jobs stay as they are."""
    for old in ("jobs:\n", "  send_fax:"):
        job = "  prune: {columns: {}}\n"
        found = changed(old, old + job if old == "jobs:\n" else job + old)
        del found["prune.py"], found["aio/prune.py"]
        assert found["__init__.py"][0] <= 8
        assert found["_handlers.py"][0] <= 5
        assert found["aio/__init__.py"][0] <= 2
        assert all(gone <= 1 for _, gone in found.values())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: uuid, priority: true", "priority: true, id: uuid"),
        ("max_attempts: 5", "max_attempts: 5  # said aloud"),
        ("jobs:\n", "defaults: {concurrency: 16, timeout: null}\njobs:\n"),
        ("url: text", "url: {type: text, nullable: false}"),
    ],
)
def test_what_means_the_same_changes_nothing(old: str, new: str) -> None:
    """Not even a digest."""
    assert changed(old, new) == {}
