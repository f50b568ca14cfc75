"""The low-water mark: up to which row of the queue there is nothing to fetch.

While any session holds an old snapshot, rows that are finished stay in the index,
and a fetch from its beginning walks over all of them: 55,000 rows a second fell to
21,000 within 200,000 jobs. So a worker that took a full batch fetches above its
last row. What comes in behind the mark (a retry, a higher priority) waits until
the mark is forgotten, which is soon.

Pure: times are seconds of a monotonic clock, and arguments.
"""

from __future__ import annotations

from typing import Final

from jobgen.runtime.job import Key

_SHORTEST: Final = 0.25
LONGEST: Final = 1.0
"""Seconds after which a mark is forgotten at the latest."""
_TIMES_ITS_COST: Final = 20
"""A mark lives for as long as makes looking from the beginning a small part of all."""


class Mark:
    """The mark of one worker on one table."""

    def __init__(self) -> None:
        self._key: Key | None = None
        self._forget_at = 0.0

    def key(self, now: float) -> Key | None:
        """Above which row to fetch; None: from the beginning."""
        if self._key is not None and now >= self._forget_at:
            self._key = None
        return self._key

    def forget(self) -> None:
        """There may be rows below it."""
        self._key = None

    def full(self, now: float, last: Key, cost: float) -> None:
        """A full batch ended with the row `last`; its fetch took `cost` seconds."""
        if self._key is None:
            lifetime = min(max(_SHORTEST, _TIMES_ITS_COST * cost), LONGEST)
            self._forget_at = now + lifetime
        self._key = last
