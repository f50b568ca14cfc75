"""`python -m benchmarks`: every measure in rounds that alternate, side by side."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import server
from benchmarks.bench import Bench
from benchmarks.environments import ROOT, newest_python
from benchmarks.measures import ALL
from benchmarks.picture import to_svg
from benchmarks.results import Results, gathered
from benchmarks.rounds import run
from benchmarks.sizes import FULL, QUICK
from benchmarks.table import to_json, to_markdown

_RESULTS: Final = ROOT / "benchmarks" / "results"
_QUICK_RESULTS: Final = ROOT / "build" / "bench-quick"


def main() -> None:
    """Measure, print the table, and write it; in full, where README finds it."""
    arguments = _arguments()
    results = _measured(arguments)
    text = to_markdown(results)
    print(text)
    if arguments.only is None:
        usual = _QUICK_RESULTS if arguments.quick else _RESULTS
        _write(arguments.output or usual, results, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--rounds", type=int, help="how many, of each measure")
    parser.add_argument("--python", help="the interpreter of every subject")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(ALL),
        help="these measures alone; the results are printed, not written",
    )
    parser.add_argument("--output", type=Path, help="a directory for the results")
    return parser.parse_args()


def _measured(arguments: argparse.Namespace) -> Results:
    sizes = QUICK if arguments.quick else FULL
    if arguments.rounds is not None:
        sizes = replace(sizes, rounds=arguments.rounds)
    names: Sequence[str] = arguments.only or list(ALL)
    started = time.monotonic()

    def tell(text: str) -> None:
        elapsed = time.monotonic() - started
        print(f"{elapsed:6.0f} s  {text}", file=sys.stderr, flush=True)

    with server.running() as running:
        bench = Bench(
            server=running, python=newest_python(arguments.python), sizes=sizes
        )
        measured = tuple(run(ALL[name](bench), sizes.rounds, tell) for name in names)
        form = "quick" if arguments.quick else "full"
        return gathered(bench, form, time.monotonic() - started, measured)


def _write(directory: Path, results: Results, text: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    files = {
        "results.md": text,
        "results.json": to_json(results),
        "results.svg": to_svg(results),
    }
    for name, content in files.items():
        (directory / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
