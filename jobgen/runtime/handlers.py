"""Handlers, bound to their jobs so that the worker needs no type parameter.

`bind` closes over the row class: mypy and pyright check each handler against
its job there, and the worker sees only `Bound` and `Attempt`.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

from jobgen.runtime import plans
from jobgen.runtime.attempt import Attempt
from jobgen.runtime.job import J, JobType
from jobgen.runtime.outcome import Outcome
from jobgen.runtime.package import Package
from jobgen.runtime.rows import Unloadable

Handler: TypeAlias = Callable[[J], Awaitable[Outcome | None] | Outcome | None]
"""Async or plain; one callable that returns a union keeps checkers' messages short."""


class Bound(ABC):
    """A job together with its handler."""

    job: JobType[Any, Any, Any]
    is_async: bool  # recognisably async; anything else runs in a thread

    @abstractmethod
    def attempts(self, taken: plans.Taken) -> tuple[list[Attempt], list[Unloadable]]:
        """An attempt for each row, in their order, and the rows that cannot be decoded.

        Raises `ImportError` where this program lacks what a decoder needs.
        """


class _Bound(Bound, Generic[J]):
    def __init__(self, job: JobType[Any, J, Any], handler: Handler[J]) -> None:
        self.job = job
        self.is_async = _is_async(handler)
        self._typed_job = job
        self._handler = handler

    def attempts(self, taken: plans.Taken) -> tuple[list[Attempt], list[Unloadable]]:
        rows, lost = plans.decoded(self._typed_job, taken)
        handler = self._handler
        return [_Attempt(self, row, handler) for row in rows], lost


class _Attempt(Attempt, Generic[J]):
    """Knows its row's class, as `Attempt` does not."""

    def __init__(self, bound: Bound, row: J, handler: Handler[J]) -> None:
        self.bound = bound
        self.row = row
        self._handler = handler
        self._row = row

    def call(self) -> object:
        return self._handler(self._row)


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

    def chosen(self, only: Sequence[str] | None) -> tuple[Bound, ...]:
        """Those of these jobs, or all. Raises `TypeError` for what is no list of names,
        and `ValueError` for none, or one that is no job of the package."""
        if only is None:
            return self.bound
        if isinstance(only, str):  # a sequence of texts, to any type checker
            raise TypeError(f"only: {only!r} is no list; pass [{only!r}]")
        if not only:
            raise ValueError("only names no job")
        known = {bound.job.name: bound for bound in self.bound}
        unknown = [name for name in only if name not in known]
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)}: no such job; there are {', '.join(known)}"
            )
        return tuple(known[name] for name in dict.fromkeys(only))


def _is_async(handler: Callable[..., object]) -> bool:
    """Whether calling it surely gives a coroutine, through partials and objects."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    if inspect.iscoroutinefunction(handler):
        return True
    return inspect.iscoroutinefunction(type(handler).__call__)
