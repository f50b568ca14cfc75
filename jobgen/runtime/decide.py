"""What happens to a row after its handler: one pure function.

not_started ──fetch──▶ running ──Succeed──────────▶ succeeded (or deleted)
     ▲                  │ │ │
     │                  │ │ └──Fail, TimeOut──────▶ retry, while attempts are
     │                  │ │                         left; then failed, timed_out
     │                  │ └────CancelJob──────────▶ failed
     └──GiveBack────────┘ (to retry, if it has failed before)

retry ──fetch──▶ running          rescue: running ─▶ retry or failed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from jobgen.runtime.outcome import Cancel, Retry, Snooze


@dataclass(frozen=True, slots=True)
class Returned:
    """The handler came back with this."""

    value: object


@dataclass(frozen=True, slots=True)
class Raised:
    """The handler raised this."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Overran:
    """The handler took longer than the job's timeout."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The worker stopped the handler for reasons of its own, such as a shutdown."""


Ending: TypeAlias = Returned | Raised | Overran | Interrupted
ENDINGS: Final = (Returned, Raised, Overran, Interrupted)


@dataclass(frozen=True, slots=True)
class Succeed:
    """Write that the job is done."""


SUCCEED: Final = Succeed()


@dataclass(frozen=True, slots=True)
class Fail:
    """Count a failed attempt; `delay` in place of the backoff."""

    error: BaseException | str
    delay: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TimeOut:
    """Count an attempt that took too long."""


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Fail for good, whatever attempts are left."""

    error: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Undo the fetch: the attempt does not count; `delay` from now, if any."""

    delay: timedelta | None = None


Acknowledgement: TypeAlias = Succeed | Fail | TimeOut | CancelJob | GiveBack


def decide(ending: Ending) -> Acknowledgement:
    """The acknowledgement that an attempt's ending calls for."""
    match ending:
        case Returned(value=value):
            return _of_value(value)
        case Raised(error=error):
            return Fail(error)
        case Overran():
            return TimeOut()
        case Interrupted():
            return GiveBack()


def _of_value(value: object) -> Acknowledgement:
    match value:
        case None:
            return SUCCEED
        case Snooze(delay=delay):
            return GiveBack(delay)
        case Retry(delay=delay):
            return Fail("Retry requested", delay)
        case Cancel(reason=reason):
            return CancelJob(f"Cancelled: {reason}")
        case _:
            return Fail(
                f"The handler returned {type(value).__name__}: a handler returns None"
                " when the job is done, or Snooze, Retry or Cancel"
            )
