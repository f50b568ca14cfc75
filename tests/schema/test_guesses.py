"""What a misspelt word may have been meant as, among few words and among many."""

from __future__ import annotations

import difflib

import pytest

from jobgen.schema.diagnostics import closest
from jobgen.schema.load import load_schema

MANY = [f"kind_number_{number}" for number in range(1000)]


@pytest.mark.parametrize("known", [["Bigint", "integer"], [*MANY, "Bigint"]])
def test_a_word_is_found_in_whatever_case(known: list[str]) -> None:
    """And given as it is spelt."""
    assert closest("BIGIN", known) == "Bigint"


def test_nothing_is_guessed_that_looks_like_nothing() -> None:
    """Not even the best of many."""
    assert closest("bytea", MANY) is None
    assert closest("bytea", []) is None


@pytest.mark.parametrize(
    "typo", ["kind_numbr_437", "kind_number_437x", "ind_number_437", "mind_number_437"]
)
def test_the_nearest_of_many_is_found_wherever_the_slip_is(typo: str) -> None:
    """A slip near the end leaves the beginning as it is, and the other way round."""
    assert closest(typo, MANY) == "kind_number_437"


def test_a_word_is_compared_with_few_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comparison takes long, and there may be as many typos as words."""
    compared: list[float] = []

    class Counting(difflib.SequenceMatcher[str]):
        def ratio(self) -> float:
            compared.append(super().ratio())
            return compared[-1]

    monkeypatch.setattr(difflib, "SequenceMatcher", Counting)
    assert closest("kind_numbr_5", MANY) == "kind_number_5"
    assert 1 <= len(compared) <= 32


def test_each_of_a_thousand_misspelt_types_gets_its_guess() -> None:
    """However many enums the file has."""
    enums = "".join(f"  {name}: [a]\n" for name in MANY)
    jobs = "".join(
        f"  job_{number}: {{columns: {{kind: {name.replace('er', 'r')}}}}}\n"
        for number, name in enumerate(MANY)
    )
    head = "jobgen: 1\npackage: app_jobs\noutput: out\n"
    text = f"{head}enums:\n{enums}jobs:\n{jobs}"
    found = load_schema(text.encode(), "schema.yaml").diagnostics
    expected = [f"did you mean '{name}'?" for name in MANY]
    assert [each.help for each in found] == expected
