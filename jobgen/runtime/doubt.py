"""Whether a worker may hold rows of which it knows nothing, and when to look.

A fetch that failed may still have taken rows. Where the server has answered, though
by an error, one look afterwards is enough. Where the connection was lost, it can
commit them later: as long as its session is there. Once that is gone, a last look
finds all; where nobody can tell (a pooler's sessions go on with others), time does.

Pure: times are seconds of a monotonic clock, and arguments.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_LONGEST_PAUSE: Final = 60.0
"""Seconds between two looks at most; each look is a query for each table."""

CERTAIN_AFTER: Final = 1_200.0
"""Seconds after which no lost fetch can take rows any more: what was sent is given up
by TCP within a quarter of an hour, and a statement of ours ends within a minute."""


class Doubt:
    """That of one worker. pause: seconds between the first looks; it doubles."""

    def __init__(self, pause: float) -> None:
        self._first_pause = self._pause = pause
        self._owes_a_look = False
        self._lost: dict[int | None, float] = {}
        """When each session was lost, by its process id; None: not known which."""
        self.look_at = 0.0

    def __bool__(self) -> bool:
        return self._owes_a_look or bool(self._lost)

    @property
    def sessions(self) -> frozenset[int]:
        """Those of which the server must tell whether they are still there."""
        return frozenset(each for each in self._lost if each is not None)

    def answered(self, now: float) -> None:
        """A fetch failed, and the server said so."""
        self._owes_a_look = True
        self.look_at = min(self.look_at, now + self._first_pause)

    def lost(self, now: float, session: int | None) -> None:
        """A fetch got no answer in this session."""
        self._lost[session] = now
        self._pause = self._first_pause
        self.look_at = min(self.look_at, now)

    def looked(self, now: float, alive: Collection[int], *, complete: bool) -> None:
        """All rows that were held unknown were given back, if it was `complete`.

        alive: which of `sessions` were there still, before the look.
        """
        self.look_at = now + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if not complete:
            return
        self._owes_a_look = False
        for session, since in tuple(self._lost.items()):
            is_gone = session is not None and session not in alive
            if is_gone or now - since > CERTAIN_AFTER:
                del self._lost[session]
        if not self:
            self._pause = self._first_pause
