"""A worker process: started, killed or stopped, and never left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
STOP_SECONDS: Final = 20.0
"""How long a stopped worker may take; more than its grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker that was started; what it logs is in `log`."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> int:
        """End it without a warning; the exit status."""
        self.process.kill()
        return self.process.wait()

    def stop(self) -> int:
        """Ask it to finish what it does and leave; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()


@contextmanager
def started(environment: Mapping[str, str], log: Path) -> Generator[Worker]:
    """A new worker, killed at the latest when the block is left."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "examples.demo.worker"],
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the demo, which then ends it.
        )
    worker = Worker(process=process, log=log)
    try:
        yield worker
    finally:
        worker.kill()
