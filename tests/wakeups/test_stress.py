"""No job waits for the guard tick, whatever transactions insert it.

The guard tick is off. The figures are printed: `pytest -rP`.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest

from jobgen.runtime.watch import PROMISE
from tests.servers import Server
from tests.stalls import Pause, Stalls
from tests.wakeups.ledger import Ledger
from tests.wakeups.producers import SILENCE, Producers
from tests.wakeups.schema import allow_prepared_transactions, install
from tests.wakeups.worker import NO_BARRIER
from tests.worker.process import ROOT, environment
from tests.worker.support import wait_until

LONGEST_WAIT: Final = 5 * PROMISE
"""What no job may wait. One that was overlooked waits for the rest of a silence."""

_CYCLES: Final = 12
"""Any one finds something unless another transaction happens to wake the workers."""

_PROCESSES: Final = 2
_WORKERS: Final = 2
"""In each process, on one event loop."""


@pytest.fixture
def dsn(own_server: Server, tmp_path: Path) -> str:
    allow_prepared_transactions(own_server)
    install(own_server.dsn(), tmp_path)
    return own_server.dsn()


@contextmanager
def _working(dsn: str, home: Path, *options: str) -> Generator[Ledger]:
    """Workers that have settled for the first time, and sleep."""
    ledger = Ledger(home / "ledger")
    arguments = (dsn, str(home), str(ledger.path), str(_WORKERS), *options)
    command = [sys.executable, "-m", "tests.wakeups.worker", *arguments]
    with (home / "log").open("w") as log:
        processes = [
            subprocess.Popen(
                command, cwd=ROOT, env=environment(), stdout=log, stderr=log
            )
            for _ in range(_PROCESSES)
        ]
    try:
        wait_until(lambda: _registered(dsn) == _PROCESSES * _WORKERS)
        time.sleep(SILENCE / 3)
        yield ledger
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _registered(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        ((count,),) = conn.execute("SELECT count(*) FROM jobgen_workers").fetchall()
    return int(count)


def _waits(
    commits: Mapping[int, float], starts: Mapping[int, float], stalls: Stalls
) -> list[float]:
    """Seconds from each commit to the handler, in order; infinity: it never ran."""
    pauses = (Pause(at, starts.get(job, math.inf)) for job, at in commits.items())
    return sorted(map(stalls.without, pauses))


def _tell(waits: list[float], producers: Producers) -> None:
    last = len(waits) - 1
    parts = [f"{1000 * waits[int(part * last)]:.0f}" for part in (0.5, 0.99, 0.999, 1)]
    done = producers.done
    held = sum(each.held > PROMISE for each in done)
    prepared = sum(each.ending == "prepare" for each in done)
    print(
        f"wake-ups: {len(waits)} jobs of {len(done)} transactions, {held} of them"
        f" longer than a promise, {prepared} in two phases,"
        f" {producers.outlasted} that outlasted one;"
        f" p50, p99, p99.9, worst: {', '.join(parts)} ms"
    )


def test_no_job_is_overlooked(dsn: str, tmp_path: Path, wakeups_seconds: float) -> None:
    producers = Producers(dsn, seed=18)
    with _working(dsn, tmp_path) as ledger, Stalls() as stalls:
        producers.produce(wakeups_seconds)
        time.sleep(SILENCE)
        waits = _waits(producers.commits, ledger.starts(), stalls)
    _tell(waits, producers)
    assert waits[-1] < LONGEST_WAIT


def test_without_the_barrier_the_stress_finds_jobs_that_are_overlooked(
    dsn: str, tmp_path: Path
) -> None:
    """So it has the power to find them: not in every cycle, but soon."""
    producers = Producers(dsn, seed=18)
    waits = [0.0]
    with _working(dsn, tmp_path, NO_BARRIER) as ledger, Stalls() as stalls:
        for _ in range(_CYCLES):
            producers.produce(0)
            time.sleep(LONGEST_WAIT)
            waits = _waits(producers.commits, ledger.starts(), stalls)
            if waits[-1] > LONGEST_WAIT:
                break
    _tell(waits, producers)
    assert waits[-1] > LONGEST_WAIT
