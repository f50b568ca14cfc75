"""What the commands need to know of a job queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

NewT = TypeVar("NewT")
"""A job to enqueue, as the queue takes it."""
RowT = TypeVar("RowT")
"""A job that a handler gets, as the queue has it."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What every job of every queue carries; `user_id` tells the jobs apart."""

    user_id: int
    email: str = "ada.lovelace@example.org"
    subject: str = "Your receipt is ready"
    campaign_id: int = 4711


class Producer(Protocol[NewT]):
    """Enqueues over one connection, or what the queue has in its place."""

    def job(self, payload: Payload) -> NewT:
        """What the queue's own functions take; made before any clock starts."""
        ...

    async def bulk(self, jobs: Sequence[NewT]) -> None:
        """All of them, in the fastest way that is documented."""
        ...

    async def single(self, job: NewT) -> None:
        """One, in a transaction of its own."""
        ...


class Scheduler(Producer[NewT], Protocol[NewT]):
    """A producer whose jobs somebody waits for."""

    async def committed(self, job: NewT) -> int:
        """One in an explicit transaction: `monotonic_ns` just before its commit."""
        ...

    async def schedule(self, payload: Payload, due: datetime) -> None:
        """One that is to run at `due`."""
        ...


class Table(Protocol):
    """A queue in a database, apart from who enqueues and who works."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What was set, for the reader of the results."""
        ...

    async def install(self, dsn: str) -> None:
        """Make the tables in an empty database."""
        ...

    async def unfinished(self, dsn: str) -> bool:
        """Whether there is a job that is not finished."""
        ...


class Queue(Table, Protocol[NewT, RowT]):
    """A job queue at its best documented settings."""

    def producer(self, dsn: str) -> AbstractAsyncContextManager[Scheduler[NewT]]: ...

    def worker(
        self, dsn: str, handle: Callable[[RowT], None], pause: float
    ) -> AbstractAsyncContextManager[None]:
        """A running worker: its async handler calls `handle`, then sleeps `pause`.

        A pause of 0 is no sleep at all. Leaving the block stops it cleanly.
        """
        ...

    def user_id(self, job: RowT) -> int:
        """What the payload says."""
        ...
