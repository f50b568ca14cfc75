"""What the migrations lead to is written beside them, and read again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from jobgen.migrate.snapshot import UnreadableError, from_json, to_json
from jobgen.migrate.target import Retired, Snapshot
from jobgen.schema.tables import tables_of
from tests.emit.schemas import load, one_job
from tests.properties.cases import Case
from tests.properties.profiles import examples
from tests.properties.schemas import cases

SMALL = Snapshot(
    database=tables_of(load(one_job({"a": "text"}))),
    retired=(Retired(kind="column", name="b", table="work_jobs"),),
)


@examples(40)
@given(case=cases())
def test_any_snapshot_comes_back(case: Case) -> None:
    """With conditions that no comparison looks at."""
    snapshot = Snapshot(database=tables_of(case.load()))
    again = from_json(to_json(snapshot))
    assert again == snapshot
    assert to_json(again) == to_json(snapshot)


def test_what_is_as_usual_is_left_out() -> None:
    """So a change is a few lines of the file."""
    [table] = json.loads(to_json(SMALL))["database"]["tables"]
    assert table["columns"][-1] == {"name": "a", "type": "text"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "x"),
        ('"jobgen_snapshot": 1', '"jobgen_snapshot": 2'),
        ('"jobgen_snapshot": 1,', ""),
        ('"kind": "column"', '"kind": "row"'),
        ('"not_null": false', '"not_null": "no"'),
        ('"name": "a"', '"nom": "a"'),
        ('"name": "a"', '"name": ["a"]'),
    ],
)
def test_another_text_is_refused(old: str, new: str) -> None:
    """One that was edited, or that a later release wrote."""
    with pytest.raises(UnreadableError):
        from_json(to_json(SMALL).replace(old, new, 1))
