"""Durations: `500ms`, `30s`, `5m`, `1h30m`, `7d` → timedelta.

Stage: schema. Pure.
"""

from __future__ import annotations

import re
from datetime import timedelta

_DURATION = re.compile(
    r"(?:(?P<d>[0-9]{1,9})d)?(?:(?P<h>[0-9]{1,9})h)?(?:(?P<m>[0-9]{1,9})m(?!s))?"
    r"(?:(?P<s>[0-9]{1,9})s)?(?:(?P<ms>[0-9]{1,9})ms)?"
)

LONGEST = timedelta(days=36_500)
"""A century: more is a slip of the finger, and PostgreSQL has to add it to now()."""


def parse_duration(text: str) -> timedelta | None:
    """The duration that `text` says; None where it is none or above `LONGEST`.

    Whole numbers with units from days to milliseconds, each at most once and the
    largest first.
    """
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return None
    days, hours, minutes, seconds, milliseconds = (
        int(match[unit] or 0) for unit in ("d", "h", "m", "s", "ms")
    )
    total = timedelta(
        days=days,
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        milliseconds=milliseconds,
    )
    return total if total <= LONGEST else None
