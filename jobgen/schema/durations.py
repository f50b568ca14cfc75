"""Durations: `500ms`, `30s`, `5m`, `1h30m`, `7d` → timedelta.

Stage: schema. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from operator import mul

DURATION = re.compile(
    "(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m(?!s))?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)
"""How a duration is spelt, but for the empty text; editors read it too."""

_MILLISECONDS = (86_400_000, 3_600_000, 60_000, 1000, 1)

LONGEST = timedelta(days=36_500)
"""A century: more is a slip of the finger, and PostgreSQL has to add it to now()."""

_MOST_DIGITS = 100  # Python refuses to read a number of some thousands.


def parse_duration(text: str) -> timedelta | None:
    """The duration that `text` says; None where it is none or above `LONGEST`.

    Whole numbers with units from days to milliseconds, each at most once and the
    largest first.
    """
    match = DURATION.fullmatch(text)
    if not text or match is None or len(text) > _MOST_DIGITS:
        return None
    # Added up as a number: a timedelta holds less than five units may say.
    counts = (int(count or 0) for count in match.groups())
    total = sum(map(mul, counts, _MILLISECONDS))
    if total > LONGEST // timedelta(milliseconds=1):
        return None
    return timedelta(milliseconds=total)


def is_too_long(text: str) -> bool:
    """Whether `text` would be a duration if it were not above `LONGEST`."""
    well = bool(text and DURATION.fullmatch(text))
    return well and parse_duration(text) is None


_UNITS: Mapping[str, int] = {
    unit: milliseconds
    for milliseconds, units in {
        1: "ms msec msecs millisecond milliseconds",
        1000: "s sec secs second seconds",
        60_000: "m min mins minute minutes",
        3_600_000: "h hr hrs hour hours",
        86_400_000: "d day days",
        604_800_000: "w wk week weeks",
    }.items()
    for unit in units.split()
}
_PART = r"([0-9]{1,9}(?:\.[0-9]{1,3})?) *([A-Za-z]+)"


def meant_by(text: str) -> str | None:
    """How to write the duration that `1.5s`, `2 weeks` or `1 hour 30 min` means."""
    if not re.fullmatch(rf"(?:{_PART}[ ,]*){{1,6}}", text):
        return None
    left = Decimal(0)
    for count, unit in re.findall(_PART, text):
        size = _UNITS.get(unit if len(unit) == 1 else unit.lower())  # 5M is no 5m
        if size is None:
            return None
        left += Decimal(count) * size
    return None if left % 1 else _spelt(int(left))


def spelt(duration: timedelta) -> str:
    """`duration`, in whole milliseconds, as the schema writes it: `1h30m`."""
    return _spelt(duration // timedelta(milliseconds=1))


def _spelt(milliseconds: int) -> str:
    left, found = milliseconds, ""
    for size, unit in zip(_MILLISECONDS, ("d", "h", "m", "s", "ms"), strict=True):
        count, left = divmod(left, size)
        found += f"{count}{unit}" if count else ""
    return found or "0s"
