"""Low-water marks of several workers: what comes in behind them is not overlooked.

The guard tick is off. The figures are printed: `pytest -rP`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from typing import Final

import psycopg
import pytest

from jobgen.runtime import Retry
from jobgen.runtime.mark import LONGEST
from tests.emit.schemas import HEAD, files
from tests.properties.packages import imported
from tests.stalls import Pause, Stalls
from tests.unseen import Unseen
from tests.worker.support import PATIENCE, running, until

_SCHEMA: Final = HEAD + "jobs: {work: {columns: {}, priority: true, concurrency: 32}}\n"
_WORKERS: Final = 3
_LEVELS: Final = 10
"""Priorities of the backlog. Those of what comes behind the marks are below."""
_BACKLOG: Final = 7_000
_AGAIN: Final = timedelta(seconds=0.01)
_FILL: Final = (
    "INSERT INTO work_jobs (priority) SELECT n %% %s FROM generate_series(1, %s) n"
)
_URGENT: Final = "INSERT INTO work_jobs (priority) VALUES (-1) RETURNING id"


@pytest.fixture(scope="module")
def package() -> Iterator[Unseen]:
    with imported(files(_SCHEMA), {}) as package:
        yield package


@pytest.fixture
def dsn(database: str, package: Unseen) -> str:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(package.SCHEMA_SQL)
        conn.execute(_FILL, [_LEVELS, _BACKLOG])
    return database


class _Behind:
    """Jobs of which many are to be tried again soon: all that are urgent, and some of
    the backlog, which only then have to wait for the rest of their priority."""

    def __init__(self) -> None:
        self.runs: Counter[tuple[int, int]] = Counter()
        self.starts: dict[int, float] = {}
        self.waits: list[Pause] = []
        """Of urgent jobs that are tried again: from when they were due."""
        self._due: dict[int, float] = {}

    async def work(self, row: Unseen) -> Retry | None:
        now = time.monotonic()
        self.runs[row.id, row.attempts_count] += 1
        self.starts.setdefault(row.id, now)
        await asyncio.sleep(0.002)
        if row.id in self._due:
            self.waits.append(Pause(self._due[row.id], now))
        elif row.attempts_count == 1 and (row.priority < 0 or row.id % 7 == 0):
            if row.priority < 0:
                self._due[row.id] = time.monotonic() + _AGAIN.total_seconds()
            return Retry(_AGAIN)
        return None


def _insert_urgent(dsn: str, over: threading.Event, commits: dict[int, float]) -> None:
    """One now and then, which everything else should let pass."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        while not over.wait(0.02):
            ((job_id,),) = conn.execute(_URGENT.encode()).fetchall()
            commits[job_id] = time.monotonic()


def test_retries_and_urgent_jobs_behind_the_marks_of_many_workers(
    dsn: str, package: Unseen, stalls: Stalls
) -> None:
    """Also while an old snapshot keeps what is finished in the index."""
    behind, commits = _Behind(), dict[int, float]()
    over = threading.Event()
    producer = threading.Thread(target=_insert_urgent, args=(dsn, over, commits))

    async def scenario() -> float:
        async with AsyncExitStack() as stack:
            handlers = package.handlers(work=behind.work)
            workers = [
                await stack.enter_async_context(
                    running(dsn, handlers, poll_interval=5 * PATIENCE)
                )
                for _ in range(_WORKERS)
            ]

            def succeeded() -> int:
                return sum(worker.stats().succeeded for worker in workers)

            start = time.monotonic()
            await until(lambda: succeeded() >= _BACKLOG)
            busy = time.monotonic() - start
            over.set()
            await until(lambda: succeeded() == _BACKLOG + len(commits))
            assert min(worker.stats().succeeded for worker in workers) > _BACKLOG // 10
            return busy

    with closing(psycopg.connect(dsn)) as report:
        report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT 1")
        producer.start()
        try:
            busy = asyncio.run(scenario())
        finally:
            over.set()
            producer.join()
    urgent = sorted(
        stalls.without(Pause(when, behind.starts[job_id]))
        for job_id, when in commits.items()
    )
    retries = sorted(map(stalls.without, behind.waits))
    print(
        f"marks: busy for {busy:.1f} s; {len(urgent)} urgent jobs waited"
        f" {_shown(urgent)}, {len(retries)} retries {_shown(retries)}"
    )
    assert set(behind.runs.values()) == {1}
    assert len(retries) == len(urgent)
    assert len(behind.starts) == _BACKLOG + len(commits)
    assert max(urgent[-1], retries[-1]) < LONGEST + 1.0


def _shown(waits: list[float]) -> str:
    return f"{1000 * waits[len(waits) // 2]:.0f} to {1000 * waits[-1]:.0f} ms"
