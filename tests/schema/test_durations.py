"""Durations as the schema file writes them."""

from datetime import timedelta

import pytest

from jobgen.schema.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("1d2h3m4s5ms", timedelta(1, 2 * 3600 + 3 * 60 + 4, 5000)),
        ("0s", timedelta()),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, expected: timedelta) -> None:
    """Units go from days down to milliseconds."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "30", "s", "1.5h", "10 s", "30S", "1s1s", "5m1h", "-1s", "1w", "٣s", "36501d"],
)
def test_anything_else_is_none(text: str) -> None:
    """No sign, no fraction, no space, no unit twice, no century."""
    assert parse_duration(text) is None


def test_more_digits_than_a_timedelta_takes_are_none() -> None:
    """Nothing that a user can write raises."""
    assert parse_duration("9" * 5000 + "d") is None
