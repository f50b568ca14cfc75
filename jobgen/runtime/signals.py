"""SIGINT and SIGTERM as a request to stop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, Final, TypeAlias

from jobgen.runtime.log import LOGGER

_ONE_REQUEST_SECONDS: Final = 0.5
"""Signals within so long are one request: a terminal and a supervisor send theirs to
all processes of a group, and the parent of some passes it on to them as well."""

_Handler: TypeAlias = Callable[[int, FrameType | None], Any] | int | None
"""As `signal.getsignal` returns it. Any: what a handler returns does not matter."""


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
    """Within the block the signals call `stop`, where this is the main thread.

    Again for each that comes later, but once for all that come together. Then the
    program's own handlers are back.
    Elsewhere, or on a loop that knows no signals, the block runs without them.
    """
    loop = asyncio.get_running_loop()
    replaced: list[tuple[signal.Signals, _Handler]] = []
    requested_at = -math.inf

    def heard() -> None:
        nonlocal requested_at
        now = time.monotonic()
        if now - requested_at > _ONE_REQUEST_SECONDS:
            requested_at = now
            stop()

    _tell_of_others()
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
                before = signal.getsignal(number)
                loop.add_signal_handler(number, heard)
                replaced.append((number, before))
        yield
    finally:
        for number, before in replaced:
            loop.remove_signal_handler(number)
            # A loop's own, of before, calls nobody any more.
            if callable(before) and not _is_of_a_loop(before):
                signal.signal(number, before)


def _is_of_a_loop(handler: object) -> bool:
    """Whether asyncio put it there, for what was given to `add_signal_handler`."""
    return getattr(handler, "__module__", None) == "asyncio.unix_events"


def _tell_of_others() -> None:
    """Whoever else handles SIGTERM, such as a web server, waits for it in vain now."""
    if threading.current_thread() is threading.main_thread() and callable(
        signal.getsignal(signal.SIGTERM)
    ):
        LOGGER.warning(
            "SIGTERM had a handler, which is replaced by this worker's: pass"
            " signals=False to Worker, and call its stop()"
        )
