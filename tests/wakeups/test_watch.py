"""When a worker looks, promises and sleeps: `Watch`, without a database."""

from __future__ import annotations

import math
from typing import Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from jobgen.runtime.watch import PROMISE, State, Watch

_WANTED: Final = 10


def _look(watch: Watch, now: float, rows: int = 0, *, settled: bool = False) -> None:
    watch.found(now, rows, _WANTED, settled=settled)


def _until(watch: Watch, state: State) -> float:
    """Looks in vain, each when it is due, until this state; when that is."""
    now = 0.0
    while watch.state is not state:
        now = max(now, watch.look_at)
        assert now < 1, f"still {watch.state}"
        _look(watch, now, settled=True)
    return now


def _asleep(*, leased: bool = True) -> Watch:
    watch = Watch(leased=leased)
    _until(watch, State.ASLEEP)
    return watch


def _asking() -> tuple[Watch, float]:
    """Lingering, where it asks what falls due; and when that is."""
    watch, now = Watch(leased=True), 0.0
    _look(watch, now)
    while not watch.asks_due:
        now = watch.look_at
        _look(watch, now)
    assert watch.state is State.LINGERING
    return watch, now


def _promising() -> Watch:
    """Awake since its second non-empty look, at 0, and promising."""
    watch = _asleep()
    watch.wake(0)
    _look(watch, 0, 1)
    _look(watch, 0, 1)
    assert watch.may_promise(0)
    watch.promised(0)
    return watch


def test_a_new_one_looks_at_once_and_settles_before_it_sleeps() -> None:
    """It does not know what the worker before it has promised."""
    watch = Watch(leased=True)
    assert watch.look_at == -math.inf
    _until(watch, State.SETTLING)
    _until(watch, State.ASLEEP)


def test_one_without_a_lease_sleeps_without_settling() -> None:
    watch = Watch(leased=False)
    states = {watch.state}
    while watch.state is not State.ASLEEP:
        _look(watch, watch.look_at)
        states.add(watch.state)
    assert State.SETTLING not in states


def test_it_lingers_ever_longer_for_fifteen_milliseconds() -> None:
    watch = Watch(leased=True)
    now, pauses = 0.0, list[float]()
    _look(watch, now)
    while watch.state is State.LINGERING:
        pauses.append(round(watch.look_at - now, 6))
        now = watch.look_at
        _look(watch, now)
    assert pauses == [0.001, 0.002, 0.004, 0.008]


@pytest.mark.parametrize("looks", [[1], [1, 0, 1], [3]])
def test_a_lone_row_is_no_reason_to_promise(looks: list[int]) -> None:
    watch = _asleep()
    watch.wake(0)
    for rows in looks:
        _look(watch, 0, rows)
    assert not watch.may_promise(0)


@pytest.mark.parametrize("looks", [[1, 1], [_WANTED], [0, _WANTED], [1, 2, 3]])
def test_rows_that_keep_coming_are_a_reason_to_promise(looks: list[int]) -> None:
    watch = _asleep()
    watch.wake(0)
    for rows in looks:
        _look(watch, 0, rows)
    assert watch.may_promise(0)


def test_a_promise_is_renewed_when_half_of_it_is_over() -> None:
    watch = _promising()
    assert not watch.may_promise(PROMISE / 2)
    assert watch.may_promise(PROMISE / 2 + 0.001)
    assert watch.is_promising(PROMISE - 0.001)
    assert not watch.is_promising(PROMISE)


def test_one_without_a_lease_never_promises() -> None:
    watch = Watch(leased=False)
    _look(watch, 0, _WANTED)
    assert not watch.may_promise(0)


def test_after_a_promise_it_settles_before_it_sleeps() -> None:
    watch = _promising()
    _until(watch, State.SETTLING)
    states = list[State]()
    for settled in (False, True):
        _look(watch, 1, settled=settled)
        states.append(watch.state)
    assert states == [State.SETTLING, State.ASLEEP]


def test_without_a_promise_it_sleeps_at_once_the_next_time() -> None:
    watch = _asleep()
    watch.wake(0)
    _look(watch, 0, 1)
    for _ in range(5):
        _look(watch, 0)
    assert watch.state is State.ASLEEP


def test_looks_while_it_settles_come_ever_less_often() -> None:
    watch = _promising()
    now = _until(watch, State.SETTLING)
    pauses = list[float]()
    for _ in range(8):
        _look(watch, now)
        pauses.append(round(watch.look_at - now, 6))
        now = watch.look_at
    assert pauses == [0.001, 0.002, 0.004, 0.008, 0.016, 0.025, 0.025, 0.025]


def test_rows_that_come_one_by_one_do_not_end_the_settling() -> None:
    """Otherwise it would have to begin again each time."""
    watch = _promising()
    now = _until(watch, State.SETTLING)
    states = list[State]()
    for rows in (1, 0):
        _look(watch, now, rows, settled=True)
        states.append(watch.state)
    assert states == [State.SETTLING, State.ASLEEP]


def test_a_stream_of_rows_ends_the_settling() -> None:
    """They would not let it settle, and each of them would notify."""
    watch = _promising()
    now = _until(watch, State.SETTLING)
    looks = 0
    while watch.state is State.SETTLING:
        _look(watch, now, 1, settled=True)
        looks += 1
    assert looks == 8
    watch.withdrawn()
    assert watch.may_promise(now)


def test_rows_now_and_then_do_not_end_the_settling() -> None:
    watch = _promising()
    now = _until(watch, State.SETTLING)
    for _ in range(10):
        _look(watch, now, 1)
        _look(watch, now, 1)
        _look(watch, now)
    assert watch.state is State.SETTLING


def test_a_promise_that_was_withdrawn_may_be_made_anew_at_once() -> None:
    watch = _promising()
    watch.promised(0)
    assert not watch.may_promise(0)
    watch.withdrawn()
    assert watch.may_promise(0)
    assert not watch.is_promising(0)


def test_a_full_batch_ends_the_settling() -> None:
    watch = _promising()
    now = _until(watch, State.SETTLING)
    _look(watch, now, _WANTED)
    assert watch.state is State.AWAKE
    assert watch.may_promise(now + PROMISE)


def test_asleep_it_asks_when_a_row_is_due_and_looks_then() -> None:
    watch = _asleep()
    assert watch.asks_due
    watch.due(1, 0.5)
    assert not watch.asks_due
    assert watch.look_at == 1.5
    watch.due(1, None)
    assert watch.look_at == math.inf
    watch.due(1, -3)
    assert watch.look_at == 1


def test_a_row_that_falls_due_while_it_lingers_need_not_wait() -> None:
    watch, now = _asking()
    watch.due(now, 0.006)  # within the pause after the next one
    looks = list[float]()
    while watch.state is State.LINGERING:
        looks.append(round(watch.look_at - now, 6))
        _look(watch, watch.look_at)
    assert looks == [0.004, 0.006]


def test_a_row_that_is_due_and_locked_ends_no_lingering() -> None:
    watch, now = _asking()
    before = watch.look_at
    watch.due(now, -1)
    assert watch.look_at == before


def test_what_is_due_and_locked_by_others_is_looked_at_ever_less_often() -> None:
    watch = _asleep()
    now, pauses = 1.0, list[float]()
    for _ in range(10):
        watch.due(now, -1)
        now = watch.look_at
        _look(watch, now)
        watch.due(now, -1)
        pauses.append(round(watch.look_at - now, 6))
    assert pauses[:3] == [0.001, 0.002, 0.004]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 0.25


def test_a_look_is_not_put_off_by_asking_again_and_again() -> None:
    """The guard tick may come more often than looks at what others have locked."""
    watch = _asleep()
    now = 1.0
    for _ in range(10):
        watch.due(now, -1)
        now = watch.look_at
        _look(watch, now)
    watch.due(now, -1)
    look_at = watch.look_at
    for _ in range(10):
        now += 0.01
        watch.due(now, -1)
    assert watch.look_at == look_at


def test_a_notification_wakes_it() -> None:
    watch = _asleep()
    watch.wake(5)
    assert (watch.state, watch.look_at) == (State.AWAKE, 5)


def test_a_due_time_that_comes_after_a_notification_is_ignored() -> None:
    """It was asked before what was announced could be seen."""
    watch = _asleep()
    watch.wake(5)
    watch.due(5, 60)
    assert watch.look_at == 5


def test_a_table_that_is_shut_is_tried_ever_less_often() -> None:
    watch = Watch(leased=True)
    pauses = list[float]()
    for _ in range(10):
        watch.shut(0)
        pauses.append(watch.look_at)
    assert pauses[:3] == [0.001, 0.002, 0.004]
    assert pauses[-1] == 0.25


def test_a_new_connection_settles_again() -> None:
    """What was announced on the old one is lost, and so is its transaction."""
    watch = _asleep()
    watch.reconnected(5)
    assert (watch.state, watch.look_at) == (State.AWAKE, 5)
    for _ in range(5):
        _look(watch, 5)
    assert watch.state is State.SETTLING


_EVER_SO_LONG = st.floats(0, 1)


class _Watched(RuleBasedStateMachine):
    """A worker that does what `Watch` says, in any order of what may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.unsettled = True
        """Whether somebody may have read a promise, or missed a notification."""

    @initialize(leased=st.booleans())
    def start(self, leased: bool) -> None:
        self.watch = Watch(leased=leased)
        self.unsettled = leased

    @rule(seconds=_EVER_SO_LONG)
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.watch.look_at < math.inf)
    @rule(rows=st.integers(0, _WANTED), passed=st.booleans())
    def it_looks(self, rows: int, passed: bool) -> None:
        self.now = max(self.now, self.watch.look_at)
        settled = self.watch.state is State.SETTLING and passed
        if self.watch.state is State.SETTLING:
            self.watch.withdrawn()
        if self.watch.may_promise(self.now):
            self.watch.promised(self.now)
            self.unsettled = True
        if settled and not rows:
            self.unsettled = False
        _look(self.watch, self.now, rows, settled=settled)

    @rule()
    def it_is_notified(self) -> None:
        self.watch.wake(self.now)

    @rule(seconds=st.none() | st.floats(-1, 1))
    def it_asks(self, seconds: float | None) -> None:
        """Also at a guard tick, whenever that is."""
        asleep, before = self.watch.state is State.ASLEEP, self.watch.look_at
        self.watch.due(self.now, seconds)
        if asleep and seconds is not None and seconds <= 0:
            assert self.watch.look_at <= min(before, self.now + 0.25)

    @rule()
    def it_is_shut(self) -> None:
        self.watch.shut(self.now)

    @rule()
    def it_connects_again(self) -> None:
        self.watch.reconnected(self.now)
        self.unsettled = self.watch.leased

    @invariant()
    def it_never_sleeps_unsettled(self) -> None:
        assert not (self.watch.state is State.ASLEEP and self.unsettled)

    @invariant()
    def only_asleep_it_may_wait_for_ever(self) -> None:
        assert self.watch.state is State.ASLEEP or self.watch.look_at < math.inf

    @invariant()
    def awake_it_looks_within_a_quarter_of_a_second(self) -> None:
        if self.watch.state is not State.ASLEEP:
            assert self.watch.look_at <= self.now + 0.25


TestWatched = _Watched.TestCase
