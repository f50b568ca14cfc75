"""Tasks of the generator on all processors, where that is worth it.

On Linux only: elsewhere a process cannot be copied safely, and to start one takes
longer than most builds.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Final, Generic, NoReturn, TypeVar

T = TypeVar("T")

WORTH: Final = 25
"""With fewer tasks for each process, one more costs what it takes off."""
PORTIONS: Final = 256
"""Into so many the tasks are dealt out; the number of one is a byte."""


def shared(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """The results, in the order of `tasks`; raises what one of them raises.

    A task may be done twice: what a copy of this process owes is done here.
    """
    copies = _processes(len(tasks)) - 1
    done = _together(tasks, copies) if copies else {}
    return [
        done[number] if number in done else task() for number, task in enumerate(tasks)
    ]


def _processes(tasks: int) -> int:
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), tasks // WORTH))


def _together(tasks: Sequence[Callable[[], T]], copies: int) -> dict[int, T]:
    """What this process and copies of it do, by number: who is free takes a portion."""
    portions, deal = os.pipe()
    os.write(deal, bytes(range(PORTIONS)))
    os.close(deal)
    others: list[_Copy[T]] = []
    with contextlib.suppress(OSError):  # no more processes, or no memory for one
        for _ in range(copies):
            others.append(_Copy(tasks, portions))
    try:
        done = _work(tasks, portions)
    finally:
        os.close(portions)
        found = [other.done() for other in others]
    for each in found:
        done |= each
    return done


class _Copy(Generic[T]):
    """A copy of this process, which does portions of `tasks` until none is left."""

    _done: IO[bytes]
    _process: int

    def __init__(self, tasks: Sequence[Callable[[], T]], portions: int) -> None:
        if sys.platform != "linux":
            raise OSError
        self._done = os.fdopen(os.memfd_create("done"), "w+b")
        self._process = os.fork()
        if not self._process:
            _work_and_end(tasks, portions, self._done)

    def done(self) -> dict[int, T]:
        """What it did, as soon as it has ended; nothing where it failed."""
        _, status = os.waitpid(self._process, 0)
        with self._done as stream:
            stream.seek(0)
            return {} if status else pickle.load(stream)


def _work_and_end(
    tasks: Sequence[Callable[[], object]], portions: int, done: IO[bytes]
) -> NoReturn:
    # A failure is not told here: the caller, whose tasks these are, meets it again.
    try:
        pickle.dump(_work(tasks, portions), done)
        done.flush()
        os._exit(0)
    except BaseException:
        os._exit(1)


def _work(tasks: Sequence[Callable[[], T]], portions: int) -> dict[int, T]:
    done: dict[int, T] = {}
    while portion := os.read(portions, 1):
        for number in range(portion[0], len(tasks), PORTIONS):
            done[number] = tasks[number]()
    return done
