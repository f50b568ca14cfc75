"""Everything that a scenario needs, and the verdict at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from tests.chaos.fleet import Fleet
from tests.chaos.ledger import Ledger
from tests.chaos.producer import JOBS_PER_SECOND, Producer
from tests.chaos.schema import install
from tests.chaos.times import Times

_SAMPLE_SECONDS: Final = 1.0
_RECOVERED: Final = 0.95


@dataclass(frozen=True, slots=True)
class Stage:
    dsn: str
    times: Times
    ledger: Ledger
    producer: Producer
    fleet: Fleet

    def enqueue(self, behaviour: str) -> int:
        """One job of which the handler misbehaves."""
        query = "INSERT INTO task_jobs (behaviour) VALUES (%s) RETURNING id"
        ((job_id,),) = self.rows(query, behaviour)
        assert isinstance(job_id, int)
        self.producer.acknowledged.add(job_id)
        return job_id

    def rows(self, query: str, *parameters: object) -> list[TupleRow]:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            return conn.execute(query.encode(), parameters).fetchall()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for it; a server that is away is waited for too."""
        deadline = time.monotonic() + self.times.patience
        while not _holds(condition):
            assert time.monotonic() < deadline, f"{what}\n{self.fleet.log()[-5000:]}"
            time.sleep(0.05)

    def until_everyone_is_here(self, size: int) -> None:
        """One that came later would not feel the fault."""
        here = "SELECT count(*) FROM jobgen_workers"
        self.until(lambda: self.rows(here)[0][0] >= size, "a worker does not start")

    def until_at_work(self) -> None:
        before = self.ledger.runs()
        self.until(lambda: self.ledger.runs() > before, "no handler runs")

    def measure_recovery(self, scenario: str) -> None:
        """Print how long it takes until as much is done as comes in."""
        start = time.monotonic()
        wanted = _RECOVERED * JOBS_PER_SECOND * _SAMPLE_SECONDS
        while time.monotonic() - start < self.times.patience:
            before = self.ledger.runs()
            time.sleep(_SAMPLE_SECONDS)
            if self.ledger.runs() - before >= wanted:
                break
        seconds = time.monotonic() - start - _SAMPLE_SECONDS
        print(f"chaos: {scenario}: throughput is back after {seconds:.0f} s")

    def verdict(self, scenario: str) -> None:
        """Nothing is stuck, nothing was lost, and nothing ended twice."""
        self.measure_recovery(scenario)
        self.producer.stop()
        open_ = "SELECT FROM task_jobs WHERE status <> 'job_status_succeeded' LIMIT 1"
        self.until(lambda: not self.rows(open_), f"stuck: {self._open()}")
        ended = [row[0] for row in self.rows("SELECT id FROM endings")]
        enqueued = {row[0] for row in self.rows("SELECT id FROM task_jobs")}
        assert len(ended) == len(set(ended)), "some ended twice"
        assert set(ended) == enqueued
        assert self.producer.acknowledged - enqueued == set(), "lost by the server"
        assert enqueued - self.ledger.ids() == set(), "ended without a run"
        print(f"chaos: {scenario}: {len(enqueued)} jobs, {self.ledger.runs()} runs")

    def _open(self) -> str:
        counts = "SELECT status::text, count(*) FROM task_jobs GROUP BY 1"
        return str(self.rows(counts)) if _holds(lambda: bool(self.rows(counts))) else ""


@contextmanager
def stage(
    dsn: str, home: Path, times: Times, *, workers_dsn: str | None = None, size: int = 3
) -> Generator[Stage]:
    """A producer and a fleet at work; `workers_dsn`: by which way workers go."""
    install(dsn, home)
    producer = Producer(dsn)
    fleet = Fleet(workers_dsn or dsn, home, times, size)
    made = Stage(dsn, times, Ledger(home / "ledger"), producer, fleet)
    try:
        made.until_everyone_is_here(size)
        made.until_at_work()
        yield made
    finally:
        producer.stop()
        fleet.close()


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except psycopg.OperationalError:
        return False
