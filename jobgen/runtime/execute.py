"""Runs one handler to its end: a call becomes an `Ending`, whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import sys
from collections.abc import Coroutine
from typing import Any, Final

from jobgen.runtime.attempt import RUNNING, Attempt
from jobgen.runtime.decide import Ending, Interrupted, Overran, Raised, Returned
from jobgen.runtime.threads import Threads

_NOTHING: Final = Returned(None)

if sys.version_info >= (3, 12):

    def start(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """A task that makes its first step now: most handlers need no other."""
        return asyncio.Task(work, loop=loop, eager_start=True)
else:

    def start(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """A task; before Python 3.12 its first step waits for its turn."""
        return loop.create_task(work)


async def execute(attempt: Attempt, threads: Threads) -> Ending:
    """Call the handler, in this task or on a thread. Raises nothing.

    Even `SystemExit` is the handler's failure, not the worker's.
    """
    RUNNING.set(attempt)
    try:
        if attempt.bound.is_async:
            result = attempt.call()
        else:
            result = await _on_thread(attempt, threads)
        if inspect.isawaitable(result):
            if attempt.overran:
                _discard(result)
                return Overran()
            result = await result
    except asyncio.CancelledError as error:
        # A handler that cancels itself has failed.
        return Interrupted() if attempt.interrupted else Raised(error)
    except BaseException as error:
        return Raised(error)
    return _NOTHING if result is None else Returned(result)


async def _on_thread(attempt: Attempt, threads: Threads) -> object:
    """The call on a thread that does not keep the process from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Ending] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        ending: Ending
        try:
            ending = Returned(context.run(attempt.call))
        except BaseException as error:
            ending = Raised(error)
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(_resolve, future, ending)

    attempt.in_thread = True
    try:
        threads.run(work)
        ending = await future
    finally:
        attempt.in_thread = False
    if isinstance(ending, Raised):
        raise ending.error
    return ending.value if isinstance(ending, Returned) else None


def _resolve(future: asyncio.Future[Ending], ending: Ending) -> None:
    if not future.done():
        future.set_result(ending)


def _discard(result: object) -> None:
    """What was to be awaited never will be: without the warning about it."""
    if isinstance(result, Coroutine):
        result.close()
