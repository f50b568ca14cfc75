"""When each handler started, written by any process, by a clock that all share."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Ledger:
    """A file with a line for each start of a handler."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, job_id: int) -> None:
        """One write each, which appends whole lines whoever else writes."""
        line = f"{job_id} {time.monotonic()}\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def starts(self) -> dict[int, float]:
        """When each job first started, in seconds of the monotonic clock."""
        starts: dict[int, float] = {}
        text = self.path.read_text() if self.path.exists() else ""
        for line in text.splitlines():
            job_id, start = line.split()
            starts.setdefault(int(job_id), float(start))
        return starts
