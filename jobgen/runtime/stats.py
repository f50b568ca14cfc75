"""What a worker counts."""

from __future__ import annotations

from dataclasses import dataclass


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
    overrunning: int = 0
