"""`--baseline` with `--dsn`: a look at a database that others made."""

from __future__ import annotations

import argparse

import psycopg

from jobgen.cli import report
from jobgen.cli.database import told
from jobgen.cli.migrate_live import database
from jobgen.cli.migrations import CannotError, Project
from jobgen.migrate import adoption
from jobgen.migrate.spelling import spelt
from jobgen.schema.tables import Database


def found(project: Project, arguments: argparse.Namespace) -> Database:
    """What to begin from. Raises `CannotError`."""
    wanted = project.wanted
    with database(arguments) as conn:
        try:
            both = spelt(conn, wanted)
        except psycopg.Error as error:
            raise CannotError(told(error)) from error
    problem = adoption.unfit(both.live, wanted)
    if problem is not None:
        raise CannotError(problem)
    for each in adoption.left_alone(both.live, wanted):
        report.print_error(f"left alone: {each}")  # the output may be JSON
    return adoption.adopted(both.live, both.wanted, wanted)
