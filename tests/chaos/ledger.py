"""The record of what ran, which no server and no worker can take back."""

from __future__ import annotations

import os
from pathlib import Path


class Ledger:
    """A file with a line for each run of a handler; any process may write to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, job_id: int) -> None:
        """One write each, which appends whole lines whoever else writes."""
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, f"{job_id}\n".encode())
        finally:
            os.close(file)

    def ids(self) -> set[int]:
        return {int(line) for line in self._text().splitlines()}

    def runs(self) -> int:
        """How often handlers have run so far."""
        return self._text().count("\n")

    def _text(self) -> str:
        return self.path.read_text() if self.path.exists() else ""
