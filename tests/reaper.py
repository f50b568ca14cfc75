"""Stop the servers of a test run when the run is over, however it ended.

    python reaper.py DIRECTORY

Waits until its standard input is closed, which the kernel does for a process
that was killed too, so that no server outlives a run. Then every server whose
data lies below DIRECTORY is stopped, and DIRECTORY is removed.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path


def _stop(pid_file: Path) -> None:
    """Stop the server that wrote `pid_file` without a last checkpoint."""
    with suppress(FileNotFoundError, ProcessLookupError):
        pid = int(pid_file.read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        # It removes the file as its last act; the data are not worth more.
        deadline = time.monotonic() + 10
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def main() -> None:
    directory = Path(sys.argv[1])
    sys.stdin.read()
    for pid_file in directory.glob("*/data/postmaster.pid"):
        _stop(pid_file)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
