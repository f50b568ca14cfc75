"""`jobgen explain CODE`: prints the page of a diagnostic, or of what a migration
breaks; without CODE, lists all.

The pages are a part of the documentation.
"""

from __future__ import annotations

import argparse

from jobgen import assets
from jobgen.cli import report
from jobgen.migrate.codes import BREAKS, BreakCode
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
    for code in _ALL:
        if code == wanted:
            report.print_result(page(code).rstrip("\n"))
            return 0
    better = Guesses().did_you_mean(wanted, _ALL) or "'jobgen explain' lists all"
    report.problem(f"{shown(wanted)} is not the code of a diagnostic", better)
    return 2


_ALL: tuple[Code | BreakCode, ...] = (*CODES, *BREAKS)


def page(code: Code | BreakCode) -> str:
    """The Markdown of the page of `code`."""
    directory = assets.pages() if code in CODES else assets.breaks()
    return (directory / f"{code}.md").read_text(encoding="utf-8")


def summary(code: Code | BreakCode) -> str:
    """What `code` means, in one line: the first of its page after the title."""
    return page(code).splitlines()[2]


def listing() -> str:
    """Every code with its summary, one a line."""
    width = max(map(len, _ALL))
    return "\n".join(f"{code:{width}}  {summary(code)}" for code in _ALL)
