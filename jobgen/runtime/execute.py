"""Runs one handler to its end: a call becomes an `Ending`, whatever it does.

Most handlers of a busy queue need no task of their own: making one costs more than
all else that is done for them. So the first step of a coroutine is made in a task
that it shares with those before it, and it gets that task for itself only when it
waits for something.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import types
from collections.abc import Coroutine, Generator
from typing import Any, Final, TypeAlias, TypeGuard

from jobgen.runtime.attempt import RUNNING, Attempt
from jobgen.runtime.decide import Ending, Interrupted, Overran, Raised, Returned
from jobgen.runtime.threads import Threads

Rest: TypeAlias = Coroutine[Any, Any, Ending]
"""What is still to be awaited, in a task that runs nothing else any more."""

NOTHING: Final = Returned(None)
"""What a handler that returns None comes to: this very object."""


def begin(attempt: Attempt, threads: Threads) -> Ending | Rest:
    """Call the handler and make its first step. Raises nothing.

    Even `SystemExit` is the handler's failure, not the worker's. The context is as
    it was before, unless the handler changed it or there is a rest.
    """
    token = RUNNING.set(attempt)
    if not attempt.bound.is_async:
        return _on_thread(attempt, threads)
    try:
        result = attempt.call()
        if not _is_coroutine(result):
            return _awaited(attempt, result)
        waits_for = result.send(None)
    except StopIteration as end:
        ending = _returned(end.value)
    except BaseException as error:
        ending = Raised(error)
    else:
        return _awaited(attempt, _resume(result, waits_for))
    try:
        RUNNING.reset(token)
    except ValueError:
        return ending  # the handler meddled with it
    return ending


async def _on_thread(attempt: Attempt, threads: Threads) -> Ending:
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
    except asyncio.CancelledError as error:
        return _cancelled(attempt, error)
    except RuntimeError as error:  # the system has no thread left: it never began
        return Raised(error)
    finally:
        attempt.in_thread = False
    if isinstance(ending, Returned):
        return await _awaited(attempt, ending.value)
    return ending


async def _awaited(attempt: Attempt, result: object) -> Ending:
    """What a call gave, awaited if it must be."""
    try:
        if not inspect.isawaitable(result):
            return _returned(result)
        if attempt.overran:
            _discard(result)
            return Overran()
        return _returned(await result)
    except asyncio.CancelledError as error:
        return _cancelled(attempt, error)
    except BaseException as error:
        return Raised(error)


@types.coroutine
def _resume(
    coroutine: Coroutine[Any, Any, object], waits_for: object
) -> Generator[object, Any, object]:
    """The rest of a coroutine whose first step was made: as `await` would do it."""
    while True:
        try:
            yield waits_for
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as error:
            try:
                waits_for = coroutine.throw(error)
            except StopIteration as end:
                found: object = end.value
                return found
        else:
            return (yield from coroutine.__await__())


def _returned(value: object) -> Ending:
    return NOTHING if value is None else Returned(value)


def _cancelled(attempt: Attempt, error: asyncio.CancelledError) -> Ending:
    """A handler that cancels itself has failed."""
    return Interrupted() if attempt.interrupted else Raised(error)


def _is_coroutine(value: object) -> TypeGuard[Coroutine[Any, Any, object]]:
    return isinstance(value, types.CoroutineType)


def _resolve(future: asyncio.Future[Ending], ending: Ending) -> None:
    if not future.done():
        future.set_result(ending)


def _discard(result: object) -> None:
    """What was to be awaited never will be: without the warning about it."""
    if isinstance(result, Coroutine):
        result.close()
