"""The catalogue of mutants keeps step with the code and with the tests."""

from tests.mutants.catalogue import MUTANTS
from tests.mutants.runner import ROOT, Mutant


def test_every_mutant_changes_one_place_of_the_code() -> None:
    assert [mutant.name for mutant in MUTANTS if not _fits(mutant)] == []


def test_every_mutant_names_tests_that_exist() -> None:
    assert [mutant.name for mutant in MUTANTS if not _is_tested(mutant)] == []


def test_no_two_mutants_share_a_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)


def _fits(mutant: Mutant) -> bool:
    file = ROOT / mutant.file
    found = file.exists() and file.read_text(encoding="utf-8").count(mutant.old) == 1
    return found and mutant.new != mutant.old


def _is_tested(mutant: Mutant) -> bool:
    file = ROOT / mutant.test
    only = mutant.only.split(" ")[0]
    return file.exists() and only in file.read_text(encoding="utf-8")
