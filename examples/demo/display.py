"""Shows how the jobs are getting on: in place on a terminal, else line by line."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TextIO

from examples.demo.tables import State

_BAR: Final = 14
"""A row fits into 80 columns: one that wraps could not be drawn in place."""
_FRAME_SECONDS: Final = 0.1
_LINE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A moment: the state of each table, and how many jobs it was given."""

    states: Mapping[str, State]
    enqueued: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.enqueued.values())

    @property
    def left(self) -> int:
        return sum(state.left for state in self.states.values())

    @property
    def running(self) -> int:
        return sum(state.running for state in self.states.values())

    @property
    def retrying(self) -> int:
        return sum(state.retrying for state in self.states.values())

    @property
    def done(self) -> int:
        return self.total - self.left


class Display(Protocol):
    """Where the demo tells what happens."""

    def say(self, text: str) -> None:
        """One line that stays."""

    def show(self, progress: Progress) -> None:
        """How far the jobs are; may be called as often as one likes."""


def display(stream: TextIO) -> Display:
    """What suits the stream. `NO_COLOR` is obeyed."""
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return _Terminal(stream, colour="NO_COLOR" not in os.environ)
    return _Lines(stream)


class _Clock:
    """Seconds since the start, and whether it is time for the next picture."""

    def __init__(self, every: float) -> None:
        self._start = self._last = time.monotonic()
        self._every = every

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def strikes(self) -> bool:
        now = time.monotonic()
        if now - self._last < self._every:
            return False
        self._last = now
        return True


class _Lines:
    """For a log: one line a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._clock = _Clock(_LINE_SECONDS)

    def say(self, text: str) -> None:
        print(f"{self._clock.elapsed:5.1f}s  {text}", file=self._stream, flush=True)

    def show(self, progress: Progress) -> None:
        if self._clock.strikes():
            self.say(
                f"{progress.done:,} of {progress.total:,} done"
                f" · {progress.running} running"
                f" · {progress.retrying} to be tried again"
            )


class _Terminal:
    """For people: what happened stays, and below it the tables, drawn in place."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._clock = _Clock(_FRAME_SECONDS)
        self._drawn: list[str] = []

    def say(self, text: str) -> None:
        stamp = self._painted("2", f"{self._clock.elapsed:5.1f}s")
        self._write([f"{stamp}  {text}"], self._drawn)

    def show(self, progress: Progress) -> None:
        if self._clock.strikes() or progress.left == 0:
            self._write([], self._frame(progress))

    def _write(self, lasting: list[str], frame: list[str]) -> None:
        """Put lines above the frame, and draw the frame anew."""
        up = f"\x1b[{len(self._drawn)}F" if self._drawn else ""
        lines = [f"\x1b[2K{line}\n" for line in (*lasting, *frame)]
        self._stream.write(up + "".join(lines))
        self._stream.flush()
        self._drawn = frame

    def _frame(self, progress: Progress) -> list[str]:
        return [
            self._row(name, state, progress.enqueued[name])
            for name, state in progress.states.items()
        ]

    def _row(self, name: str, state: State, enqueued: int) -> str:
        done = enqueued - state.left
        filled = _BAR * done // max(enqueued, 1)
        bar = self._painted("32", "█" * filled) + self._painted(
            "2", "·" * (_BAR - filled)
        )
        lost = state.failed + state.timed_out
        parts = [
            f"  {name:<16}{bar} {done:>5,}/{enqueued:<5,}",
            self._painted("36", f"{state.running:>3} running"),
            self._painted("33", f"{state.retrying:>3} retry"),
            self._painted("31", f"{lost:>3} failed"),
        ]
        return " ".join(parts)

    def _painted(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
