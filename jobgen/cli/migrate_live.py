"""`jobgen migrate apply`, `status` and `drift`: what needs a database."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from psycopg.errors import Diagnostic

from jobgen.cli import report
from jobgen.cli.database import Connection, NoDatabaseError, connected
from jobgen.cli.migrations import CannotError, Project, Written, load, read
from jobgen.migrate import apply as applying
from jobgen.migrate import record
from jobgen.migrate.absent import without_roles
from jobgen.migrate.apply import NotAppliedError, Told
from jobgen.migrate.catalog import missing_roles, roles_of
from jobgen.migrate.diff import diff
from jobgen.migrate.record import Place
from jobgen.migrate.spelling import spelt
from jobgen.migrate.target import target
from jobgen.migrate.words import differences
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Database


@contextmanager
def database(
    arguments: argparse.Namespace, *, alone: bool = False
) -> Generator[Connection]:
    """A connection. Raises `CannotError` for all that goes wrong with it."""
    try:
        with connected(arguments, alone=alone) as conn:
            yield conn
    except (NoDatabaseError, NotAppliedError) as error:
        raise CannotError(str(error)) from error


def _place(project: Project) -> Place:
    schema = project.schema
    return Place(schema=schema.postgres.schema, package=schema.package)


def apply(arguments: argparse.Namespace) -> int:
    """Carries out what is pending."""
    project = load(arguments.schema, "text")
    written = read(project)
    if not written.chain:
        raise CannotError(
            "there are no migrations; 'jobgen migrate new' writes the first"
        )
    tables = written.snapshot.database.tables
    job = applying.Job(
        place=_place(project),
        chain=written.chain,
        tables=[qualified(table.schema, table.name) for table in tables],
        patience=arguments.patience,
    )
    with database(arguments, alone=True) as conn:
        conn.add_notice_handler(_tell_notice)
        done = applying.apply(conn, job, Told(line=report.print_result))
    if done == 0:
        report.print_result("nothing to apply: the database has had all migrations")
    return 0


def _tell_notice(notice: Diagnostic) -> None:
    """How far a backfill is; a log gets its ends only."""
    if notice.severity_nonlocalized == "NOTICE" and sys.stdout.isatty():
        report.print_result(f"  {notice.message_primary}")


def status(arguments: argparse.Namespace) -> int:
    """1 where anything is pending, or the files are not those that were written or
    that the database has had."""
    project = load(arguments.schema, arguments.format)
    with database(arguments) as conn:
        had = record.applied(conn, _place(project))
    try:
        chain = read(project).chain
        todo = applying.pending(chain, had)
    except (CannotError, NotAppliedError) as error:
        _tell_states([], str(error), arguments.format)
        return 1
    states = [(each.name, "pending" if each in todo else "applied") for each in chain]
    _tell_states(states, None, arguments.format)
    return 1 if todo else 0


def _tell_states(
    states: Sequence[tuple[str, str]], problem: str | None, form: report.Format
) -> None:
    if form == "json":
        listed = [{"file": name, "state": state} for name, state in states]
        plain = {"migrations": listed, "problem": problem}
        report.print_result(json.dumps(plain, indent=2))
        return
    for name, state in states:
        report.print_result(f"{state}  {name}")
    if problem is not None or not states:
        report.print_result(problem or "there are no migrations")


def drift(arguments: argparse.Namespace) -> int:
    """1 where the database is not what the schema and its migrations lead to."""
    project = load(arguments.schema, arguments.format)
    with database(arguments) as conn:
        found = spelt(conn, _expected(conn, project, read(project)))
    lines = differences(diff(found.live, found.wanted))
    if arguments.format == "json":
        plain = [
            {"where": each.where, "what": each.what, "text": each.text}
            for each in lines
        ]
        report.print_result(json.dumps({"differences": plain}, indent=2))
    else:
        for each in lines:
            report.print_result(str(each))
        if not lines:
            report.print_result("no drift: the database is as the schema says")
    return 1 if lines else 0


def _expected(conn: Connection, project: Project, written: Written) -> Database:
    """With what earlier migrations retired, which is still there: not what was granted
    to a role that is gone."""
    wanted = project.wanted
    if not written.chain:
        return wanted
    expected = target(written.snapshot, wanted).database
    retired = roles_of(expected) - roles_of(wanted)
    return without_roles(expected, missing_roles(conn, retired))
