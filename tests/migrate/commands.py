"""`jobgen migrate` as tests give it: in this process, or in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.cli.project import SCHEMA, Project, Run

SUBJECT = SCHEMA.replace("{email: text}", '{email: text, subject: "text?"}')
SIZE = SUBJECT.replace('"text?"}', '"text?", size: {type: int, default: 1}}')
GONE = SCHEMA.replace("{email: text}", "{}")
RESERVED = GONE + "    reserved: [email]\n"

HOME = Path("schemas/migrations/app_jobs")


def migrate(project: Project, command: str, *options: str) -> Run:
    return project.run("migrate", command, "schemas/jobs.yaml", *options)


def new(project: Project, schema: str, name: str = "change", *options: str) -> Run:
    project.write(schema)
    return migrate(project, "new", "-m", name, *options)


def start(
    project: Project, dsn: str, *options: str, schema: str = "schemas/jobs.yaml"
) -> subprocess.Popen[str]:
    """`jobgen migrate apply` in a process of its own."""
    command = ["-m", "jobgen", "migrate", "apply", schema, "--dsn", dsn]
    return subprocess.Popen(
        [sys.executable, *command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project.root,
    )


def end(process: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def recorded(dsn: str) -> int:
    with psycopg.connect(dsn, autocommit=True) as conn:
        row = conn.execute("SELECT count(*) FROM jobgen_migrations").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def holding(dsn: str, statement: str) -> Generator[None]:
    """A transaction that stays open."""
    with psycopg.connect(dsn) as conn:
        conn.execute(statement.encode())
        yield
        conn.rollback()
