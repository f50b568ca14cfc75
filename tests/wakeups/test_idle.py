"""A worker with nothing to do leaves the server alone, whatever its tables hold."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import RawCursor

import generated_example as jobs
from jobgen.runtime import Handlers, bind
from tests.emit.schemas import HEAD, files
from tests.plans.explain import measure, worker_connection
from tests.properties.packages import imported
from tests.servers import Server
from tests.wakeups.statements import log_statements, of_fetching
from tests.worker.support import enqueue, mail_handlers, running, until

_TABLES: Final = 50
_POLL: Final = 0.5
_LOOK: Final = 3.0
"""Seconds for which statements are counted."""

_STRANDED: Final = """
INSERT INTO send_mail_jobs
    (user_id, email, status, attempts_count, locked_by, locked_at)
SELECT n, '', 'job_status_retry', 1, gen_random_uuid(), now()
FROM generate_series(1, 10000) AS n
"""


async def _nothing(job: Any) -> None: ...


async def _sent(server: Server) -> int:
    """Statements of an idle fetch loop, once it has settled every table."""
    before = 0
    while (sent := of_fetching(server)) != before or not sent:
        before = sent
        await asyncio.sleep(2 * _POLL / 3)
    await asyncio.sleep(_LOOK)
    return of_fetching(server) - sent


def test_an_idle_worker_asks_for_fifty_tables_at_once(own_server: Server) -> None:
    """One query for all of them at each tick, and nothing else."""
    named = [f"job{number}" for number in range(_TABLES)]
    text = (
        HEAD + "jobs:\n" + "".join(f"  {name}: {{columns: {{}}}}\n" for name in named)
    )

    async def scenario(handlers: Handlers) -> None:
        dsn = own_server.dsn()
        async with running(dsn, handlers, poll_interval=_POLL):
            sent = await _sent(own_server)
            assert sent <= _LOOK / _POLL + 1

    with imported(files(text), {}) as package:
        with psycopg.connect(own_server.dsn(), autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        log_statements(own_server)
        bound = (bind(getattr(package, name).JOB, _nothing) for name in named)
        asyncio.run(scenario(Handlers(package.PACKAGE, tuple(bound))))


def test_ten_thousand_stranded_rows_keep_no_worker_awake(own_server: Server) -> None:
    """They look ready, but somebody unknown holds them: `locked_by` is set."""

    async def scenario(dsn: str) -> None:
        handlers = mail_handlers(_nothing)
        async with running(dsn, handlers, poll_interval=_POLL) as worker:
            assert await _sent(own_server) <= _LOOK / _POLL + 1
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
