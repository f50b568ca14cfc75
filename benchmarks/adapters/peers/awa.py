"""awa-pg: queue storage and 1000 workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import awa

from benchmarks.adapters.adapter import Payload
from benchmarks.adapters.commands import of_queue
from benchmarks.adapters.process import serve

_WORKERS = 1000
_QUEUE = "mail"


def _client(dsn: str) -> awa.AsyncClient:
    # It wants a host, and uses that of the parameters, which is a socket.
    return awa.AsyncClient(dsn.replace("@/", "@localhost/"))


@dataclass
class Mail:
    """The arguments; their class names the kind of the job."""

    user_id: int
    email: str
    subject: str
    campaign_id: int


class _Producer:
    def __init__(self, client: awa.AsyncClient) -> None:
        self._client = client

    def job(self, payload: Payload) -> Mail:
        return Mail(
            payload.user_id, payload.email, payload.subject, payload.campaign_id
        )

    async def bulk(self, jobs: Sequence[Mail]) -> None:
        await self._client.enqueue_many_copy(list(jobs), queue=_QUEUE)

    async def single(self, job: Mail) -> None:
        await self._client.insert(job, queue=_QUEUE)

    async def committed(self, job: Mail) -> int:
        async with await self._client.transaction() as transaction:
            await transaction.insert(job, queue=_QUEUE)
            return time.monotonic_ns()

    async def schedule(self, payload: Payload, due: datetime) -> None:
        await self._client.insert(self.job(payload), queue=_QUEUE, run_at=due)


class _Awa:
    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "driver": "its own, in Rust",
            "worker": f"queue storage, {_WORKERS} workers",
            "bulk": "enqueue_many_copy",
        }

    async def install(self, dsn: str) -> None:
        async with _client(dsn) as client:
            await client.migrate()
            await client.install_queue_storage()

    @asynccontextmanager
    async def producer(self, dsn: str) -> AsyncGenerator[_Producer]:
        async with _client(dsn) as client:
            yield _Producer(client)

    @asynccontextmanager
    async def worker(
        self, dsn: str, handle: Callable[[awa.Job], None], pause: float
    ) -> AsyncGenerator[None]:
        async with _client(dsn) as client:

            @client.task(Mail, queue=_QUEUE)
            async def run(job: awa.Job) -> None:
                handle(job)
                if pause:
                    await asyncio.sleep(pause)

            await client.start([(_QUEUE, _WORKERS)])
            try:
                yield
            finally:
                await client.shutdown()

    def user_id(self, job: awa.Job) -> int:
        return job.args.user_id

    async def unfinished(self, dsn: str) -> bool:
        async with _client(dsn) as client:
            stats = await client.queue_stats()
        return any(each.total_queued + each.running for each in stats)


if __name__ == "__main__":
    asyncio.run(serve(of_queue(_Awa())))
