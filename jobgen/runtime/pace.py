"""How many rows a worker may fetch ahead of its free slots."""

from __future__ import annotations

import time
from typing import Final

WINDOW: Final = 0.05
"""Seconds: as many rows as were finished in so long may wait for a slot."""
MOST: Final = 500
"""Rows that wait for a slot at most, per job."""


class Pace:
    """Counts the handlers of one job that finished lately.

    With short handlers a batch is worth hundreds of rows; with long ones, rows
    that waited here would be kept from other workers, and none are fetched ahead.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._now = 0
        self._before = 0

    def finished(self) -> None:
        """One handler has returned."""
        self._turn()
        self._now += 1

    def ahead(self) -> int:
        """Rows that may wait for a slot now."""
        self._turn()
        return min(max(self._now, self._before), MOST)

    def _turn(self) -> None:
        now = time.monotonic()
        if now - self._since >= WINDOW:
            # What was counted is of the window before, unless that is past too.
            self._before = self._now if now - self._since < 2 * WINDOW else 0
            self._now = 0
            self._since = now
