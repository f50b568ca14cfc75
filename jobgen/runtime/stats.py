"""What a worker counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Stats:
    """Counters since the worker started. Attempts, not jobs."""

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

    def __str__(self) -> str:
        """`2 fetched, 1 succeeded, 1 retried`: what is not zero."""
        counts = asdict(self).items()
        parts = [f"{n} {name.replace('_', ' ')}" for name, n in counts if n]
        return ", ".join(parts) or "nothing fetched"
