"""`jobgen migrate …`: which of its commands, and what they have in common.

What a command cannot do is one line on standard error and exit status 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from jobgen.cli import report
from jobgen.cli.cache import Kept
from jobgen.cli.migrations import CannotError, RefusedError
from jobgen.cli.numbers import seconds

_Run: TypeAlias = Callable[[argparse.Namespace], int]

_SUMMARIES = {
    "new": "write the steps from the last migration to the schema",
    "plan": "print them, and what they cost and break",
    "apply": "carry out what a database has not had",
    "status": "which migrations a database has had",
    "drift": "how a database differs from the schema",
    "verify": "whether the statements of another release work with the schema",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    for name, summary in _SUMMARIES.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("schema", metavar="SCHEMA", help="the schema file")
        _ARGUMENTS[name](command)
        formats = ("text", "json")
        if name in ("plan", "status", "drift", "verify"):
            command.add_argument("--format", choices=formats, default="text")


def _of_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-m", "--message", metavar="NAME", required=True, help="a part of file names"
    )
    _of_plan(parser)


def _of_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--baseline",
        action="store_true",
        help="the first migration, for databases that have the tables already",
    )
    parser.add_argument(
        "--dsn",
        default=None,
        help="with --baseline: look at this database, which others than schema.sql made",
    )
    _drop(parser)


def _drop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--drop",
        action="store_true",
        help="also drop what earlier migrations retired, when no process of a release"
        " before them runs any more",
    )


def _of_apply(parser: argparse.ArgumentParser) -> None:
    _of_database(parser)
    parser.add_argument(
        "--patience",
        metavar="SECONDS",
        type=seconds,
        default=300.0,
        help="how long to try to get a lock (300)",
    )


def _of_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dsn",
        default=None,
        help="the database (default: DATABASE_URL, then libpq's PG* variables)",
    )


def _of_verify(parser: argparse.ArgumentParser) -> None:
    _of_database(parser)
    _drop(parser)
    parser.add_argument(
        "--against",
        metavar="GITREF",
        default="HEAD",
        help="the commit whose package is read (the last one)",
    )


_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "new": _of_new,
    "plan": _of_plan,
    "apply": _of_apply,
    "status": _of_database,
    "drift": _of_database,
    "verify": _of_verify,
}


def run(arguments: argparse.Namespace) -> int:
    """0: fine; 1: found something; 2: cannot do it."""
    from jobgen.emit import keep_compiled  # slow to import, and not for --help

    keep_compiled(Kept("templates"))
    try:
        return _command(arguments)(arguments)
    except RefusedError:
        return 2
    except CannotError as error:
        report.print_error(f"jobgen migrate {arguments.action}: {error}")
        return 2


def _command(arguments: argparse.Namespace) -> _Run:
    action: str = arguments.action
    if action in ("new", "plan"):
        from jobgen.cli import migrate_plan

        command = migrate_plan.new if action == "new" else migrate_plan.plan
        if arguments.dsn is None:
            return command
        from jobgen.cli.migrate_adopt import found

        return partial(command, look=found)
    from jobgen.cli import migrate_live, migrate_verify

    commands: dict[str, _Run] = {
        "apply": migrate_live.apply,
        "status": migrate_live.status,
        "drift": migrate_live.drift,
        "verify": migrate_verify.verify,
    }
    return commands[action]
