"""`jobgen explain CODE`: prints the page of a diagnostic; without CODE, lists all.

The pages are `docs/diagnostics`, installed as the package `jobgen.pages`.
"""

from __future__ import annotations

import argparse
from importlib import resources

from jobgen.cli import report
from jobgen.schema.codes import CODES, Code
from jobgen.schema.diagnostics import shown
from jobgen.schema.guesses import Guesses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "code",
        nargs="?",
        metavar="CODE",
        help="as in error[CODE]; without one, all are listed",
    )


def run(arguments: argparse.Namespace) -> int:
    wanted: str | None = arguments.code
    if wanted is None:
        report.print_result(listing())
        return 0
    for code in CODES:
        if code == wanted:
            report.print_result(page(code).rstrip("\n"))
            return 0
    better = Guesses().did_you_mean(wanted, CODES) or "'jobgen explain' lists all"
    report.problem(f"{shown(wanted)} is not the code of a diagnostic", better)
    return 2


def page(code: Code) -> str:
    """The Markdown of the page of `code`."""
    return (resources.files("jobgen.pages") / f"{code}.md").read_text(encoding="utf-8")


def summary(code: Code) -> str:
    """What `code` means, in one line: the first of its page after the title."""
    return page(code).splitlines()[2]


def listing() -> str:
    """Every code with its summary, one a line."""
    width = max(map(len, CODES))
    return "\n".join(f"{code:{width}}  {summary(code)}" for code in CODES)
