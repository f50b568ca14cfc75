"""Handlers, bound to their jobs so that the worker needs no type parameter.

`bind` closes over the row class: mypy and pyright check each handler against
its job there, and the worker sees only `Bound` and `Attempt`.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias
from uuid import UUID

from psycopg import AsyncConnection

from jobgen.runtime import aio
from jobgen.runtime.job import Fence, J, JobType, Package
from jobgen.runtime.outcome import Outcome

Handler: TypeAlias = Callable[[J], Awaitable[Outcome | None] | Outcome | None]
"""Async or plain; one callable that returns a union keeps checkers' messages short."""


class Attempt(ABC):
    """One fetched row and the handler that will run it."""

    fence: Fence

    @abstractmethod
    def call(self) -> object:
        """Call the handler: its result, or an awaitable of it."""


class Bound(ABC):
    """A job together with its handler."""

    job: JobType[Any, Any, Any]
    is_async: bool  # recognisably async; anything else runs in a thread

    @abstractmethod
    async def fetch(
        self, conn: AsyncConnection[object], worker_id: UUID, limit: int
    ) -> list[Attempt]:
        """Take up to `limit` ready rows, in queue order."""


class _Attempt(Attempt, Generic[J]):
    __slots__ = ("_handler", "_row", "fence")

    def __init__(self, row: J, handler: Handler[J]) -> None:
        self.fence = Fence.of(row)
        self._row = row
        self._handler = handler

    def call(self) -> object:
        return self._handler(self._row)


class _Bound(Bound, Generic[J]):
    def __init__(self, job: JobType[Any, J, Any], handler: Handler[J]) -> None:
        self.job = job
        self.is_async = _is_async(handler)
        self._typed_job = job
        self._handler = handler

    async def fetch(
        self, conn: AsyncConnection[object], worker_id: UUID, limit: int
    ) -> list[Attempt]:
        rows = await aio.fetch_rows(conn, self._typed_job, worker_id, limit)
        return [_Attempt(row, self._handler) for row in rows]


def bind(job: JobType[Any, J, Any], handler: Handler[J], /) -> Bound:
    """Join a job and its handler. Raises `TypeError` for what cannot be called."""
    if not callable(handler):
        raise TypeError(f"the handler of {job.name} is {handler!r}, not a function")
    return _Bound(job, handler)


@dataclass(frozen=True, slots=True)
class Handlers:
    """All handlers of a package: what its `handlers()` returns and a worker runs."""

    package: Package
    bound: tuple[Bound, ...]


def _is_async(handler: Callable[..., object]) -> bool:
    """Whether calling it surely gives a coroutine, through partials and objects."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    if inspect.iscoroutinefunction(handler):
        return True
    return inspect.iscoroutinefunction(type(handler).__call__)
