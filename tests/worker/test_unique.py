"""Jobs that a unique index keeps out of the queue while an equal one waits there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.emit.schemas import HEAD, files
from tests.properties.packages import imported
from tests.unseen import Unseen
from tests.worker.support import running, until

_SCHEMA: Final = (
    HEAD
    + """\
jobs:
  work:
    columns: {shop_id: bigint}
    concurrency: 1
    backoff: {strategy: constant, delay: 1ms}
    indexes:
      - columns: [shop_id]
        unique: true
        where: status IN ('job_status_not_started', 'job_status_retry')
"""
)
_GONE: Final = """
UPDATE work_jobs SET locked_at = locked_at - interval '1 hour', locked_by = %s
"""


@pytest.fixture(scope="module")
def package() -> Iterator[Unseen]:
    with imported(files(_SCHEMA), {}) as package:
        yield package


def _lost(dsn: str, package: Unseen, shops: list[int], worker_id: UUID) -> None:
    """Jobs for these shops, each of which a worker that is gone has begun."""
    with psycopg.connect(dsn) as conn:
        conn.execute(package.SCHEMA_SQL)
        for shop_id in shops:
            package.work.enqueue(conn, package.Work(shop_id=shop_id))
            assert package.work.fetch(conn, worker_id) is not None
        conn.execute(_GONE, [worker_id])


def test_jobs_that_would_be_equal_in_the_queue_are_rescued_one_after_the_other(
    database: str, package: Unseen
) -> None:
    """And hold up no other job that the worker which is gone had begun."""
    done: list[int] = []

    async def work(row: Unseen) -> None:
        done.append(row.shop_id)

    async def scenario() -> None:
        handlers = package.handlers(work=work)
        async with running(database, handlers, heartbeat_interval=0.1) as worker:
            await until(lambda: len(done) == 6)
            await until(lambda: worker.stats().succeeded == 6)
            assert worker.stats().rescued == 6

    _lost(database, package, [1, 1, 1, 2, 2, 3], uuid4())
    asyncio.run(scenario())
    assert sorted(done) == [1, 1, 1, 2, 2, 3]


def test_a_job_whose_equal_waits_is_rescued_when_that_one_runs(
    database: str, package: Unseen, caplog: pytest.LogCaptureFixture
) -> None:
    """Here it is one for later."""
    ran: list[int] = []

    async def work(row: Unseen) -> None:
        ran.append(row.id)

    async def scenario() -> None:
        handlers = package.handlers(work=work)
        async with running(database, handlers, heartbeat_interval=0.1):
            await until(lambda: len(ran) == 3)

    _lost(database, package, [1, 2], uuid4())
    later = datetime.now(UTC) + timedelta(seconds=4)
    with psycopg.connect(database) as conn:
        package.work.enqueue(conn, package.Work(shop_id=1, run_at=later))
    asyncio.run(scenario())
    assert ran == [2, 3, 1]
    assert "work: 1 lost rows cannot be rescued yet" in caplog.text


def test_failures_whose_equals_wait_do_not_keep_those_from_running(
    database: str, package: Unseen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are results that cannot be written yet, and more than a worker may have."""
    monkeypatch.setattr("jobgen.runtime.fetching.MOST_UNWRITTEN", 5)
    shops = range(20)

    async def work(row: Unseen) -> None:
        if row.id <= len(shops) and row.attempts_count == 1:
            with psycopg.connect(database) as conn:
                package.work.enqueue(conn, package.Work(shop_id=row.shop_id))
            raise RuntimeError("down")

    async def scenario() -> None:
        async with running(database, package.handlers(work=work)) as worker:
            await until(lambda: worker.stats().succeeded == 2 * len(shops))
            assert worker.stats().retried == len(shops)

    with psycopg.connect(database) as conn:
        conn.execute(package.SCHEMA_SQL)
        package.work.enqueue_many(conn, (package.Work(shop_id=each) for each in shops))
    asyncio.run(scenario())
