"""No statement of a worker reads or sorts more of a table than it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection, RawCursor

from jobgen.runtime import Lease, Statements
from tests.emit.schemas import files
from tests.plans.explain import Plan, explain, measure, worker_connection
from tests.plans.mixtures import (
    FILLS,
    MIXTURES,
    ROWS,
    SCHEDULED,
    SCHEMA,
    WORKERS,
    Mixture,
)
from tests.properties.packages import imported
from tests.servers import Server
from tests.unseen import AnyJob, Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The indexes of the job's table, each set as good as the others."""

    indexes: tuple[set[str], ...]
    looks_up: bool = False
    most_buffers: int | None = None
    sorts: bool = False
    """No more than a batch of each kind that it joins."""


# An attempt's `locked_at` is as good as an id: no other row has it.
_ONE_ROW: Final = Expected(indexes=({"pkey"}, {"running"}), looks_up=True)

EXPECTED: Final = {
    # For each of ten rows: its place in the queue, the row, its new entries.
    "fetch": Expected(indexes=({"ready", "pkey"},), most_buffers=300),
    "fetch_above": Expected(indexes=({"ready", "pkey"},)),
    "succeed": _ONE_ROW,
    "succeed_many": Expected(indexes=({"pkey"},), looks_up=True),
    "fail": _ONE_ROW,
    "fail_many": Expected(indexes=({"pkey"},), looks_up=True),
    "timeout": _ONE_ROW,
    "cancel": _ONE_ROW,
    "give_back": _ONE_ROW,
    "reject": Expected(indexes=({"pkey"},), looks_up=True),
    "state": Expected(indexes=({"pkey"},), looks_up=True),
    "unlocked": Expected(indexes=({"pkey"},), looks_up=True),
    "held": Expected(indexes=({"running"},)),
    "lost": Expected(indexes=({"running"},)),
    "rescue": Expected(indexes=({"running", "pkey"},)),
    "rescue_one": Expected(indexes=({"running", "pkey"},)),
    "release": Expected(indexes=({"running", "pkey"},)),
    "expire": Expected(indexes=({"finished", "pkey"},)),
    "old": Expected(indexes=({"finished"},), sorts=True),
    "expire_one": Expected(indexes=({"pkey"},), looks_up=True),
    # One probe for each of five priorities, and one in vain.
    "next_due": Expected(indexes=({"ready"},), most_buffers=40),
    # As many pages as the rows that it counts take in the index.
    "pending": Expected(indexes=({"ready"},)),
    # They look at the sequence and at locks: never at the table.
    "promise": Expected(indexes=(set(),)),
    "withdraw": Expected(indexes=(set(),)),
    "barrier": Expected(indexes=(set(),)),
}

VALUES: Final = {
    "fetch": ("'00000000-0000-0000-0000-000000000001'", "10"),
    "next_due": (),
}
"""What to carry out, too, and with which values."""


@pytest.fixture(scope="module")
def package() -> Iterator[Unseen]:
    with imported(files(SCHEMA), {}) as package:
        yield package


@pytest.fixture
def dsn(server: Server, package: Unseen) -> Iterator[str]:
    with server.database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
            conn.execute("ALTER TABLE plain_jobs DISABLE TRIGGER USER")
            conn.execute("ALTER TABLE urgent_jobs DISABLE TRIGGER USER")
            conn.execute(WORKERS)
        yield dsn


@pytest.fixture
def jobs(package: Unseen) -> list[AnyJob]:
    """One without priorities and one with them."""
    return [package.plain.JOB, package.urgent.JOB]


def test_every_statement_has_a_plan_to_expect(
    jobs: list[AnyJob],
) -> None:
    """A new one is not forgotten here."""
    known = {*Statements._fields, *Lease._fields, "pending"}
    assert known == EXPECTED.keys()
    assert all(known == _statements(job).keys() for job in jobs)


@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES)
def test_statements_use_their_indexes_before_and_after_an_analyze(
    dsn: str, jobs: list[AnyJob], mixture: Mixture
) -> None:
    async def scenario() -> None:
        async with worker_connection(dsn) as conn:
            assert await _wrong(conn, jobs) == []
            await conn.execute("ANALYZE")
        async with worker_connection(dsn) as conn:
            assert await _wrong(conn, jobs) == []

    _fill(dsn, ROWS, mixture)
    asyncio.run(scenario())


@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES)
def test_statements_use_their_indexes_where_a_table_grew_since_its_analyze(
    dsn: str, jobs: list[AnyJob], mixture: Mixture
) -> None:
    async def scenario() -> None:
        async with worker_connection(dsn) as conn:
            assert await _wrong(conn, jobs) == []

    _fill(dsn, 10, mixture)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")
    _fill(dsn, ROWS, mixture)
    asyncio.run(scenario())


def test_statements_use_their_indexes_where_a_table_was_empty_at_first(
    dsn: str, jobs: list[AnyJob]
) -> None:
    """A plan stays until the next ANALYZE, whatever has come since; to a table of no
    rows, reading all of them once for each row of a batch would seem as good."""

    async def scenario() -> None:
        async with worker_connection(dsn) as conn:
            await conn.execute("VACUUM ANALYZE")
            assert await _wrong(conn, jobs) == []

    asyncio.run(scenario())


def test_rows_that_are_scheduled_slow_no_fetch_of_those_that_are_due_behind_them(
    dsn: str, jobs: list[AnyJob]
) -> None:
    """Those of a lower priority stand before them in the index, and are skipped."""

    async def buffers(job: AnyJob) -> list[int]:
        """Of ten rows from the beginning, and of ten above a mark."""
        worker = "'00000000-0000-0000-0000-000000000001'"
        above = job.statements.fetch_above
        assert above is not None
        async with worker_connection(dsn) as conn:
            calls: tuple[tuple[LiteralString, tuple[str, ...]], ...] = (
                (job.statements.fetch, (worker, "10")),
                (above, (worker, "10", "0", "'-infinity'", f"'{UUID(int=0)}'")),
            )
            return [
                (await measure(conn, "urgent_jobs", sql, values)).buffers
                for sql, values in calls
            ]

    with psycopg.connect(dsn) as conn:
        RawCursor(conn).execute(SCHEDULED, (ROWS,))
    _, urgent = jobs
    found = asyncio.run(buffers(urgent))
    assert max(found) <= 300, found


def _fill(dsn: str, rows: int, mixture: Mixture) -> None:
    with psycopg.connect(dsn) as conn:
        for fill in FILLS:
            parameters = (rows, mixture.ready, mixture.running)
            RawCursor(conn).execute(fill, parameters)


async def _wrong(conn: AsyncConnection[object], jobs: list[AnyJob]) -> list[str]:
    """Every statement whose plan is not what it should be, and how it is."""
    wrong: list[str] = []
    for job in jobs:
        table = job.table.removeprefix("public.")
        for name, expected in EXPECTED.items():
            sql = _statements(job)[name]
            plan = await explain(conn, table, sql)
            if name in VALUES:
                done = await measure(conn, table, sql, VALUES[name])
                plan = replace(plan, buffers=done.buffers)
            if not _fits(plan, expected, table):
                wrong.append(f"{job.name}.{name}: {plan}")
    return wrong


def _statements(job: AnyJob) -> dict[str, LiteralString]:
    """All that a worker sends, and what counts the ready rows, by their names."""
    assert job.notifications is not None
    assert job.notifications.lease is not None
    return {
        **job.statements._asdict(),
        **job.notifications.lease._asdict(),
        "pending": job.pending_sql,
    }


def _fits(plan: Plan, expected: Expected, table: str) -> bool:
    indexes = {name.removeprefix(f"{table}_") for name in plan.indexes}
    return (
        indexes in expected.indexes
        and not plan.scanned
        and plan.sorts <= expected.sorts
        and (plan.looks_up or not expected.looks_up)
        and plan.buffers <= (expected.most_buffers or 0)
    )
