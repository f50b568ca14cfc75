"""A worker that runs beside its producer, each a process; and when it ran what."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from benchmarks.bench import Bench
from benchmarks.dialogue import AdapterProcess, VoidError
from benchmarks.server import Database
from benchmarks.subject import Subject

_SETTLE: Final = 1.5
"""Seconds that a new worker gets to connect, to listen and to fall asleep."""


@dataclass(slots=True, kw_only=True)
class Working:
    """database: of the worker. producer: of the same subject.

    ran: once the block is left, nanoseconds of the first handler by `user_id`, of
    the monotonic clock, which all processes share. ran_at: of the wall clock.
    """

    database: Database
    producer: AdapterProcess
    ran: Mapping[int, int] = field(default_factory=dict[int, int])
    ran_at: Mapping[int, int] = field(default_factory=dict[int, int])

    def milliseconds(self, since: Iterable[tuple[int, int]]) -> list[float]:
        """From each (job, monotonic moment) to its handler. Raises `VoidError`."""
        return _between(since, self.ran)

    def lateness(self, due: Iterable[tuple[int, int]]) -> list[float]:
        """The same from each (job, wall-clock moment)."""
        return _between(due, self.ran_at)


@contextmanager
def working(bench: Bench, subject: Subject) -> Generator[Working]:
    """An idle worker on an empty queue. Every job is finished when the block is left.

    Raises `VoidError` where they do not finish in time.
    """
    with (
        bench.empty(subject) as database,
        bench.process(subject) as worker,
        bench.process(subject) as producer,
    ):
        worker.ask("work", dsn=database.url, pause=0)
        time.sleep(_SETTLE)
        found = Working(database=database, producer=producer)
        yield found
        _wait(producer, database, bench.sizes.patience)
        worker.say("stop")
        seen: list[tuple[int, int, int]] = worker.answer("work")["seen"]
    # The first time counts: a job may run twice.
    found.ran = {job: mono for job, mono, _ in reversed(seen)}
    found.ran_at = {job: wall for job, _, wall in reversed(seen)}


def _wait(producer: AdapterProcess, database: Database, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while producer.ask("unfinished", dsn=database.url)["unfinished"]:
        if time.monotonic() > deadline:
            raise VoidError(f"not all jobs were finished within {seconds:.0f} s")
        time.sleep(0.1)


def _between(since: Iterable[tuple[int, int]], until: Mapping[int, int]) -> list[float]:
    try:
        return [(until[job] - moment) / 1e6 for job, moment in since]
    except KeyError as error:
        raise VoidError(f"job {error} has not run") from error
