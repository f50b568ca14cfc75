"""One fetched row in hand, from its fetch until its result is written."""

from __future__ import annotations

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from jobgen.runtime.decide import SUCCEED, Acknowledgement
from jobgen.runtime.job import Fence, Row

if TYPE_CHECKING:
    from jobgen.runtime.handlers import Bound


class Attempt(ABC):
    """A row, its handler's call, and how far it has come.

    Each begins the same, so that is said once for all: a worker makes tens of
    thousands a second.
    """

    task: asyncio.Task[None] | None = None
    """Runs the handler, once it waits for something."""
    deadline = math.inf
    """When its time is up, on the clock of `time.monotonic`."""
    in_thread = False
    overran = False
    interrupted = False
    returned = False
    """The handler has returned, or will never be started."""
    in_doubt = False
    """Its result was written, but the answer was lost."""
    written = False
    """The result is in the database, or somebody else's."""
    acknowledgement: Acknowledgement = SUCCEED
    """What is to be written of it, once that is known."""

    bound: Bound
    row: Row

    @abstractmethod
    def call(self) -> object:
        """Call the handler."""

    @property
    def fence(self) -> Fence:
        return Fence.of(self.row)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a test says of the attempt, where there is none."""

    deadline: float
    interrupted: bool
    overran: bool = False


_Asked: TypeAlias = Attempt | Rehearsed


class Current:
    """What a handler may ask about the attempt that runs it."""

    def __init__(self, attempt: _Asked) -> None:
        self._attempt = attempt

    @property
    def deadline(self) -> float | None:
        """When the job's timeout is reached, on the clock of `time.monotonic`.

        None where the job has no timeout.
        """
        deadline = self._attempt.deadline
        return None if math.isinf(deadline) else deadline

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, below 0 after it; None where there is none."""
        deadline = self.deadline
        return None if deadline is None else deadline - time.monotonic()

    @property
    def cancelled(self) -> bool:
        """Whether the result will be ignored: time is up, or the worker stops.

        A plain handler cannot be stopped, and had better ask from time to time.
        """
        return self._attempt.overran or self._attempt.interrupted


RUNNING: Final[ContextVar[_Asked]] = ContextVar("jobgen_attempt")


def current() -> Current:
    """The attempt that runs the calling handler, in its task or in its thread.

    Raises `RuntimeError` elsewhere, but for a test that says `rehearse()`.
    """
    attempt = RUNNING.get(None)
    if attempt is None:
        raise RuntimeError(
            "no handler runs here: a worker sets what current() gives, and in a test"
            " 'with rehearse():'"
        )
    return Current(attempt)


@contextmanager
def rehearse(
    *, remaining: float | None = None, cancelled: bool = False
) -> Generator[None]:
    """For the test of a handler: inside, `current()` is as in a worker.

    remaining: the seconds that the handler has left, None where its job has no timeout.
    cancelled: whether it is told that its result will be ignored.
    """
    deadline = math.inf if remaining is None else time.monotonic() + remaining
    token = RUNNING.set(Rehearsed(deadline, cancelled))
    try:
        yield
    finally:
        RUNNING.reset(token)
