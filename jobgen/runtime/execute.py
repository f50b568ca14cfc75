"""Runs one handler to its end: a call becomes an `Ending`, whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading

from jobgen.runtime.decide import Ending, Interrupted, Raised, Returned
from jobgen.runtime.handlers import Attempt


async def execute(attempt: Attempt, *, is_async: bool) -> Ending:
    """Never raises: even `SystemExit` is the handler's failure, not the worker's.

    Cancelling it interrupts an async handler; a thread cannot be interrupted, and
    its result is ignored.
    """
    try:
        result = attempt.call() if is_async else await _in_thread(attempt)
        if inspect.isawaitable(result):
            result = await result
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        cancelled = task is not None and task.cancelling() > 0
        return Interrupted() if cancelled else Raised(error)
    except BaseException as error:
        return Raised(error)
    return Returned(result)


async def _in_thread(attempt: Attempt) -> object:
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

    threading.Thread(target=work, name="jobgen handler", daemon=True).start()
    ending = await future
    if isinstance(ending, Raised):
        raise ending.error
    return ending.value if isinstance(ending, Returned) else None


def _resolve(future: asyncio.Future[Ending], ending: Ending) -> None:
    if not future.done():
        future.set_result(ending)
