"""The loop of an adapter's process: a JSON command a line in, a JSON answer a line out.

Whatever the queue prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

Answer: TypeAlias = Mapping[str, object]
Command: TypeAlias = Callable[[Mapping[str, str]], Awaitable[Answer]]
"""Takes its arguments by name; numbers come as text."""

_ANSWERS: Final = os.fdopen(os.dup(sys.stdout.fileno()), "w")
os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


async def serve(commands: Mapping[str, Command]) -> None:
    """Carry out one command after the other, until standard input ends.

    The process ends with the harness, also in the middle of a command.
    """
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    while line := await next_line():
        arguments: dict[str, str] = json.loads(line)
        answer(await commands[arguments.pop("command")](arguments))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


async def next_line() -> str:
    """What the harness says next; empty where it is gone."""
    return await asyncio.to_thread(sys.stdin.readline)


def answer(found: Answer) -> None:
    """Say it in one line."""
    _ANSWERS.write(json.dumps(found) + "\n")
    _ANSWERS.flush()
