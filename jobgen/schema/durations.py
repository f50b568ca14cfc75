"""Durations: `500ms`, `30s`, `5m`, `1h30m`, `7d` → timedelta.

Stage: schema. Pure.
"""

from __future__ import annotations

import re
from datetime import timedelta
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
    spelt = bool(text and DURATION.fullmatch(text))
    return spelt and parse_duration(text) is None
