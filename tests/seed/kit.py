"""What the tests of the seed functions share: one queue, twice, and its rows."""

from __future__ import annotations

import asyncio
import importlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import LiteralString, TypeAlias
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from generated_example import SendMail, SendMailJob, aio, send_mail
from jobgen.emit import emit
from jobgen.runtime import JobStatus
from jobgen.schema.load import load_schema

Connection: TypeAlias = psycopg.Connection[TupleRow]

MAIL = SendMail(user_id=1, email="ada@example.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The base columns of a row of send_mail_jobs, as they are now."""

    status: JobStatus
    last_error: str | None
    attempts_count: int
    locked_at: datetime | None
    locked_by: UUID | None
    run_at: datetime
    wait: timedelta
    """run_at less the beginning of this transaction, by the server's clock."""
    touched: bool
    """Whether this transaction set updated_at."""


class Queue(ABC):
    """The functions of send_mail on one connection, not in autocommit mode."""

    @abstractmethod
    def enqueue(self, job: SendMail = MAIL) -> int: ...

    @abstractmethod
    def enqueue_many(self, jobs: Iterable[SendMail]) -> list[int]: ...

    @abstractmethod
    def enqueue_copy(self, jobs: Iterable[SendMail]) -> int: ...

    @abstractmethod
    def fetch(self, worker_id: UUID) -> SendMailJob | None: ...

    @abstractmethod
    def fetch_many(self, worker_id: UUID, limit: int) -> list[SendMailJob]: ...

    @abstractmethod
    def succeed(self, job: SendMailJob) -> JobStatus | None: ...

    @abstractmethod
    def fail(
        self, job: SendMailJob, error: BaseException | str
    ) -> JobStatus | None: ...

    @abstractmethod
    def timeout(self, job: SendMailJob) -> JobStatus | None: ...

    @abstractmethod
    def rescue(self, dead_after: timedelta | None = None) -> int: ...

    @abstractmethod
    def pending(self) -> int: ...

    @abstractmethod
    def execute(
        self, sql: LiteralString, parameters: Sequence[object] = ()
    ) -> list[TupleRow]:
        """Any statement on the same connection, and its rows."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def rollback(self) -> None: ...

    @abstractmethod
    def set_autocommit(self) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    def take(self, worker_id: UUID) -> SendMailJob:
        """Fetch a job that is there."""
        job = self.fetch(worker_id)
        assert job is not None
        return job

    def row(self, job_id: int) -> Row:
        ((status, *columns, touched),) = self.execute(
            """
            SELECT status::text, last_error, attempts_count, locked_at, locked_by,
                run_at, run_at - now(), updated_at = now()
            FROM send_mail_jobs WHERE id = %s
            """,
            [job_id],
        )
        last_error, attempts_count, locked_at, locked_by, run_at, wait = columns
        return Row(
            status=JobStatus.parse(status),
            last_error=last_error,
            attempts_count=attempts_count,
            locked_at=locked_at,
            locked_by=locked_by,
            run_at=run_at,
            wait=wait,
            touched=touched,
        )


class SyncQueue(Queue):
    def __init__(self, dsn: str) -> None:
        self._conn = psycopg.connect(dsn)

    def enqueue(self, job: SendMail = MAIL) -> int:
        return send_mail.enqueue(self._conn, job)

    def enqueue_many(self, jobs: Iterable[SendMail]) -> list[int]:
        return send_mail.enqueue_many(self._conn, jobs)

    def enqueue_copy(self, jobs: Iterable[SendMail]) -> int:
        return send_mail.enqueue_copy(self._conn, jobs)

    def fetch(self, worker_id: UUID) -> SendMailJob | None:
        return send_mail.fetch(self._conn, worker_id)

    def fetch_many(self, worker_id: UUID, limit: int) -> list[SendMailJob]:
        return send_mail.fetch_many(self._conn, worker_id, limit)

    def succeed(self, job: SendMailJob) -> JobStatus | None:
        return send_mail.succeed(self._conn, job)

    def fail(self, job: SendMailJob, error: BaseException | str) -> JobStatus | None:
        return send_mail.fail(self._conn, job, error)

    def timeout(self, job: SendMailJob) -> JobStatus | None:
        return send_mail.timeout(self._conn, job)

    def rescue(self, dead_after: timedelta | None = None) -> int:
        if dead_after is None:
            return send_mail.rescue(self._conn)
        return send_mail.rescue(self._conn, dead_after)

    def pending(self) -> int:
        return send_mail.pending(self._conn)

    def execute(
        self, sql: LiteralString, parameters: Sequence[object] = ()
    ) -> list[TupleRow]:
        cursor = self._conn.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []

    def commit(self) -> None:
        self._conn.commit()

    def rollback(self) -> None:
        self._conn.rollback()

    def set_autocommit(self) -> None:
        self._conn.autocommit = True

    def close(self) -> None:
        self._conn.close()


class AioQueue(Queue):
    def __init__(self, dsn: str) -> None:
        self._run = asyncio.Runner()
        self._conn = self._run.run(AsyncConnection.connect(dsn))

    def enqueue(self, job: SendMail = MAIL) -> int:
        return self._run.run(aio.send_mail.enqueue(self._conn, job))

    def enqueue_many(self, jobs: Iterable[SendMail]) -> list[int]:
        return self._run.run(aio.send_mail.enqueue_many(self._conn, jobs))

    def enqueue_copy(self, jobs: Iterable[SendMail]) -> int:
        return self._run.run(aio.send_mail.enqueue_copy(self._conn, jobs))

    def fetch(self, worker_id: UUID) -> SendMailJob | None:
        return self._run.run(aio.send_mail.fetch(self._conn, worker_id))

    def fetch_many(self, worker_id: UUID, limit: int) -> list[SendMailJob]:
        return self._run.run(aio.send_mail.fetch_many(self._conn, worker_id, limit))

    def succeed(self, job: SendMailJob) -> JobStatus | None:
        return self._run.run(aio.send_mail.succeed(self._conn, job))

    def fail(self, job: SendMailJob, error: BaseException | str) -> JobStatus | None:
        return self._run.run(aio.send_mail.fail(self._conn, job, error))

    def timeout(self, job: SendMailJob) -> JobStatus | None:
        return self._run.run(aio.send_mail.timeout(self._conn, job))

    def rescue(self, dead_after: timedelta | None = None) -> int:
        if dead_after is None:
            return self._run.run(aio.send_mail.rescue(self._conn))
        return self._run.run(aio.send_mail.rescue(self._conn, dead_after))

    def pending(self) -> int:
        return self._run.run(aio.send_mail.pending(self._conn))

    def execute(
        self, sql: LiteralString, parameters: Sequence[object] = ()
    ) -> list[TupleRow]:
        return self._run.run(self._execute(sql, parameters))

    async def _execute(
        self, sql: LiteralString, parameters: Sequence[object]
    ) -> list[TupleRow]:
        cursor = await self._conn.execute(sql, parameters)
        return await cursor.fetchall() if cursor.description else []

    def commit(self) -> None:
        self._run.run(self._conn.commit())

    def rollback(self) -> None:
        self._run.run(self._conn.rollback())

    def set_autocommit(self) -> None:
        self._run.run(self._conn.set_autocommit(True))

    def close(self) -> None:
        self._run.run(self._conn.close())
        self._run.close()


def build(text: str, directory: Path) -> ModuleType:
    """Emit the schema `text` and import its package; `directory` is one test's own."""
    loaded = load_schema(text.encode(), "jobs.yaml")
    assert loaded.schema is not None, [each.message for each in loaded.diagnostics]
    name = f"package_{uuid4().hex}"
    for path, content in emit(loaded.schema, source="jobs.yaml").items():
        file = directory / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    sys.path.insert(0, str(directory))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(directory))
