"""Several worker processes under one that watches over them (POSIX).

The parent opens no connection and imports nothing of the user's: it forks first. A
child that dies is replaced; one that refuses to start ends them all. Where the server
does not answer, those of the beginning refuse; a replacement is replaced, as its
siblings wait for the server too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

assert sys.platform != "win32"

REFUSED: Final = 2
UNREACHABLE: Final = 3
"""Exit statuses of a child that cannot start."""

_LOGGER: Final = logging.getLogger("jobgen")

_SHORT_LIFE: Final = 5.0
"""Seconds: who dies sooner is replaced after a pause, so that nothing spins."""

Child = Callable[[Callable[[], None]], int]
"""Runs a worker until it is stopped; calls its argument once it may start for good."""


def run(count: int, child: Child) -> int:
    """Run `count` children until SIGINT or SIGTERM: 0, or 2 where one refuses.

    The first must be ready before the others are begun, so that what is wrong with
    all of them is said once.
    """
    return _Family(count, child).run()


class _Family:
    def __init__(self, count: int, child: Child) -> None:
        self._count = count
        self._child = child
        self._born: dict[int, float] = {}
        self._replaced = False
        """Whether a child has ended: those that are born now are replacements."""
        self._stopping = False
        self._refused = False
        # Nothing is ever written: at the parent's death the children see the end.
        self._life, self._parent = os.pipe()

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        if self._fork_and_wait():
            self._fill()
        while self._born:
            self._bury()
        return REFUSED if self._refused else 0

    def _fill(self) -> None:
        while len(self._born) < self._count and not self._stopping:
            self._fork()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """A second signal is passed on like the first: it hurries the shutdown."""
        self._stopping = True
        for pid in tuple(self._born):
            _kill(pid, signal.SIGTERM)

    def _bury(self) -> None:
        """Wait until a child ends, and put another in its place."""
        pid, status = os.wait()
        born = self._born.pop(pid, None)
        if born is None:
            return  # an orphan, whom the first process of a container inherits
        lived = time.monotonic() - born
        code = os.waitstatus_to_exitcode(status)
        if self._stopping:
            return
        if code == REFUSED or (code == UNREACHABLE and not self._replaced):
            self._refused = True
            self._stop(signal.SIGTERM, None)
            return
        self._replaced = True
        how = f"signal {-code}" if code < 0 else f"status {code}"
        _LOGGER.error("worker process %d ended (%s); another begins", pid, how)
        if lived < _SHORT_LIFE:
            time.sleep(1)
        self._fill()  # all of them, where the first one ended before it was ready

    def _fork_and_wait(self) -> bool:
        """Fork one child; whether it became ready before it ended."""
        ready, tell = os.pipe()
        self._fork(tell)
        os.close(tell)
        found = os.read(ready, 1)
        os.close(ready)
        return bool(found)

    def _fork(self, tell: int | None = None) -> None:
        # A signal now would meet a child that has no handlers of its own yet, or that
        # the parent does not know yet.
        signals = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        if self._stopping:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            return
        pid = os.fork()
        if pid == 0:
            for number in signals:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            self._be_child(tell)
        self._born[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    def _be_child(self, tell: int | None) -> None:
        """Never returns: what the parent does at its end is not the child's to do."""
        status = 1
        try:
            os.close(self._parent)
            threading.Thread(target=self._die_with_parent, daemon=True).start()
            status = self._child(lambda: _say(tell))
        except BaseException:
            _LOGGER.exception("a worker process fails")
        finally:
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _die_with_parent(self) -> None:
        os.read(self._life, 1)
        _kill(os.getpid(), signal.SIGTERM)


def _say(tell: int | None) -> None:
    if tell is not None:
        os.write(tell, b".")
        os.close(tell)


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
