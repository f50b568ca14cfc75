"""jobgen, by its public functions: `python -m benchmarks.adapters.jobgen JOB HOW`.

JOB is a job of benchmarks/jobs.yaml; HOW, `copy` or `many`, is how a bulk is
enqueued. The worker has its defaults: what differs is the job's concurrency.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, LiteralString, Protocol, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from benchmarks import jobs
from benchmarks.adapters.adapter import Payload
from benchmarks.adapters.commands import of_queue
from benchmarks.adapters.process import serve
from jobgen.runtime import DEFAULT, Default, Worker

_Job: TypeAlias = jobs.MailJob | jobs.WideJob | jobs.QuietJob | jobs.LoudJob
NewT = TypeVar("NewT")
_NewT_co = TypeVar("_NewT_co", covariant=True)


class _New(Protocol[_NewT_co]):
    """The class of a job to enqueue; they differ in the name alone."""

    def __call__(
        self,
        *,
        user_id: int,
        email: str,
        subject: str,
        campaign_id: int,
        run_at: datetime | Default = DEFAULT,
    ) -> _NewT_co: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind(Generic[NewT]):
    """A job of the schema, with its functions."""

    name: str
    table: LiteralString
    concurrency: int
    new: _New[NewT]
    enqueue: Callable[[Connection[object], NewT], int]
    many: Callable[[Connection[object], Iterable[NewT]], object]
    copy: Callable[[Connection[object], Iterable[NewT]], object]


_MAIL: Final = _Kind(
    name="mail",
    table=jobs.mail.TABLE,
    concurrency=jobs.mail.JOB.policy.concurrency,
    new=jobs.Mail,
    enqueue=jobs.mail.enqueue,
    many=jobs.mail.enqueue_many,
    copy=jobs.mail.enqueue_copy,
)
_WIDE: Final = _Kind(
    name="wide",
    table=jobs.wide.TABLE,
    concurrency=jobs.wide.JOB.policy.concurrency,
    new=jobs.Wide,
    enqueue=jobs.wide.enqueue,
    many=jobs.wide.enqueue_many,
    copy=jobs.wide.enqueue_copy,
)
_QUIET: Final = _Kind(
    name="quiet",
    table=jobs.quiet.TABLE,
    concurrency=jobs.quiet.JOB.policy.concurrency,
    new=jobs.Quiet,
    enqueue=jobs.quiet.enqueue,
    many=jobs.quiet.enqueue_many,
    copy=jobs.quiet.enqueue_copy,
)
_LOUD: Final = _Kind(
    name="loud",
    table=jobs.loud.TABLE,
    concurrency=jobs.loud.JOB.policy.concurrency,
    new=jobs.Loud,
    enqueue=jobs.loud.enqueue,
    many=jobs.loud.enqueue_many,
    copy=jobs.loud.enqueue_copy,
)


class _Producer(Generic[NewT]):
    """The functions of one job over one connection."""

    def __init__(self, conn: Connection[TupleRow], kind: _Kind[NewT], how: str) -> None:
        self._conn = conn
        self._kind = kind
        self._bulk = kind.copy if how == "copy" else kind.many

    def job(self, payload: Payload) -> NewT:
        return self._kind.new(
            user_id=payload.user_id,
            email=payload.email,
            subject=payload.subject,
            campaign_id=payload.campaign_id,
        )

    async def bulk(self, jobs: Sequence[NewT]) -> None:
        self._bulk(self._conn, jobs)

    async def single(self, job: NewT) -> None:
        self._kind.enqueue(self._conn, job)

    async def committed(self, job: NewT) -> int:
        with self._conn.transaction():
            self._kind.enqueue(self._conn, job)
            return time.monotonic_ns()

    async def schedule(self, payload: Payload, due: datetime) -> None:
        new = self._kind.new(
            user_id=payload.user_id,
            email=payload.email,
            subject=payload.subject,
            campaign_id=payload.campaign_id,
            run_at=due,
        )
        self._kind.enqueue(self._conn, new)


class _Jobgen(Generic[NewT]):
    """One job of the schema."""

    def __init__(self, kind: _Kind[NewT], how: str) -> None:
        self._kind = kind
        self._how = how

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "driver": f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__})",
            "worker": f"defaults; the job's concurrency is {self._kind.concurrency}",
            "bulk": f"enqueue_{self._how}",
            "single": "enqueue over a sync connection",
        }

    async def install(self, dsn: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(jobs.SCHEMA_SQL.encode())

    @asynccontextmanager
    async def producer(self, dsn: str) -> AsyncGenerator[_Producer[NewT]]:
        with psycopg.connect(dsn, autocommit=True) as conn:
            yield _Producer(conn, self._kind, self._how)

    @asynccontextmanager
    async def worker(
        self, dsn: str, handle: Callable[[_Job], None], pause: float
    ) -> AsyncGenerator[None]:
        async def run(job: _Job) -> None:
            handle(job)
            if pause:
                await asyncio.sleep(pause)

        handlers = jobs.handlers(mail=run, wide=run, quiet=run, loud=run)
        worker = Worker(dsn, handlers, only=[self._kind.name])
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await running

    def user_id(self, job: _Job) -> int:
        return job.user_id

    async def unfinished(self, dsn: str) -> bool:
        query = "SELECT id FROM " + self._kind.table
        # The newest first: they are the last to run, and one is enough.
        newest = " WHERE status <> 'job_status_succeeded' ORDER BY id DESC LIMIT 1"
        # Beside the worker in its loop, which has results to write.
        async with await AsyncConnection.connect(dsn, autocommit=True) as conn:
            return await (await conn.execute(query + newest)).fetchone() is not None


async def _main() -> None:
    name, how = sys.argv[1:]
    if name == "wide":
        await serve(of_queue(_Jobgen(_WIDE, how)))
    elif name == "quiet":
        await serve(of_queue(_Jobgen(_QUIET, how)))
    elif name == "loud":
        await serve(of_queue(_Jobgen(_LOUD, how)))
    else:
        await serve(of_queue(_Jobgen(_MAIL, how)))


if __name__ == "__main__":
    asyncio.run(_main())
