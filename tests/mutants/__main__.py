"""`python -m tests.mutants [--random N] [--seed SEED] [NAME ...]`.

Exit status 1 where a mutant survives, or does not fit the code any more.
"""

import argparse
import random
import sys

from tests import memory, servers
from tests.mutants.catalogue import MUTANTS
from tests.mutants.runner import Mutant, judge


def main() -> int:
    arguments = _parse()
    chosen = _choose(arguments)
    survivors = 0
    memory.prefer()
    with servers.run():
        for mutant in chosen:
            verdict = judge(mutant)
            survivors += bool(verdict.problem)
            mark = verdict.problem and f"SURVIVED: {verdict.problem}"
            print(f"{mutant.name}: {mark or 'caught'}", flush=True)
    print(f"mutants: {len(chosen) - survivors} caught, {survivors} survived")
    return 1 if survivors else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these alone")
    parser.add_argument("--random", type=int, metavar="N", help="so many of them")
    parser.add_argument("--seed", type=int, help="choose the same again")
    return parser.parse_args()


def _choose(arguments: argparse.Namespace) -> list[Mutant]:
    if arguments.names:
        known = {mutant.name: mutant for mutant in MUTANTS}
        return [known[name] for name in arguments.names]
    if arguments.random is None:
        return list(MUTANTS)
    seed = random.randrange(1_000_000) if arguments.seed is None else arguments.seed
    print(f"mutants: --random {arguments.random} --seed {seed}", flush=True)
    return random.Random(seed).sample(MUTANTS, min(arguments.random, len(MUTANTS)))


if __name__ == "__main__":
    sys.exit(main())
