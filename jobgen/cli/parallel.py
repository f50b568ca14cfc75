"""Tasks of the generator on all processors, where that is worth it.

On Linux only: elsewhere a process cannot be copied safely, and to start one takes
longer than most builds.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from jobgen.emit.package import Files, Task

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

WORTH: Final = 25
"""With fewer tasks for each process, one more costs what it takes off."""
PORTIONS: Final = 256
"""Into so many the tasks are dealt out; the number of one is a byte."""

_Done: TypeAlias = dict[int, Files]  # by the task's number


def shared(tasks: Sequence[Task]) -> list[Files]:
    """The results, in the order of `tasks`; raises what one of them raises."""
    copies = _processes(len(tasks)) - 1
    done = _together(tasks, copies) if copies else {}
    # What a copy of this process owes, which may have been killed, is done here.
    return [
        done[number] if number in done else task() for number, task in enumerate(tasks)
    ]


def _processes(tasks: int) -> int:
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), tasks // WORTH))


def _together(tasks: Sequence[Task], copies: int) -> _Done:
    """What this process and copies of it do: whoever is free takes a portion."""
    if sys.platform != "linux":
        return {}
    import multiprocessing  # slow to import

    fork = multiprocessing.get_context("fork")
    portions, deal = os.pipe()
    os.write(deal, bytes(range(PORTIONS)))
    os.close(deal)
    answers: list[Connection] = []
    with contextlib.suppress(OSError):  # no more processes, or no memory for one
        for _ in range(copies):
            answer, inlet = fork.Pipe(duplex=False)
            with inlet:
                arguments = (tasks, portions, inlet)
                fork.Process(target=_copy, args=arguments, daemon=True).start()
            answers.append(answer)
    done = _work(tasks, portions)
    os.close(portions)
    for answer in answers:
        with contextlib.suppress(EOFError), answer:
            done |= answer.recv()
    return done


def _copy(tasks: Sequence[Task], portions: int, inlet: Connection) -> None:
    # A failure is not told here: the caller, whose tasks these are, meets it again.
    with contextlib.suppress(BaseException):
        inlet.send(_work(tasks, portions))


def _work(tasks: Sequence[Task], portions: int) -> _Done:
    done: _Done = {}
    while portion := os.read(portions, 1):
        for number in range(portion[0], len(tasks), PORTIONS):
            done[number] = tasks[number]()
    return done
