"""How many rows a worker may fetch ahead of its free slots.

Pure: times are seconds of a monotonic clock, and arguments.
"""

from __future__ import annotations

from typing import Final

WINDOW: Final = 0.05
"""Seconds: as many rows as were finished in so long may wait for a slot."""
MOST: Final = 2_000
"""Rows that wait for a slot at most, per job: one batch at work, one on its way."""


class Pace:
    """Counts the handlers of one job that finished lately.

    With short handlers a batch is worth hundreds of rows; with long ones, rows
    that waited here would be kept from other workers, and none are fetched ahead.
    """

    def __init__(self, now: float) -> None:
        self.finished = 0
        """Handlers that have returned, ever; whoever sees one return adds it."""
        self._since = now
        self._at_start = 0
        self._lately = 0

    def ahead(self, now: float) -> int:
        """Rows that may wait for a slot now."""
        elapsed = now - self._since
        if elapsed >= WINDOW:
            share = WINDOW / elapsed  # after a longer time, of all that finished in it
            self._lately = int((self.finished - self._at_start) * share)
            self._at_start, self._since = self.finished, now
        return min(self._lately, MOST)
