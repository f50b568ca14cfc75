"""SIGINT and SIGTERM as a request to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Generator


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
    """Within the block the signals call `stop`, where this is the main thread.

    Elsewhere, or on a loop that knows no signals, the block runs without them.
    """
    loop = asyncio.get_running_loop()
    installed: list[signal.Signals] = []
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, stop)
                installed.append(number)
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
