"""What more worker processes bring."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.dialogue import AdapterProcess, VoidError
from benchmarks.measures.drain import SPEED
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.scale.fill import holding
from benchmarks.server import Database
from benchmarks.subject import JOBGEN_DEFAULT

_COUNTS: Final = (1, 2, 4)


def measure(bench: Bench, jobs: int) -> Measure:
    """One, two and four of them on one queue."""
    return Measure(
        name="processes",
        title="Worker processes",
        how=f"{jobs:,} jobs, no-op handlers, default settings; from the first handler"
        " to the last.",
        figures=(SPEED,),
        cases=tuple(
            Case(
                label=f"{count} process{'es' if count > 1 else ''}",
                sample=partial(_sample, bench, jobs, count),
            )
            for count in _COUNTS
        ),
    )


def _sample(bench: Bench, jobs: int, count: int) -> Sample:
    with holding(bench, JOBGEN_DEFAULT, ready=jobs) as database, ExitStack() as stack:
        workers = [
            stack.enter_context(bench.process(JOBGEN_DEFAULT)) for _ in range(count)
        ]
        for worker in workers:
            worker.tell("work", dsn=database.url, pause=0)
        for worker in workers:
            worker.answer("work")
        _wait(bench, database)
        moments = [moment for worker in workers for moment in _moments(worker)]
    if len(moments) < jobs:
        raise VoidError(f"{jobs - len(moments)} jobs have not run")
    return {SPEED: len(moments) / (max(moments) - min(moments)) * 1e9}


def _moments(worker: AdapterProcess) -> list[int]:
    worker.say("stop")
    seen: list[tuple[int, int, int]] = worker.answer("work")["seen"]
    return [moment for _, moment, _ in seen]


def _wait(bench: Bench, database: Database) -> None:
    deadline = time.monotonic() + bench.sizes.patience
    query = (
        "SELECT EXISTS (SELECT FROM public.mail_jobs"
        " WHERE status <> 'job_status_succeeded')"
    )
    with database.connect() as conn:
        while conn.execute(query).fetchone() == (True,):
            if time.monotonic() > deadline:
                raise VoidError("not every job was finished")
            time.sleep(0.2)
