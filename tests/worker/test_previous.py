"""Workers of the previous release and of this one at work on one table."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import psycopg
import pytest

from jobgen.runtime import Handlers, Worker, bind
from tests.emit.schemas import files
from tests.properties.packages import imported
from tests.stalls import Stalls
from tests.unseen import Unseen
from tests.worker.previous import protocol_1
from tests.worker.support import PATIENCE, running, until

_SCHEMA: Final = Path(__file__).with_name("previous") / "jobs.yaml"
_PRODUCERS: Final = 3
_JOBS: Final = 200
"""Of each producer."""


@pytest.fixture(scope="module")
def present() -> Iterator[Unseen]:
    """What this release generates from the same schema."""
    text = _SCHEMA.read_text().replace("protocol_1", "present")
    with imported(files(text), {}) as package:
        assert package.PROTOCOL == protocol_1.PROTOCOL + 1
        yield package


@pytest.fixture(params=["previous tables", "present tables"])
def dsn(database: str, present: Unseen, request: pytest.FixtureRequest) -> str:
    """A database with the tables of the one release, or of the other."""
    by_previous = request.param == "previous tables"
    script = (protocol_1 if by_previous else present).SCHEMA_SQL
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(script)
    return database


@asynccontextmanager
async def _both(
    dsn: str,
    present: Unseen,
    work: Callable[[str, Unseen], object],
    *,
    concurrency: int,
) -> AsyncGenerator[tuple[Worker, Worker]]:
    """A worker of each release; `work` gets the name of the release, and the job."""

    def handlers(package: Unseen, release: str) -> Handlers:
        async def task(row: Unseen) -> None:
            result = work(release, row)
            if asyncio.iscoroutine(result):
                await result

        job = package.task.JOB
        policy = job.policy._replace(concurrency=concurrency)
        return Handlers(package.PACKAGE, (bind(replace(job, policy=policy), task),))

    async with (
        running(dsn, handlers(protocol_1, "previous"), poll_interval=PATIENCE) as one,
        running(dsn, handlers(present, "present"), poll_interval=PATIENCE) as other,
    ):
        await until(lambda: _count(dsn, "jobgen_workers") == 2)
        yield one, other


def _succeeded(workers: tuple[Worker, Worker]) -> list[int]:
    """How many jobs of each."""
    return [worker.stats().succeeded for worker in workers]


def _count(dsn: str, what: str) -> int:
    with psycopg.connect(dsn) as conn:
        ((count,),) = conn.execute(f"SELECT count(*) FROM {what}".encode()).fetchall()
    return int(count)


def _produce(dsn: str, package: Unseen) -> None:
    """Job by job, so that the workers fall asleep and wake up again and again."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for number in range(_JOBS):
            package.task.enqueue(conn, package.Task(note=str(number)))
            time.sleep(0.05 if number % 20 == 0 else 0.001)


def test_every_job_is_done_once_by_either(dsn: str, present: Unseen) -> None:
    """Those that fail at first, too; whichever of them ran them then."""
    attempts: Counter[tuple[int, int]] = Counter()
    releases: Counter[str] = Counter()
    done = _PRODUCERS * _JOBS

    def work(release: str, row: Unseen) -> None:
        attempts[row.id, row.attempts_count] += 1
        releases[release] += 1
        if row.id % 5 == 0 and row.attempts_count == 1:
            raise ValueError("not yet")

    async def scenario() -> None:
        async with _both(dsn, present, work, concurrency=16) as workers:
            for producer in producers:
                producer.start()
            await until(lambda: sum(_succeeded(workers)) == done)
            stats = [worker.stats() for worker in workers]
            assert [each.refused for each in stats] == [0, 0]

    producers = [
        threading.Thread(target=_produce, args=(dsn, package))
        for package in (protocol_1, present, present)
    ]
    asyncio.run(scenario())
    for producer in producers:
        producer.join()
    succeeded = "task_jobs WHERE status = 'job_status_succeeded'"
    assert _count(dsn, succeeded) == done
    assert set(attempts.values()) == {1}
    assert len({job_id for job_id, _ in attempts}) == done
    assert len(attempts) == done + done // 5
    assert min(releases.values()) > done // 20, releases


def test_each_wakes_for_what_the_other_has_no_slot_for(
    dsn: str, present: Unseen, stalls: Stalls
) -> None:
    """The guard tick is off, and each has one slot."""
    taken: list[str] = []
    free = asyncio.Event()

    async def work(release: str, row: Unseen) -> None:
        taken.append(release)
        await free.wait()

    async def round_of_two(one: Worker, other: Worker, number: int) -> float:
        """Seconds from the first job until both workers have one."""
        await asyncio.sleep(0.3)  # asleep by then, and promising nothing
        start = time.monotonic()
        for count in (1, 2):
            await asyncio.to_thread(_enqueue, dsn)
            await until(partial(_has_length, taken, count))
        seconds = stalls.since(start)
        assert set(taken) == {"previous", "present"}
        free.set()
        await until(lambda: _succeeded((one, other)) == [number, number])
        free.clear()
        taken.clear()
        return seconds

    async def scenario() -> list[float]:
        async with _both(dsn, present, work, concurrency=1) as (one, other):
            return [await round_of_two(one, other, number) for number in range(1, 11)]

    assert max(asyncio.run(scenario())) < 2.0


def _has_length(found: list[str], length: int) -> bool:
    return len(found) == length


def _enqueue(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        protocol_1.task.enqueue(conn, protocol_1.Task(note=""))


def test_triggers_are_left_to_the_previous_release_until_it_is_gone(
    dsn: str, present: Unseen, caplog: pytest.LogCaptureFixture
) -> None:
    """It knows its own only, and each would undo those of the other for ever."""

    def work(release: str, row: Unseen) -> None: ...

    async def scenario() -> None:
        async with _both(dsn, present, work, concurrency=1) as (one, _):
            await asyncio.sleep(3)  # fifteen rounds of each
            assert caplog.text.count("triggers mended") <= 2
            assert not _are_silent(dsn)
            one.stop()
            await until(lambda: _are_silent(dsn))

    with caplog.at_level(logging.INFO, logger="jobgen"):
        asyncio.run(scenario())


def _are_silent(dsn: str) -> bool:
    """Whether the triggers announce nothing while a worker promises to look."""
    return _count(dsn, "pg_trigger WHERE pg_get_triggerdef(oid) LIKE '%_wake%'") == 2
