"""pgqueuer: an asyncpg pool, batches of 100, 1000 tasks, uvloop as its command line.

Also as its guide to tuning says: `optimize_autovacuum` after the installation.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from benchmarks.adapters.adapter import Payload
from benchmarks.adapters.commands import of_queue
from benchmarks.adapters.process import serve

_BATCH = 100
_TASKS = 1000
_ENTRYPOINT = "mail"


class _Producer:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._queries = Queries(AsyncpgDriver(connection))

    def job(self, payload: Payload) -> bytes:
        return json.dumps(asdict(payload)).encode()

    async def bulk(self, jobs: Sequence[bytes]) -> None:
        count = len(jobs)
        await self._queries.enqueue([_ENTRYPOINT] * count, list(jobs), [0] * count)

    async def single(self, job: bytes) -> None:
        await self._queries.enqueue(_ENTRYPOINT, job)

    async def committed(self, job: bytes) -> int:
        async with self._connection.transaction():
            await self._queries.enqueue(_ENTRYPOINT, job)
            return time.monotonic_ns()

    async def schedule(self, payload: Payload, due: datetime) -> None:
        delay = due - datetime.now(UTC)
        await self._queries.enqueue(_ENTRYPOINT, self.job(payload), execute_after=delay)


class _PgQueuer:
    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "driver": f"asyncpg {asyncpg.__version__} pool, uvloop {uvloop.__version__}",
            "worker": f"batch_size {_BATCH}, max_concurrent_tasks {_TASKS}",
            "tables": "durable, optimize_autovacuum",
            "bulk": "enqueue of lists",
        }

    async def install(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        queries = Queries(AsyncpgDriver(connection))
        await queries.install()
        await queries.optimize_autovacuum()
        await connection.close()

    @asynccontextmanager
    async def producer(self, dsn: str) -> AsyncGenerator[_Producer]:
        connection = await asyncpg.connect(dsn)
        try:
            yield _Producer(connection)
        finally:
            await connection.close()

    @asynccontextmanager
    async def worker(
        self, dsn: str, handle: Callable[[Job], None], pause: float
    ) -> AsyncGenerator[None]:
        async with asyncpg.create_pool(dsn, min_size=5, max_size=20) as pool:
            queue = PgQueuer(AsyncpgPoolDriver(pool))

            @queue.entrypoint(_ENTRYPOINT)
            async def run(job: Job) -> None:
                handle(job)
                if pause:
                    await asyncio.sleep(pause)

            running = asyncio.create_task(
                queue.run(batch_size=_BATCH, max_concurrent_tasks=_TASKS)
            )
            try:
                yield
            finally:
                queue.shutdown.set()
                await running

    def user_id(self, job: Job) -> int:
        return json.loads(job.payload)["user_id"]

    async def unfinished(self, dsn: str) -> bool:
        # A finished job leaves the table of the queue for that of the log.
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval("SELECT EXISTS (SELECT FROM pgqueuer)")
        finally:
            await connection.close()


if __name__ == "__main__":
    uvloop.run(serve(of_queue(_PgQueuer())))
