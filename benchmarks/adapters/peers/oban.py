"""oban: a queue of 500, its own pool, orjson and uvloop as its command line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime

import orjson
import psycopg
import uvloop
from oban import Job, Oban, worker
from oban.schema import install
from psycopg.types.json import set_json_dumps, set_json_loads

from benchmarks.adapters.adapter import Payload
from benchmarks.adapters.commands import of_queue
from benchmarks.adapters.process import serve

_LIMIT = 500

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)

_handle: Callable[[Job], None] = print
_pause = 0.0


@worker(queue="mail")
class Mail:
    """Classes are registered by name, so that what to do is in two variables."""

    async def process(self, job: Job) -> None:
        _handle(job)
        if _pause:
            await asyncio.sleep(_pause)


class _Producer:
    def __init__(self, oban: Oban, connection: psycopg.AsyncConnection) -> None:
        self._oban = oban
        self._connection = connection

    def job(self, payload: Payload) -> Job:
        return Mail.new(asdict(payload))

    async def bulk(self, jobs: Sequence[Job]) -> None:
        await self._oban.enqueue_many(jobs)

    async def single(self, job: Job) -> None:
        await self._oban.enqueue(job)

    async def committed(self, job: Job) -> int:
        async with self._connection.transaction():
            await self._oban.enqueue(job, conn=self._connection)
            return time.monotonic_ns()

    async def schedule(self, payload: Payload, due: datetime) -> None:
        await self._oban.enqueue(Mail.new(asdict(payload), scheduled_at=due))


class _Oban:
    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "driver": f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__}), pool"
            f" of 10, uvloop {uvloop.__version__}",
            "worker": f"one queue with a limit of {_LIMIT}",
            "bulk": "enqueue_many",
        }

    async def install(self, dsn: str) -> None:
        pool = await Oban.create_pool(dsn)
        await install(pool)
        await pool.close()

    @asynccontextmanager
    async def producer(self, dsn: str) -> AsyncGenerator[_Producer]:
        pool = await Oban.create_pool(dsn)
        connecting = psycopg.AsyncConnection.connect(dsn, autocommit=True)
        try:
            async with await connecting as connection:
                yield _Producer(Oban(pool=pool), connection)
        finally:
            await pool.close()

    @asynccontextmanager
    async def worker(
        self, dsn: str, handle: Callable[[Job], None], pause: float
    ) -> AsyncGenerator[None]:
        global _handle, _pause
        _handle, _pause = handle, pause
        pool = await Oban.create_pool(dsn)
        try:
            async with Oban(pool=pool, queues={"mail": _LIMIT}):
                yield
        finally:
            await pool.close()

    def user_id(self, job: Job) -> int:
        return job.args["user_id"]

    async def unfinished(self, dsn: str) -> bool:
        query = "SELECT FROM oban_jobs WHERE state <> 'completed' LIMIT 1"
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            return await (await connection.execute(query)).fetchone() is not None


if __name__ == "__main__":
    uvloop.run(serve(of_queue(_Oban())))
