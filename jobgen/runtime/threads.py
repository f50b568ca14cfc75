"""Threads for plain handlers, kept for the next one.

`concurrent.futures` would wait for its threads at the end of the process, for
ever where a handler hangs; these are daemons.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

Work: TypeAlias = Callable[[], None]

_IDLE_SECONDS: Final = 10.0
"""After which a thread without work ends."""


class Threads:
    """Runs each piece of work at once: on an idle thread, or on a new one."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0

    def run(self, work: Work) -> None:
        """Start `work`, which must not raise."""
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._work.put(work)
                return
        threading.Thread(
            target=self._main, args=(work,), name="jobgen handler", daemon=True
        ).start()

    def _main(self, work: Work) -> None:
        found: Work | None = work
        while found is not None:
            found()
            found = self._next()

    def _next(self) -> Work | None:
        with self._lock:
            self._idle += 1
        try:
            return self._work.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            pass
        with self._lock:
            if self._idle:
                self._idle -= 1
                return None
        return self._work.get()  # given to this thread as it was about to end
