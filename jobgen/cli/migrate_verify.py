"""`jobgen migrate verify`: whether the previous release works with this schema."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from jobgen.cli import report
from jobgen.cli.migrate_live import database
from jobgen.cli.migrate_plan import planned, scripts_of
from jobgen.cli.migrations import CannotError, Project, load, read
from jobgen.migrate.released import Released, statements_in
from jobgen.migrate.verify import Failure, failures, make, scratch


def verify(arguments: argparse.Namespace) -> int:
    """1 where a statement of the release at `--against` no longer works."""
    project = load(arguments.schema, arguments.format)
    released = _released(project, arguments.against)
    plan = planned(project, read(project), drop=arguments.drop)
    refused = [str(each) for each in plan.breaks if each.refused]
    found: tuple[Failure, ...] = ()
    if not refused:
        scripts = [each.text for each in plan.written.chain]
        scripts += scripts_of(project, plan, baseline=False)
        with database(arguments, alone=True) as conn, scratch(conn) as inside:
            make(inside, scripts)
            found = failures(inside, released, plan.snapshot.database)
    _tell(refused, found, len(released), arguments)
    return 1 if refused or found else 0


def _tell(
    refused: list[str],
    found: tuple[Failure, ...],
    count: int,
    arguments: argparse.Namespace,
) -> None:
    if arguments.format == "json":
        plain = {
            "refused": refused,
            "failures": [
                {
                    "file": each.statement.file,
                    "statement": each.statement.name,
                    "message": each.message,
                }
                for each in found
            ],
        }
        report.print_result(json.dumps(plain, indent=2))
        return
    for line in (*refused, *map(str, found)):
        report.print_result(line)
    if not refused and not found:
        report.print_result(
            f"the {count} statements of {arguments.against} work with this schema"
        )


def _released(project: Project, ref: str) -> tuple[Released, ...]:
    """The statements of the package as it was committed."""
    home = project.path.parent / project.schema.output
    listed = _git(home, "ls-tree", "-r", "--name-only", "-z", ref, "--", ".")
    names = [name for name in listed.split("\0") if name.endswith(".py")]
    if not names:
        raise CannotError(f"{ref} has no package in {home}; commit it, or name another")
    files = {name: _git(home, "show", f"{ref}:./{name}") for name in names}
    try:
        return statements_in(files)
    except SyntaxError as error:
        raise CannotError(f"the package in {ref} is no Python: {error}") from error


def _git(home: Path, *arguments: str) -> str:
    """Its output. Raises `CannotError` with what it says."""
    near = next(each for each in (home, *home.parents) if each.is_dir())
    if near != home:
        raise CannotError(f"there is no directory {home}; build the package first")
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=home, capture_output=True, check=False
        )
    except OSError as error:
        raise CannotError(f"git cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip().splitlines()
        said = message[0] if message else "it failed"
        raise CannotError(
            f"git in {home}: {said}; --against names a commit that has the package"
        )
    return done.stdout.decode(errors="replace")
