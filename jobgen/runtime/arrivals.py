"""Rows on their way from the server's answer to their handlers.

To load and decode a batch takes about as long as to fetch one. So where there is more, it
is unpacked once the next fetch was sent, while the server works on that.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import NamedTuple

from jobgen.runtime.attempts import Attempts
from jobgen.runtime.plans import Taken
from jobgen.runtime.rows import Unloadable
from jobgen.runtime.table import Table


class _Packed(NamedTuple):
    table: Table
    taken: Taken
    asked_at: float


class Lost(NamedTuple):
    """Rows that cannot be decoded, and are still to be written as failed."""

    table: Table
    rows: list[Unloadable]


class Arrivals:
    """What was fetched and is not among `attempts` yet."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._packed: deque[_Packed] = deque()
        self._lost: list[Lost] = []

    def __bool__(self) -> bool:
        """Whether there is anything left to unpack, or to write as failed."""
        return bool(self._packed or self._lost)

    @property
    def coming(self) -> Mapping[str, int]:
        """How many rows are not unpacked, by the name of their job."""
        rows: Counter[str] = Counter()
        for packed in self._packed:
            rows[packed.table.job.name] += len(packed.taken.rows)
        return rows

    def add(self, table: Table, taken: Taken, asked_at: float) -> None:
        """They are to be unpacked soon, and were asked for at this time."""
        self._packed.append(_Packed(table, taken, asked_at))

    def unpack(self) -> None:
        """Decode all that is here, and let the handlers begin.

        Raises `ImportError` where this program lacks what a decoder needs: the rows
        stay here then, and it is raised again the next time.
        """
        while self._packed:
            table, taken, asked_at = self._packed[0]
            attempts, lost = table.bound.attempts(taken)
            self._packed.popleft()
            self._attempts.add(table.bound, attempts, asked_at)
            if lost:
                self._lost.append(Lost(table, lost))

    def take_lost(self) -> list[Lost]:
        """Those that cannot be decoded: whoever takes them writes that they failed."""
        lost, self._lost = self._lost, []
        return lost
