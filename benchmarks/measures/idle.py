"""What a process that has nothing to do asks of the server."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.dialogue import VoidError
from benchmarks.environments import ROOT
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.server import Database
from benchmarks.subject import JOBGEN, JOBGEN_DEFAULT, Subject
from benchmarks.working import working

QUERIES: Final = "queries/s"
_TYPES: Final = 50
_SETTLE: Final = 6.0
"""Seconds until a new worker has done what it does once."""

_SCHEMA: Final = "jobgen: 1\npackage: many\noutput: many\njobs:\n"
_JOB: Final = "  kind_{number}: {{columns: {{user_id: bigint}}}}\n"
_HANDLERS: Final = """\
import many


async def nothing(job: object) -> None:
    pass


handlers = many.handlers(**{{f"kind_{{n}}": nothing for n in range({types})}})
"""
_COUNT: Final = """
SELECT coalesce(sum(calls), 0) FROM pg_stat_statements AS statement
INNER JOIN pg_database AS place ON place.oid = statement.dbid
WHERE place.datname = %s
"""


def measure(bench: Bench) -> Measure:
    """One process of `jobgen worker` for 50 jobs, and a worker of each for one."""
    rounds, seconds = bench.sizes.idle
    subjects = (JOBGEN_DEFAULT, *bench.sizes.idle_peers)
    return Measure(
        name="idle",
        title="An idle worker",
        how=f"Statements of one process with one kind of jobs and nothing to do, and of"
        f" one with {_TYPES}, heartbeats included, by pg_stat_statements.",
        figures=(QUERIES,),
        cases=(
            Case(
                label=f"jobgen, {_TYPES} jobs", sample=partial(_sample, bench, seconds)
            ),
            *(
                Case(
                    label=subject.label,
                    sample=partial(_sample_of_one, bench, subject, seconds),
                )
                for subject in subjects
                if bench.can_run(subject)
            ),
        ),
        rounds=rounds,
    )


def _sample(bench: Bench, seconds: float) -> Sample:
    with (
        tempfile.TemporaryDirectory() as project,
        bench.server.fresh("template1") as database,
        database.connect() as watcher,
    ):
        _build(Path(project))
        watcher.execute((Path(project) / "many" / "schema.sql").read_bytes())
        watcher.close()
        with _worker(bench, Path(project), database) as process:
            time.sleep(_SETTLE)
            found = _counted(bench, database, seconds)
            if process.poll() is not None:
                raise VoidError("the worker has ended")
    return {QUERIES: found}


def _sample_of_one(bench: Bench, subject: Subject, seconds: float) -> Sample:
    with working(bench, subject) as found:
        return {QUERIES: _counted(bench, found.database, seconds)}


def _build(project: Path) -> None:
    """A package of many jobs, and handlers for them."""
    (project / "pyproject.toml").touch()
    schema = _SCHEMA + "".join(_JOB.format(number=n) for n in range(_TYPES))
    (project / "schema.yaml").write_text(schema)
    (project / "idle_handlers.py").write_text(_HANDLERS.format(types=_TYPES))
    command = [sys.executable, "-m", "jobgen", "build", "schema.yaml"]
    subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


@contextmanager
def _worker(
    bench: Bench, project: Path, database: Database
) -> Generator[subprocess.Popen[bytes]]:
    executable = bench.environment(JOBGEN.environment).executable
    command = [str(executable), "-m", "jobgen", "worker", "idle_handlers:handlers"]
    with subprocess.Popen(
        [*command, "--dsn", database.url], cwd=project, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _counted(bench: Bench, database: Database, seconds: float) -> float:
    """Statements a second in the database, counted from another one.

    Ten seconds hold as much of what comes every five as any other ten.
    """
    with bench.server.database("postgres").connect() as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        conn.execute("SELECT pg_stat_statements_reset()")
        started = time.monotonic()
        time.sleep(seconds)
        row = conn.execute(_COUNT, [database.name]).fetchone()
        assert row is not None
        return float(row[0]) / (time.monotonic() - started)
