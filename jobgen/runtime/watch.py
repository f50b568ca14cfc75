"""When to look at one table, and what to do before: a machine of four states.

Pure: times are seconds of a monotonic clock, and arguments.

            rows                           nothing, 5 times        nothing promised
  AWAKE ◀─────────▶ LINGERING ─────────────────▶ SETTLING ─────────────────▶ ASLEEP
    ▲    nothing                 (at once to ASLEEP, if it promised nothing)    │
    └───────────────── a notification, or rows that have become due ────────────┘

Awake, a worker promises to go on looking, so that nobody is notified. Before it
sleeps it must withdraw the promise, and then wait for every transaction that may
have read it: the fetch after that sees what those inserted. Only so is no row
overlooked; the guard tick bounds what a broken promise can cost.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Final

PROMISE: Final = 0.2
"""Seconds for which a worker promises to look."""
_RENEW_AFTER: Final = PROMISE / 2
_LINGER: Final = (0.001, 0.002, 0.004, 0.008)
"""Pauses before a table counts as empty: a busy one is seldom so for long."""
_ASKS_BEFORE: Final = 2
"""The first of those pauses that a row which falls due meanwhile would notice."""
_STREAM: Final = 8
"""Looks in a row that find rows, until a worker that settles is awake again: rows that
keep coming would never let it settle, and meanwhile each of them notifies."""
_FIRST_PAUSE: Final = 0.001
_LONGEST_SETTLING: Final = 0.025
_LONGEST_LOCKED: Final = 0.25
_LONGEST_FAULTY: Final = 5.0


class State(Enum):
    AWAKE = "looks again and again"
    LINGERING = "found nothing, and looks a few times more"
    SETTLING = "has withdrawn its promise, and waits for whoever may have read it"
    ASLEEP = "looks when it is told to, or when a row falls due"


class Watch:
    """`leased`: the triggers of the table are silent while a worker promises."""

    def __init__(self, *, leased: bool) -> None:
        self.leased = leased
        self.look_at = -math.inf
        """When to look next."""
        self.asks_due = False
        """Whether to ask when the next row falls due; `due` takes the answer."""
        self._state = State.AWAKE
        self._unsettled = leased
        self._promised_at = -math.inf
        self._found_in_a_row = 0
        self.was_full = False
        """Whether the last look took as many rows as there was room for."""
        self._step = 0
        self._pause = 0.0
        self._due_at = math.inf

    @property
    def state(self) -> State:
        return self._state

    def reconnected(self, now: float) -> None:
        """Whatever was announced on the connection before is lost."""
        self._enter(State.AWAKE, now)
        self._unsettled = self.leased
        self._promised_at = -math.inf

    def wake(self, now: float) -> None:
        """There may be rows now."""
        self.look_at = min(self.look_at, now)
        if self._state is State.ASLEEP:
            self._enter(State.AWAKE, now)

    def may_promise(self, now: float) -> bool:
        """Whether to promise before the look that comes: where rows keep coming.

        To be asked only when there is room for rows, so that a worker that cannot
        take any lets its promise run out, and inserts wake others.
        """
        busy = self.was_full or self._found_in_a_row >= 2
        return (
            self.leased
            and busy
            and self._state is State.AWAKE
            and now - self._promised_at > _RENEW_AFTER
        )

    def is_promising(self, now: float) -> bool:
        """Whether a promise of this worker still holds."""
        return self.leased and now - self._promised_at < PROMISE

    def promised(self, now: float) -> None:
        """The promise is made."""
        self._promised_at = now
        self._unsettled = True

    def withdrawn(self) -> None:
        """The promise is taken back, so that a new one may be made at once."""
        self._promised_at = -math.inf

    def found(self, now: float, rows: int, wanted: int, *, settled: bool) -> None:
        """A look at all that is ready took `rows`, and had room for `wanted`.

        settled: before it, all who may have read a promise had ended.
        """
        self.was_full = rows == wanted
        if rows:
            self._found(now)
        else:
            self._found_nothing(now, settled=settled)

    def due(self, now: float, seconds: float | None) -> None:
        """In so many seconds the first row falls due; None: there is no row."""
        self.asks_due = False
        if self._state is State.LINGERING and seconds is not None and seconds > 0:
            self._due_at = now + seconds
            self.look_at = min(self.look_at, self._due_at)
        if self._state is not State.ASLEEP:
            return
        if seconds is None:
            self.look_at = math.inf
        elif seconds > 0:
            self.look_at = now + seconds
        else:  # ready since the last look, or locked by somebody else
            self.look_at = min(self.look_at, now + self._pause)

    def shut(self, now: float, *, faulty: bool = False) -> None:
        """The table is locked, or faulty: look again after a pause that grows."""
        self._grow_pause(_LONGEST_FAULTY if faulty else _LONGEST_LOCKED)
        self.look_at = now + self._pause

    def _found(self, now: float) -> None:
        self._found_in_a_row += 1
        if (
            self._state is State.SETTLING
            and not self.was_full
            and self._found_in_a_row < _STREAM
        ):
            # Not settled yet: a few rows that come one by one change nothing.
            self._again(now)
        else:
            self._enter(State.AWAKE, now)

    def _found_nothing(self, now: float, *, settled: bool) -> None:
        self._found_in_a_row = 0
        match self._state:
            case State.AWAKE:
                self._enter(State.LINGERING, now + _LINGER[0])
            case State.LINGERING:
                self._step += 1
                if self._step < len(_LINGER):
                    self._linger(now)
                elif self._unsettled:
                    self._enter(State.SETTLING, now)
                else:
                    self._sleep()
            case State.SETTLING:
                if settled:
                    self._unsettled = False
                    self._sleep()
                else:
                    self._again(now)
            case State.ASLEEP:  # due, and yet nothing: it is locked, or not due yet
                self._grow_pause(_LONGEST_LOCKED)
                self._sleep()

    def _linger(self, now: float) -> None:
        self.look_at = now + _LINGER[self._step]
        self.asks_due = self._step == _ASKS_BEFORE
        if now < self._due_at:
            self.look_at = min(self.look_at, self._due_at)

    def _again(self, now: float) -> None:
        self._grow_pause(_LONGEST_SETTLING)
        self.look_at = now + self._pause

    def _enter(self, state: State, look_at: float) -> None:
        self._state = state
        self.look_at = look_at
        self.asks_due = False
        self._step = 0
        self._pause = 0.0
        self._due_at = math.inf

    def _sleep(self) -> None:
        pause = self._pause if self._state is State.ASLEEP else 0.0
        self._enter(State.ASLEEP, math.inf)
        self._pause = pause
        self.asks_due = True

    def _grow_pause(self, longest: float) -> None:
        self._pause = min(max(2 * self._pause, _FIRST_PAUSE), longest)
