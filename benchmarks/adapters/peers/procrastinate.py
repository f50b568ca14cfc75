"""procrastinate: psycopg's pool, concurrency 20, LISTEN; all else as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime

import psycopg
from procrastinate import App, JobContext, PsycopgConnector

from benchmarks.adapters.adapter import Payload
from benchmarks.adapters.commands import of_queue
from benchmarks.adapters.process import serve

_CONCURRENCY = 20


def _app(dsn: str) -> App:
    return App(connector=PsycopgConnector(conninfo=dsn))


def _task(app: App, handle: Callable[[JobContext], None], pause: float):
    @app.task(name="mail", queue="mail", pass_context=True)
    async def mail(context: JobContext, **payload: object) -> None:
        handle(context)
        if pause:
            await asyncio.sleep(pause)

    return mail


class _Producer:
    def __init__(self, app: App, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection
        self._task = _task(app, lambda context: None, 0)

    def job(self, payload: Payload) -> dict[str, object]:
        return asdict(payload)

    async def bulk(self, jobs: Sequence[dict[str, object]]) -> None:
        await self._task.batch_defer_async(*jobs)

    async def single(self, job: dict[str, object]) -> None:
        await self._task.defer_async(**job)

    async def committed(self, job: dict[str, object]) -> int:
        async with self._connection.transaction():
            await self._task.configure(connection=self._connection).defer_async(**job)
            return time.monotonic_ns()

    async def schedule(self, payload: Payload, due: datetime) -> None:
        await self._task.configure(schedule_at=due).defer_async(**asdict(payload))


class _Procrastinate:
    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "driver": f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__}), pool",
            "worker": f"concurrency {_CONCURRENCY}",
            "bulk": "batch_defer_async",
        }

    async def install(self, dsn: str) -> None:
        async with _app(dsn).open_async() as app:
            await app.schema_manager.apply_schema_async()

    @asynccontextmanager
    async def producer(self, dsn: str) -> AsyncGenerator[_Producer]:
        connecting = psycopg.AsyncConnection.connect(dsn, autocommit=True)
        async with _app(dsn).open_async() as app, await connecting as connection:
            yield _Producer(app, connection)

    @asynccontextmanager
    async def worker(
        self, dsn: str, handle: Callable[[JobContext], None], pause: float
    ) -> AsyncGenerator[None]:
        async with _app(dsn).open_async() as app:
            _task(app, handle, pause)
            running = asyncio.create_task(
                app.run_worker_async(
                    queues=["mail"],
                    concurrency=_CONCURRENCY,
                    install_signal_handlers=False,
                )
            )
            try:
                yield
            finally:
                running.cancel()  # Its clean shutdown: the documented way.
                await asyncio.gather(running, return_exceptions=True)

    def user_id(self, job: JobContext) -> int:
        return job.job.task_kwargs["user_id"]

    async def unfinished(self, dsn: str) -> bool:
        query = "SELECT FROM procrastinate_jobs WHERE status <> 'succeeded' LIMIT 1"
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            return await (await connection.execute(query)).fetchone() is not None


if __name__ == "__main__":
    asyncio.run(serve(of_queue(_Procrastinate())))
