"""How many rows one fetch takes, and how many statements stay prepared."""

import asyncio
from typing import LiteralString

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.runtime.cursor import AsyncCursor
from jobgen.runtime.link import Link
from tests.worker.support import enqueue, mail_handlers, running, until, watch_fetches


def _sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each fetch that found some took."""
    sizes: list[int] = []

    def tell(limit: int, taken: int) -> None:
        if taken > 0:
            sizes.append(taken)

    watch_fetches(monkeypatch, tell)
    return sizes


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _run(dsn: str, count: int, concurrency: int = 1_000) -> None:
    async def scenario() -> None:
        handlers = mail_handlers(_nothing, concurrency=concurrency)
        async with running(dsn, handlers) as worker:
            await until(lambda: worker.stats().succeeded == count)

    asyncio.run(scenario())


def test_few_rows_are_fetched_at_a_time_where_they_are_large(
    jobs_dsn: str,
    conn: psycopg.Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """16 MB at a time, once the worker knows."""
    enqueue(jobs_dsn, 150)
    conn.execute("UPDATE send_mail_jobs SET subject = repeat('x', 1048576)")
    conn.commit()
    sizes = _sizes(monkeypatch)
    _run(jobs_dsn, 150)
    assert sizes[0] == 50
    assert max(sizes[1:]) == 15


def test_many_rows_are_fetched_at_a_time_where_they_are_small(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(jobs_dsn, 1_050)
    sizes = _sizes(monkeypatch)
    _run(jobs_dsn, 1_050)
    assert sizes == [50, 500, 500]


def test_a_fetch_takes_half_the_room_so_that_the_next_can_be_on_its_way(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to a thousand rows."""
    enqueue(jobs_dsn, 2_000)
    sizes = _sizes(monkeypatch)
    _run(jobs_dsn, 2_000, concurrency=1_650)
    assert sizes[:2] == [50, 825]
    sizes.clear()
    enqueue(jobs_dsn, 2_050)
    _run(jobs_dsn, 2_050, concurrency=4_000)
    assert sizes == [50, 1_000, 1_000]


@pytest.mark.parametrize("count", [1, 50])
def test_statements_of_all_jobs_stay_prepared(jobs_dsn: str, count: int) -> None:
    """Ten of each, in turn; none is prepared twice."""

    async def work(conn: AsyncConnection[object]) -> list[TupleRow]:
        for _ in range(2):
            for number in range(10 * count):
                sql: LiteralString = "SELECT 1 /* {} */".replace("{}", "*" * number)
                await AsyncCursor(conn).execute(sql)
        cursor = AsyncCursor(conn)
        await cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT 1 %'"
        )
        return await cursor.fetchall()

    async def scenario() -> list[TupleRow]:
        link = Link(jobs_dsn, "probe", jobs=count)
        found = await link.use(work)
        await link.drop()
        return found

    assert asyncio.run(scenario()) == [(2,)] * (10 * count)
