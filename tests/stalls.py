"""Pauses, and how much of each the machine itself stood still."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple


class Pause(NamedTuple):
    """Seconds of the monotonic clock."""

    begin: float
    end: float


class Stalls:
    """When this machine or this process stood still: nobody can be blamed for that."""

    def __init__(self) -> None:
        self._found: list[Pause] = []
        self._seen = time.monotonic()
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Stalls:
        self._seen = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def without(self, pause: Pause) -> float:
        """How many seconds of a pause remain."""
        self._note()  # of one that has just ended, whoever goes on first
        return (
            pause.end
            - pause.begin
            - sum(
                max(0, min(pause.end, stall.end) - max(pause.begin, stall.begin))
                for stall in self._found
            )
        )

    def since(self, begin: float) -> float:
        """The seconds until now, but for those of stalls."""
        return self.without(Pause(begin, time.monotonic()))

    def _look(self) -> None:
        while not self._stopped.wait(0.01):
            self._note()

    def _note(self) -> None:
        with self._turn:
            now = time.monotonic()
            if now - self._seen > 0.1 and not self._stopped.is_set():
                self._found.append(Pause(self._seen, now))
            self._seen = now
