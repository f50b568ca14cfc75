"""What became of an attempt, as a number of the stats and as a line of the log.

The whole error is in the row's `last_error`; the line has what tells one fault from
another, so that whoever reads the log need not ask the database first.
"""

from __future__ import annotations

import logging
from typing import Final

from jobgen.runtime.attempt import Attempt
from jobgen.runtime.decide import Acknowledgement, CancelJob, Fail
from jobgen.runtime.errors import printable, summary
from jobgen.runtime.log import LOGGER
from jobgen.runtime.results import Written
from jobgen.runtime.stats import Stats
from jobgen.runtime.status import JobStatus
from jobgen.runtime.unwritten import Unwritten

_LEVELS: Final[dict[Written, int]] = {
    JobStatus.RETRY: logging.DEBUG,
    JobStatus.FAILED: logging.WARNING,
    JobStatus.TIMED_OUT: logging.WARNING,
    Unwritten.REFUSED: logging.WARNING,
}
"""What is worth a line: when a service is down, each of a thousand jobs is retried."""

_LONGEST: Final = 200
"""Characters of an error in a line."""


def count(stats: Stats, attempt: Attempt, written: Written) -> None:
    """Add the attempt to the stats."""
    match written:
        case JobStatus.SUCCEEDED:
            stats.succeeded += 1
        case JobStatus.RETRY:
            stats.retried += 1
        case JobStatus.FAILED:
            stats.failed += 1
        case JobStatus.TIMED_OUT:
            stats.timed_out += 1
        case Unwritten.COMPLETED:
            stats.completed_by_handler += 1
        case _:
            stats.refused += 1


def tell(attempt: Attempt, acknowledgement: Acknowledgement, written: Written) -> None:
    """Log what did not go well, in one line, with the reason."""
    level = _LEVELS.get(written)
    if level is None or not LOGGER.isEnabledFor(level):
        return
    LOGGER.log(
        level,
        "%s %s, attempt %d: %s%s",
        attempt.bound.job.name,
        attempt.row.id,
        attempt.row.attempts_count,
        written.value,
        _reason(acknowledgement),
    )


def _reason(acknowledgement: Acknowledgement) -> str:
    match acknowledgement:
        case Fail(error=error) | CancelJob(error=error):
            text = error if isinstance(error, str) else summary(error)
        case _:
            return ""
    line = " ".join(printable(text[: 2 * _LONGEST]).split())
    return f": {line}" if len(line) <= _LONGEST else f": {line[:_LONGEST]}…"
