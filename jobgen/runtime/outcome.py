"""What a handler may return besides None, which means done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class _Again:
    """What two outcomes are alike in: whoever imports a generated package waits until
    each dataclass is made."""

    delay: timedelta


class Snooze(_Again):
    """Run the job again after `delay`; this attempt is not counted."""

    __slots__ = ()


class Retry(_Again):
    """Count this attempt as failed, and run the job again after `delay`.

    The last attempt fails for good.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Cancel:
    """Fail the job for good, whatever attempts are left."""

    reason: str


Outcome: TypeAlias = Snooze | Retry | Cancel
