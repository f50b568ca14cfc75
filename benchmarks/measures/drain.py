"""Jobs a second out of a full queue, with handlers that do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.dialogue import VoidError
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.server import Database
from benchmarks.subject import Subject

SPEED: Final = "jobs/s"


def measure(bench: Bench) -> Measure:
    """Every subject's own number of jobs, so that each takes seconds."""
    return Measure(
        name="drain",
        title="Drain",
        how="Async handlers that do nothing; jobgen with `concurrency: 1000`, and with"
        " its default of 16; from the first handler until the table"
        " shows every job as finished.",
        figures=(SPEED,),
        cases=tuple(
            Case(label=subject.label, sample=partial(speed, bench, subject, count))
            for subject, count in bench.sizes.drained.items()
            if bench.can_run(subject)
        ),
    )


def speed(bench: Bench, subject: Subject, count: int) -> Sample:
    """Jobs a second. Raises `VoidError`."""
    answer = drained(bench, subject, count)
    return {SPEED: count / answer["seconds"]}


def drained(
    bench: Bench, subject: Subject, count: int, *, held: bool = False, pause: float = 0
) -> Mapping[str, Any]:
    """What the adapter says of a drain: seconds, times and memory at each fifth.

    held: a session holds a snapshot from before. Raises `VoidError`.
    """
    with (
        bench.filled(subject, count) as database,
        _snapshot(database) if held else nullcontext(),
        bench.process(subject) as process,
    ):
        answer = process.ask("drain", dsn=database.url, count=count, pause=pause)
        unfinished = process.ask("unfinished", dsn=database.url)["unfinished"]
    if unfinished:
        raise VoidError(f"not all of {count} jobs were finished")
    return answer


def _snapshot(database: Database) -> AbstractContextManager[object]:
    """A session that reads as of now until the block is left."""
    conn = database.connect()
    conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    conn.execute("SELECT 1")
    return conn
