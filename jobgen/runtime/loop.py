"""Runs the worker on an event loop that no handler can end or keep alive.

`asyncio.run` ends at a `SystemExit` of any task, and at its own end waits for
tasks and threads for as long as they please.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from jobgen.runtime.log import LOGGER

LEFTOVER_SECONDS: Final = 1.0
"""How long tasks that handlers left behind may take to heed their cancellation."""


def run_on_own_loop(main: Coroutine[Any, Any, None]) -> None:
    """Carry out `main` on a loop of its own. Raises what it raises.

    A `SystemExit` or a `stop` of the loop from elsewhere is logged; an interrupt
    of the keyboard cancels `main`. Threads that still run are left alone.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(main)
    interrupted = False
    try:
        while not task.done():
            try:
                loop.run_until_complete(task)
            except KeyboardInterrupt:
                interrupted = True
                task.cancel()
            except BaseException as error:
                if not task.done():  # else it is main's own
                    LOGGER.error("a task of a handler ends in %r; it is ignored", error)
        if interrupted:
            raise KeyboardInterrupt
        task.result()
    finally:
        _cancel_leftovers(loop)
        loop.close()


def _cancel_leftovers(loop: asyncio.AbstractEventLoop) -> None:
    leftovers = asyncio.all_tasks(loop)
    for task in leftovers:
        task.cancel()
    if leftovers:
        waiting = asyncio.wait(leftovers, timeout=LEFTOVER_SECONDS)
        loop.run_until_complete(waiting)


async def cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel the tasks, and wait until they have ended, whatever they raise.

    Any: what they would have returned does not matter.
    """
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
