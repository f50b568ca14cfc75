"""The durations that a worker lives by, in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """`lost_after` must be below `dead_after`: gone before others own its rows."""

    poll_interval: float
    grace: float
    heartbeat_interval: float
    dead_after: float
    lost_after: float
    flush: float = 5.0

    def __post_init__(self) -> None:
        for name in ("poll_interval", "heartbeat_interval", "dead_after", "lost_after"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a number of seconds above 0")
        if not 0 <= self.grace < math.inf:
            raise ValueError("grace must be a number of seconds, 0 or more")
        if self.lost_after >= self.dead_after:
            raise ValueError("lost_after must be shorter than dead_after")

    @property
    def retention_interval(self) -> float:
        """Between two looks for old rows: 40 seconds, so that each goes within a
        minute, and that they are few queries where fifty jobs have a retention."""
        return 8 * self.heartbeat_interval

    @property
    def report_interval(self) -> float:
        """Between two lines of the log about what was done: a minute."""
        return 12 * self.heartbeat_interval

    @property
    def dead(self) -> timedelta:
        return timedelta(seconds=self.dead_after)
