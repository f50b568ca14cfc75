"""How long everything takes: as in production, or scaled down together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PATIENCE: Final = 90.0
"""Seconds after which a job that has not ended is taken for stuck."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `scale` is 1 as in production, and less where nobody has the time."""

    scale: float

    @property
    def outage(self) -> float:
        """How long a worker is stopped, or a server down."""
        return 60 * self.scale

    @property
    def heartbeat(self) -> float:
        return 5 * self.scale

    @property
    def dead_after(self) -> float:
        return 30 * self.scale

    @property
    def lost_after(self) -> float:
        return 20 * self.scale

    @property
    def between_faults(self) -> float:
        return 10 * self.scale

    @property
    def patience(self) -> float:
        return PATIENCE * max(1.0, 4 * self.scale)
