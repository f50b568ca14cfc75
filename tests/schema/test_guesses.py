"""What a misspelt word may have been meant as, among few words and among many."""

from __future__ import annotations

import difflib
import time

import pytest

from jobgen.schema.guesses import Guesses
from jobgen.schema.load import load_schema
from tests.schema.examples import load

MANY = [f"kind_number_{number}" for number in range(1000)]


@pytest.mark.parametrize("known", [["Bigint", "integer"], [*MANY, "Bigint"]])
def test_a_word_is_found_in_whatever_case(known: list[str]) -> None:
    """And given as it is spelt."""
    assert Guesses().closest("BIGIN", known) == "Bigint"


def test_nothing_is_guessed_that_looks_like_nothing() -> None:
    """Not even the best of many."""
    assert Guesses().closest("bytea", MANY) is None
    assert Guesses().closest("bytea", []) is None


@pytest.mark.parametrize(
    "typo", ["kind_numbr_437", "kind_number_437x", "ind_number_437", "mind_number_437"]
)
def test_the_nearest_of_many_is_found_wherever_the_slip_is(typo: str) -> None:
    """A slip near the end leaves the beginning as it is, and the other way round."""
    assert Guesses().closest(typo, MANY) == "kind_number_437"


def test_a_word_is_compared_with_few_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comparison takes long, and there may be as many typos as words."""
    compared: list[float] = []

    class Counting(difflib.SequenceMatcher[str]):
        def ratio(self) -> float:
            compared.append(super().ratio())
            return compared[-1]

    monkeypatch.setattr(difflib, "SequenceMatcher", Counting)
    assert Guesses().closest("kind_numbr_5", MANY) == "kind_number_5"
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


def _schema(enums: list[str], types: list[str]) -> bytes:
    """Jobs with a column of each of `types`, and one that is misspelt in all jobs."""
    lines = ["jobgen: 1", "package: app_jobs", "output: out", "enums:"]
    lines += [f"  {name}: [a]" for name in enums]
    lines += ["jobs:"]
    for number, name in enumerate(types):
        lines += [f"  job_{number}:", f"    columns: {{a: {name}, b: bigin}}"]
    return "\n".join(lines).encode()


def test_thousands_of_typos_are_guessed_until_it_takes_too_long() -> None:
    """The first thousand at least, and each that is made again, which takes no time."""
    enums = [f"kind_of_thing_{number}" for number in range(5000)]
    typos = [name.replace("g_", "g") for name in enums]
    found = load_schema(_schema(enums, typos), "schema.yaml").diagnostics
    expected = [f"did you mean '{name}'?" for name in enums]
    guesses = [each.help for each in found if "kind_of" in each.message]
    assert guesses[:1000] == expected[:1000]
    assert (
        guesses[4000:] == ["use a type of PostgreSQL, or an enum of this file"] * 1000
    )
    repeated = {each.help for each in found if "bigin" in each.message}
    assert repeated == {"did you mean 'bigint'?"}


def test_long_words_are_guessed_no_longer_than_short_ones() -> None:
    """Though each of the comparisons, with words that are all alike, takes a while."""
    words = [f"{number:060b}".translate({48: "a", 49: "b"}) for number in range(3000)]
    start = time.process_time()
    found = load_schema(_schema(words[:60], words[1000:]), "schema.yaml").diagnostics
    assert time.process_time() - start < 10
    assert len(found) == 4000


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("bigin", "bigint"),
        ("bigin?", "bigint?"),
        ("knid[]", "kind[]"),
        ("knid[]?", "kind[]?"),
        ("VARCHAR(20)", "varchar(20)"),
        ("VARCHAR(20)[]?", "varchar(20)[]?"),
        ("VARCHAR(max)", "varchar"),
        ("string(20)[]", "text[]"),
        ("numeric[12,2]", "numeric(12,2)"),
        ("numric[12, 2]?", "numeric(12, 2)?"),
        ("int64", "bigint"),
        ("UInt64", "numeric(20)"),
        ("tinyint", "smallint"),
        ("mediumtext?", "text?"),
        ("ip", "inet"),
        ("set", "text[]"),
        ("int8multirange", "int8range[]"),
        ("list[Unheard]", "text[]"),
        ("Optional[str]", "text?"),
        ("Optional[list[str]]", "text[]?"),
        ("str | None", "text?"),
        ("str | None?", "text?"),
        ("text not null", "text"),
        ("int null", "int?"),
        ("name", "name_"),
        ("TEXT[][]", "text[]"),
    ],
)
def test_what_is_guessed_for_a_type_can_be_written(written: str, meant: str) -> None:
    """All of it: who follows the advice loses neither numbers, nor `[]`, nor `?`."""
    head = "enums: {kind: [a], name_: [b]}\njobs:\n  j:\n    columns:\n      c: "
    (found,) = load(f"{head}{written}\n").diagnostics
    assert found.help == f"did you mean '{meant}'?"
    assert load(f"{head}{meant}\n").diagnostics == ()


@pytest.mark.parametrize("written", ["Optional[str]", "str | None", "Optional[strng]"])
def test_a_guess_for_the_long_form_has_no_question_mark(written: str) -> None:
    """There it is a key."""
    column = "jobs: {j: {columns: {c: {%s}}}}\n"
    (found,) = load(column % f'type: "{written}"').diagnostics
    assert found.help == "write type: text, nullable: true"
    assert load(column % "type: text, nullable: true").diagnostics == ()
