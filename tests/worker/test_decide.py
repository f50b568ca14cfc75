"""The pure function that says what happens to a row after its handler."""

from datetime import timedelta

import pytest

from jobgen.runtime import Cancel, Retry, Snooze
from jobgen.runtime.decide import (
    Acknowledgement,
    CancelJob,
    Ending,
    Fail,
    GiveBack,
    Interrupted,
    Overran,
    Raised,
    Returned,
    Succeed,
    TimeOut,
    decide,
)

_DELAY = timedelta(seconds=7)
_ERROR = ValueError("no")


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        (Returned(None), Succeed()),
        (Returned(Snooze(_DELAY)), GiveBack(_DELAY)),
        (Returned(Retry(_DELAY)), Fail("Retry requested", _DELAY)),
        (Returned(Cancel("why")), CancelJob("Cancelled: why")),
        (Raised(_ERROR), Fail(_ERROR)),
        (Overran(), TimeOut()),
        (Interrupted(), GiveBack()),
    ],
)
def test_each_ending_has_its_acknowledgement(
    ending: Ending, expected: Acknowledgement
) -> None:
    assert decide(ending) == expected


@pytest.mark.parametrize("value", [0, False, "", True, 5, Snooze])
def test_a_value_that_is_no_outcome_fails_the_attempt(value: object) -> None:
    decision = decide(Returned(value))
    assert isinstance(decision, Fail)
    assert decision.delay is None
    assert str(decision.error).startswith(
        f"The handler returned {type(value).__name__}: "
    )
