"""`jobgen worker` as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "jobgen", "worker", *arguments]


def environment() -> dict[str, str]:
    """Without what names a database."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "DATABASE_URL" and not name.startswith("PG")
    }
    return kept | {"PYTHONPATH": str(ROOT)}


@contextmanager
def working(
    here: Path, *arguments: str, under: tuple[str, ...] = ()
) -> Generator[subprocess.Popen[str]]:
    """A worker that is killed at the end of the block if it still runs.

    In a process group of its own. under: a command that becomes the worker.
    """
    with subprocess.Popen(
        [*under, *command(arguments)],
        cwd=here,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
