"""What a worker counts, and what it is like at this moment."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Final

GAUGES: Final = frozenset({"overrunning", "prefetched", "lag"})
"""What goes up and down; everything else is counted since the worker started."""


@dataclass(slots=True)
class Stats:
    """Counters since the worker started (attempts, not jobs), and gauges.

    completed_by_handler: the handler finished its row itself. refused: the result
    came too late, somebody else owns the row. given_back: not run, or snoozed; does
    not count as an attempt. rescued: taken from workers that are gone. expired: old
    rows that were deleted. Gauges: overrunning: handlers that still run though their
    time is up. prefetched: rows that wait for a slot. lag: seconds for which the
    oldest ready job has been due, when it was last looked at.
    """

    fetched: int = 0
    succeeded: int = 0
    retried: int = 0
    failed: int = 0
    timed_out: int = 0
    given_back: int = 0
    completed_by_handler: int = 0
    refused: int = 0
    rescued: int = 0
    expired: int = 0
    overrunning: int = 0
    prefetched: int = 0
    lag: float = 0.0

    def since(self, earlier: Stats) -> Stats:
        """What was counted since `earlier`; the gauges are those of now."""
        names = [each.name for each in fields(self) if each.name not in GAUGES]
        counts = {name: getattr(self, name) - getattr(earlier, name) for name in names}
        return replace(self, **counts)

    @property
    def any_work(self) -> bool:
        """Whether anything was counted."""
        counts = asdict(self).items()
        return any(number for name, number in counts if name not in GAUGES)

    def __str__(self) -> str:
        """`2 fetched, 1 succeeded, 1 prefetched, lag 0.5 s`: what is not zero."""
        counts = asdict(self).items()
        parts = [
            f"{n} {name.replace('_', ' ')}" for name, n in counts if n and name != "lag"
        ]
        if self.lag:
            parts.append(f"lag {self.lag:.1f} s")
        return ", ".join(parts) or "nothing fetched"
