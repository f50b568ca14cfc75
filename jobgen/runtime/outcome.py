"""What a handler may return besides None, which means done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Snooze:
    """Run the job again after `delay`; this attempt is not counted."""

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Retry:
    """Count this attempt as failed, and run the job again after `delay`.

    The last attempt fails for good.
    """

    delay: timedelta


@dataclass(frozen=True, slots=True)
class Cancel:
    """Fail the job for good, whatever attempts are left."""

    reason: str


Outcome: TypeAlias = Snooze | Retry | Cancel
