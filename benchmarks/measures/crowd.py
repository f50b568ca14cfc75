"""Single inserts from 32 connections, while a worker runs what they insert.

By pgbench, so that the clients do not use up what is measured.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.dialogue import VoidError
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.server import Database
from benchmarks.subject import (
    JOBGEN_DEFAULT,
    JOBGEN_LOUD,
    JOBGEN_QUIET,
    Subject,
)

INSERTS: Final = "inserts/s"
NEVER: Final = "notify: never (no trigger)"
ALWAYS: Final = "notify: always"
WHEN_IDLE: Final = "notify: when_idle (default)"
_CONNECTIONS: Final = 32
_SCRIPT: Final = """
INSERT INTO public.{table} (user_id, email, subject, campaign_id)
VALUES (:client_id, 'ada.lovelace@example.org', 'Your receipt is ready', 4711);
"""


def measure(bench: Bench) -> Measure:
    """The three values of `notify`."""
    cases = (
        (NEVER, JOBGEN_QUIET, "quiet_jobs"),
        (ALWAYS, JOBGEN_LOUD, "loud_jobs"),
        (WHEN_IDLE, JOBGEN_DEFAULT, "mail_jobs"),
    )
    return Measure(
        name="crowd",
        title=f"Enqueue from {_CONNECTIONS} connections",
        how="pgbench, one INSERT a transaction, while a jobgen worker with its defaults"
        " runs the jobs.",
        figures=(INSERTS,),
        cases=tuple(
            Case(label=label, sample=partial(_sample, bench, subject, table))
            for label, subject, table in cases
        ),
    )


def _sample(bench: Bench, subject: Subject, table: str) -> Sample:
    with bench.empty(subject) as database, bench.process(subject) as process:
        process.ask("work", dsn=database.url, pause=0)
        _inserts(bench, database, table, 1)  # The worker connects meanwhile.
        found = _inserts(bench, database, table, bench.sizes.crowd)
        process.say("stop")
        if not process.answer("work")["seen"]:
            raise VoidError("the worker ran nothing")
    return {INSERTS: found}


def _inserts(bench: Bench, database: Database, table: str, seconds: int) -> float:
    """Transactions a second, as pgbench counts them."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_SCRIPT.format(table=table))
        script.flush()
        Path(script.name).chmod(0o644)
        command = [
            str(bench.server.binaries / "pgbench"),
            *("-n", "-M", "prepared", "-f", script.name, "-T", str(seconds)),
            *("-c", str(_CONNECTIONS), "-j", "2", database.url),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or match is None:
        raise VoidError(f"pgbench failed: {done.stderr.strip()}")
    return float(match[1])
