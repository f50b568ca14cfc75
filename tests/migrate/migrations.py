"""Migrations made and carried out without files, for tests of the steps."""

from __future__ import annotations

import psycopg

from jobgen.migrate.apply import Job, Told, apply
from jobgen.migrate.chain import linked
from jobgen.migrate.diff import diff
from jobgen.migrate.plan import steps_between
from jobgen.migrate.record import Place
from jobgen.migrate.script import script
from jobgen.migrate.spelling import spelt
from jobgen.migrate.steps import Step
from jobgen.migrate.target import Snapshot
from jobgen.migrate.words import differences
from jobgen.schema.tables import Database


def silent(text: str) -> None:
    """Tells nobody."""


def steps(old: Snapshot, new: Snapshot) -> tuple[Step, ...]:
    return steps_between(old.database, new.database)


def carry_out(dsn: str, steps: tuple[Step, ...], package: str = "sample") -> None:
    """Applies the steps as `package`, of which there was no migration before."""
    files = [(f"{n:04}_step.sql", script(step)) for n, step in enumerate(steps, 1)]
    job = Job(
        place=Place(schema="public", package=package),
        chain=linked(files),
        tables=(),
        patience=10,
    )
    with psycopg.connect(dsn, autocommit=True) as conn:
        apply(conn, job, Told(line=silent))


def drift(dsn: str, wanted: Database) -> list[str]:
    """What the database has otherwise than `wanted`, in words."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        found = spelt(conn, wanted)
    return [str(each) for each in differences(diff(found.live, found.wanted))]
