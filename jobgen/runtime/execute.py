"""Runs one handler to its end: a call becomes an `Ending`, whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Coroutine

from jobgen.runtime.decide import Ending, Interrupted, Overran, Raised, Returned
from jobgen.runtime.handlers import Attempt


class Execution:
    """One call of a handler: a task that never raises.

    Even `SystemExit` is the handler's failure, not the worker's. Interrupting
    stops an async handler; a thread cannot be stopped, and its result is ignored.
    """

    def __init__(self, attempt: Attempt, *, is_async: bool) -> None:
        self._attempt = attempt
        self._is_async = is_async
        self._in_thread = False
        self._overran = False
        self._interrupted = False
        self.task: asyncio.Task[Ending] = asyncio.create_task(self._run())

    @property
    def ending(self) -> Ending:
        """What became of it; the task is done."""
        # Cancelled before its first step, it never ran.
        return Interrupted() if self.task.cancelled() else self.task.result()

    def overrun(self) -> None:
        """The time is up: stop it, or wait for its thread and do no more."""
        self._overran = True
        if not self._in_thread:
            self.task.cancel()

    def interrupt(self, *, threads: bool) -> None:
        """Stop it; where it is on a thread, only as far as `threads` allows."""
        if threads or not self._in_thread:
            self._interrupted = True
            self.task.cancel()

    async def _run(self) -> Ending:
        try:
            if self._is_async:
                result = self._attempt.call()
            else:
                result = await self._on_thread()
            if inspect.isawaitable(result):
                if self._overran:
                    _discard(result)
                    return Overran()
                result = await result
        except asyncio.CancelledError as error:
            # A handler that cancels itself has failed.
            return Interrupted() if self._interrupted else Raised(error)
        except BaseException as error:
            return Raised(error)
        return Returned(result)

    async def _on_thread(self) -> object:
        self._in_thread = True
        try:
            return await _in_thread(self._attempt)
        finally:
            self._in_thread = False


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


def _discard(result: object) -> None:
    """What was to be awaited never will be: without the warning about it."""
    if isinstance(result, Coroutine):
        result.close()
