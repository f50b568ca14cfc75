"""Durations as the schema file writes them."""

from datetime import timedelta

import pytest

from jobgen.schema.durations import (
    LONGEST,
    is_too_long,
    meant_by,
    parse_duration,
    spelt,
)


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
        ("36500d", LONGEST),
        ("876000h", LONGEST),
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


@pytest.mark.parametrize(
    "text",
    ["36501d", "36500d1ms", "999999999d999999999h", "9" * 50 + "ms", "9" * 5000 + "d"],
)
def test_what_no_timedelta_may_hold_is_none(text: str) -> None:
    """Nothing that a user can write raises; and it is said to be too long."""
    assert parse_duration(text) is None
    assert is_too_long(text)


@pytest.mark.parametrize("text", ["", "s", "30", "36500d", "99999d1w"])
def test_what_fits_or_is_no_duration_is_not_too_long(text: str) -> None:
    """One mistake is not called another."""
    assert not is_too_long(text)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("1.5s", "1s500ms"),
        ("1.5h", "1h30m"),
        ("30 s", "30s"),
        ("2 weeks", "14d"),
        ("1 hour, 30 min", "1h30m"),
        ("30S", None),
        ("5M", None),
        ("1h30", None),
        ("0.0001s", None),
        ("0.001ms", None),
        ("3 fortnights", None),
        ("999999999w", "6999999993d"),
        ("1s" * 7, None),
        ("", None),
    ],
)
def test_a_duration_of_elsewhere_is_told_in_the_units_here(
    text: str, better: str | None
) -> None:
    """Where it is one, in whole milliseconds."""
    assert meant_by(text) == better


@pytest.mark.parametrize("text", ["500ms", "30s", "1h30m", "7d", "1d2h3m4s5ms", "0s"])
def test_a_duration_is_spelt_as_it_is_read(text: str) -> None:
    """So that a message says nothing that a schema could not."""
    duration = parse_duration(text)
    assert duration is not None
    assert spelt(duration) == text
