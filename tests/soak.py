"""The property tests again and again, each round from another seed, for a while.

Run as `python -m tests.soak [--minutes N] [--rounds N] [--seed N] [FOR PYTEST]`.
A round is a run of pytest, so that what each holds in memory and on the disk is
bounded, and a failure is repeated by one command.
"""

from __future__ import annotations

import argparse
import random
import shlex
import subprocess
import sys
import time

_MINUTES = 30.0

_COMMAND = (
    *("pytest", "-q", "-n", "2", "-o", "faulthandler_timeout=0"),
    *("--hypothesis-profile", "soak"),
)
_WHAT = "tests/properties"


def main() -> int:
    """0, or pytest's exit status for the first round that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=_MINUTES, help="how long, at least one round"
    )
    parser.add_argument("--rounds", type=int, default=1_000_000, help="at most")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32))
    arguments, rest = parser.parse_known_args()
    end = time.monotonic() + 60 * arguments.minutes
    seeds = range(arguments.seed, arguments.seed + max(1, arguments.rounds))
    return _soak(seeds, end, rest or [_WHAT])


def _soak(seeds: range, end: float, rest: list[str]) -> int:
    """A round for each of `seeds`, while there is time for one more."""
    longest = 0.0
    for done, seed in enumerate(seeds):
        if done and time.monotonic() + longest > end:
            return _enough(seed)
        left = max(0.0, end - time.monotonic()) / 60
        _say(f"round {done + 1}: seed {seed}, {left:.0f} minutes left")
        began = time.monotonic()
        command = [*_COMMAND, f"--hypothesis-seed={seed}", *rest]
        status = subprocess.run([sys.executable, "-m", *command], check=False)
        if status.returncode != 0:
            _say(f"repeat this round with: {shlex.join(command)}")
            return status.returncode
        longest = max(longest, time.monotonic() - began)
    return _enough(seeds.stop)


def _enough(seed: int) -> int:
    _say(f"no round failed; go on with --seed {seed}")
    return 0


def _say(text: str) -> None:
    print(f"soak: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
