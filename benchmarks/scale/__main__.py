"""`python -m benchmarks.scale`: jobgen alone, for as long as it takes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from benchmarks import server
from benchmarks.bench import Bench
from benchmarks.environments import newest_python
from benchmarks.rounds import Measured, run
from benchmarks.scale import fetch, handlers, hour, memory, processes
from benchmarks.sizes import FULL
from benchmarks.table import measured_markdown

_PARTS: Final = ("fetch", "processes", "handlers", "memory", "hour")


def main() -> None:
    """Print a Markdown table after each part."""
    arguments = _arguments()
    started = time.monotonic()

    def tell(text: str) -> None:
        elapsed = time.monotonic() - started
        print(f"{elapsed:6.0f} s  {text}", file=sys.stderr, flush=True)

    sizes = replace(FULL, rounds=arguments.rounds, patience=arguments.patience)
    with server.running() as running:
        bench = Bench(
            server=running, python=newest_python(arguments.python), sizes=sizes
        )
        print(f"PostgreSQL {running.version}, Python {bench.python}\n")
        for part in arguments.only:
            for found in _measured(part, bench, arguments, tell):
                print(measured_markdown(found), flush=True)
                if part == "fetch":
                    print(fetch.verdict(found), flush=True)


def _measured(
    part: str, bench: Bench, arguments: argparse.Namespace, tell: Callable[[str], None]
) -> Iterator[Measured]:
    rounds = bench.sizes.rounds
    if part == "fetch":
        counts = {"ready": arguments.ready, "finished": arguments.finished}
        with fetch.measuring(bench, **counts) as measure:
            yield run(measure, rounds, tell)
    elif part == "processes":
        yield run(processes.measure(bench, arguments.drained), rounds, tell)
    elif part == "handlers":
        yield run(handlers.measure(bench), rounds, tell)
    elif part == "memory":
        yield run(memory.measure(bench, arguments.jobs), rounds, tell)
    else:
        yield hour.measured(
            bench,
            seconds=arguments.seconds,
            rate=arguments.rate,
            window=arguments.window,
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__
    )
    add = parser.add_argument
    add("--only", nargs="+", choices=_PARTS, default=_PARTS)
    add("--rounds", type=int, default=5)
    add("--python", help="the interpreter of the workers")
    add("--patience", type=float, default=7200, help="seconds for one command")
    add("--ready", type=int, default=1_000_000, help="ready rows of the large table")
    add("--finished", type=int, default=10_000_000, help="and its finished rows")
    add("--drained", type=int, default=200_000, help="jobs for several processes")
    add("--jobs", type=int, default=5_000_000, help="jobs while memory is watched")
    add("--seconds", type=float, default=3600, help="how long the steady load lasts")
    add("--rate", type=float, default=500, help="its jobs a second")
    add("--window", type=float, default=300, help="seconds of one row of its table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
