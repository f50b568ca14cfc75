"""The harness's end of an adapter: ask, and wait for the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.environments import ROOT


class VoidError(Exception):
    """A measurement that does not count; the text says why."""


class AdapterProcess:
    """A process that carries out one command after the other."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self._process = process
        self._seconds = seconds

    def ask(self, command: str, **arguments: object) -> Mapping[str, Any]:
        """Carry out the command: its answer. Raises `VoidError`."""
        self.tell(command, **arguments)
        return self.answer(command)

    def tell(self, command: str, **arguments: object) -> None:
        """Begin the command; `answer` waits for its end."""
        texts = {name: str(value) for name, value in arguments.items()}
        self.say(json.dumps({"command": command} | texts))

    def say(self, line: str) -> None:
        """A line for a command that waits for one."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self, command: str) -> Mapping[str, Any]:
        """The next line that it says. Raises `VoidError` where there is none."""
        assert self._process.stdout is not None
        killer = threading.Timer(self._seconds, self._process.kill)
        killer.start()
        line = self._process.stdout.readline()
        killer.cancel()
        if not line:
            status = self._process.wait()
            raise VoidError(
                f"{command}: no answer within {self._seconds:.0f} s (status {status})"
            )
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def started(
    executable: Path, module: str, options: Sequence[str], seconds: float
) -> Generator[AdapterProcess]:
    """An adapter that is stopped when the block is left.

    seconds: how long it may take to answer a command.
    """
    command = [str(executable), "-m", f"benchmarks.adapters.{module}", *options]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
    ) as process:
        try:
            yield AdapterProcess(process, seconds)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
