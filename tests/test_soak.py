"""`make soak` goes on from seed to seed, and stops at what fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
QUICK = "tests/properties/test_output.py::test_every_type_has_values"


def soak(*arguments: str) -> tuple[int, list[str]]:
    """The exit status, and what it said itself."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("soak: ")]
    return done.returncode, lines


def test_a_soak_has_a_round_and_says_where_to_go_on() -> None:
    """Also where there is no time for one."""
    assert soak("--minutes", "0", "--seed", "7", QUICK) == (
        0,
        [
            "soak: round 1: seed 7, 0 minutes left",
            "soak: no round failed; go on with --seed 8",
        ],
    )


def test_a_soak_has_as_many_rounds_as_it_may() -> None:
    """Each from the next seed."""
    status, lines = soak("--rounds", "2", "--seed", "7", QUICK)
    assert status == 0
    assert [line.split(",")[0] for line in lines] == [
        "soak: round 1: seed 7",
        "soak: round 2: seed 8",
        "soak: no round failed; go on with --seed 9",
    ]


def test_a_soak_ends_with_a_round_that_fails() -> None:
    """Not with success, and with the command that repeats the round."""
    status, lines = soak("--minutes", "60", "--seed", "7", "tests/no_such_file.py")
    assert status != 0
    assert lines[-1].startswith("soak: repeat this round with: pytest -q ")
    assert "--hypothesis-seed=7 tests/no_such_file.py" in lines[-1]
