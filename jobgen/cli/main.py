"""The command line: which command, with which arguments.

Imports nothing that the chosen command does not need: `jobgen --version` is
asked by editors and prompts, and should cost no more than Python itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from jobgen import __version__


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def run(self, arguments: argparse.Namespace) -> int: ...


_SUMMARIES = {
    "init": "write a schema file to begin with",
    "build": "make the package of a schema file",
    "explain": "print the page of a diagnostic",
    "schema": "print the JSON Schema of schema files, for editors",
    "worker": "run jobs",
    "migrate": "change the tables of a schema while jobs run",
}


def _load(name: str) -> Command:
    if name == "init":
        from jobgen.cli import init

        return init
    if name == "build":
        from jobgen.cli import build

        return build
    if name == "explain":
        from jobgen.cli import explain

        return explain
    if name == "schema":
        from jobgen.cli import schema

        return schema
    if name == "migrate":
        from jobgen.cli import migrate

        return migrate
    from jobgen.cli import worker

    return worker


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `jobgen` with the arguments `argv`; the result is the exit code.

    0: fine; 1: found something; 2: cannot do it.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_missing_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except SystemExit as exit:  # argparse, after --help or a usage error
        return exit.code if isinstance(exit.code, int) else 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        return _silenced()
    except OSError as error:
        return _silenced(f"jobgen: {error.strerror or error}")
    except KeyboardInterrupt:
        return 130
    return code


def _open_missing_streams() -> None:
    """A stream that was closed by whoever began this process is None in Python."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))


def _silenced(last: str = "") -> int:
    """The exit code where a stream cannot be written, after `last` if that can.

    What is left in a buffer would fail once more as Python exits, and change the code.
    """
    from contextlib import suppress

    with suppress(OSError):
        print(last, end="\n" if last else "", file=sys.stderr, flush=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            os.dup2(nowhere, stream.fileno())
    return 2


def _run(arguments: list[str]) -> int:
    command: Command | None = None
    parser = argparse.ArgumentParser(
        prog="jobgen", description="From one YAML schema: PostgreSQL DDL and Python."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in _SUMMARIES.items():
        subparser = commands.add_parser(name, help=summary, description=summary)
        if arguments[:1] == [name]:
            command = _load(name)
            command.add_arguments(subparser)
    parsed = parser.parse_args(arguments)
    if command is None:
        parser.print_help(sys.stderr)
        return 2
    return command.run(parsed)
