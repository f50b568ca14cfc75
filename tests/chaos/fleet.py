"""The worker processes, which an operator's supervisor starts again when they die."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from tests.chaos.times import Times
from tests.worker.process import ROOT, environment

_RESTART_SECONDS: Final = 0.2


class Fleet:
    """`size` workers on the database `dsn`; their logs lie in `home`."""

    def __init__(self, dsn: str, home: Path, times: Times, size: int) -> None:
        arguments = (dsn, str(home), str(home / "ledger"), str(times.scale))
        self._command = [sys.executable, "-m", "tests.chaos.worker", *arguments]
        self._home = home
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep)
        self.processes = [self._started() for _ in range(size)]
        self._keeper.start()

    @property
    def pid(self) -> int:
        """Of the first worker."""
        return self.processes[0].pid

    def signal(self, number: signal.Signals, *, everyone: bool = False) -> None:
        """To the first of them, or to all."""
        for process in self.processes if everyone else self.processes[:1]:
            process.send_signal(number)

    def close(self) -> None:
        """End them all; what they still hold is given back or rescued by nobody."""
        self._stopping.set()
        self._keeper.join()
        for process in self.processes:
            process.kill()
            process.wait()

    def log(self) -> str:
        return (self._home / "log").read_text()

    def _keep(self) -> None:
        while not self._stopping.wait(_RESTART_SECONDS):
            for place, process in enumerate(self.processes):
                if process.poll() is not None:
                    self.processes[place] = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with (self._home / "log").open("a") as log:
            return subprocess.Popen(
                self._command, cwd=ROOT, env=environment(), stdout=log, stderr=log
            )
