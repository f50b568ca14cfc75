"""A worker with nothing to do leaves the server alone, whatever its tables hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import psycopg
import pytest
from psycopg import RawCursor

import generated_example as jobs
from jobgen.runtime import Handlers, Worker
from tests.plans.explain import measure, worker_connection
from tests.servers import Server
from tests.wakeups.statements import log_statements, of_fetching, of_workers
from tests.wakeups.tables import fifty_tables
from tests.worker.support import enqueue, mail_handlers, running, until

_POLL: Final = 0.5
_LOOK: Final = 3.0
"""Seconds for which statements are counted."""
_MOST: Final = 1 / _POLL + 1 / _LOOK
"""Statements in a second: the guard tick, and one more at the edge."""
_HEARTBEATS: Final = 10.0
"""Seconds in which a worker does all that it does now and then, twice."""

_PATIENCE: Final = 60
"""How often it is looked whether a worker has settled, before it is too late."""

_STRANDED: Final = """
INSERT INTO send_mail_jobs
    (user_id, email, status, attempts_count, locked_by, locked_at)
SELECT n, '', 'job_status_retry', 1, gen_random_uuid(), now()
FROM generate_series(1, 10000) AS n
"""


async def _nothing(job: object) -> None: ...


async def _sent(
    server: Server, seconds: float, sent: Callable[[Server], list[str]]
) -> float:
    """Statements in a second, once the fetch loop has settled every table.

    Then it sends nothing but the question of its guard tick, which is about all
    tables, one after the other in parentheses.
    """

    for _ in range(_PATIENCE):
        last = of_fetching(server)[-2:]
        if len(last) == 2 and all(text.startswith("(") for text in last):
            break
        await asyncio.sleep(_POLL)
    else:
        pytest.fail("the fetch loop does not settle")
    before, started = len(sent(server)), time.monotonic()
    await asyncio.sleep(seconds)
    return (len(sent(server)) - before) / (time.monotonic() - started)


@contextmanager
def _fifty_tables(server: Server) -> Generator[Handlers]:
    """With every statement sent to them in the log."""
    with fifty_tables(server.dsn()) as handlers:
        log_statements(server)
        yield handlers


def test_an_idle_worker_asks_for_fifty_tables_at_once(own_server: Server) -> None:
    """One query for all of them at each tick, and nothing else."""

    async def scenario(handlers: Handlers) -> None:
        dsn = own_server.dsn()
        async with running(dsn, handlers, poll_interval=_POLL):
            assert 0 < await _sent(own_server, _LOOK, of_fetching) <= _MOST

    with _fifty_tables(own_server) as handlers:
        asyncio.run(scenario(handlers))


def test_an_idle_process_sends_at_most_two_queries_a_second(
    own_server: Server,
) -> None:
    """All of its connections together, with the times that a worker has by default."""

    async def scenario(worker: Worker) -> float:
        running = asyncio.create_task(worker.run())
        sent = await _sent(own_server, _HEARTBEATS, of_workers)
        worker.stop()
        await running
        return sent

    with _fifty_tables(own_server) as handlers:
        assert 0 < asyncio.run(scenario(Worker(own_server.dsn(), handlers))) <= 2


def test_ten_thousand_stranded_rows_keep_no_worker_awake(own_server: Server) -> None:
    """They look ready, but somebody unknown holds them: `locked_by` is set."""

    async def scenario(dsn: str) -> None:
        handlers = mail_handlers(_nothing)
        async with running(dsn, handlers, poll_interval=_POLL) as worker:
            assert 0 < await _sent(own_server, _LOOK, of_fetching) <= _MOST
            enqueue(dsn)
            await until(lambda: worker.stats().succeeded == 1)

    log_statements(own_server)
    with own_server.jobs_database() as dsn:
        with psycopg.connect(dsn) as conn:
            conn.execute(_STRANDED)
        asyncio.run(scenario(dsn))


def test_ten_thousand_stranded_rows_slow_no_fetch(jobs_dsn: str) -> None:
    """They are not in the index."""

    async def buffers() -> int:
        values = (f"'{UUID(int=1)}'", "10")
        async with worker_connection(jobs_dsn) as conn:
            table, sql = "send_mail_jobs", jobs.send_mail.JOB.statements.fetch
            return (await measure(conn, table, sql, values)).buffers

    def touched() -> int:
        return asyncio.run(buffers())

    enqueue(jobs_dsn, 10)
    before = touched()
    with psycopg.connect(jobs_dsn) as conn:
        RawCursor(conn).execute(_STRANDED)
    assert touched() <= 2 * before  # the indexes of the rows are a page deeper
