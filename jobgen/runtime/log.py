"""The logger of the worker, and how long its loops wait after an error."""

from __future__ import annotations

import logging
from typing import Final

import psycopg

LOGGER: Final = logging.getLogger("jobgen")

FAULTS: Final = (psycopg.Error, OSError, TimeoutError)
"""What a database or the way to it may raise; every loop survives all of it."""


def told(error: BaseException) -> str:
    """What the error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


class Backoff:
    """Doubling waits in seconds, from 0.1 to `longest`, until the next success."""

    def __init__(self, longest: float = 5.0) -> None:
        self._longest = longest
        self._next = 0.1

    def failed(self) -> float:
        """How long to wait now."""
        wait = self._next
        self._next = min(self._next * 2, self._longest)
        return wait

    def succeeded(self) -> None:
        self._next = 0.1
