"""What became of an attempt whose result found no row to be written to.

Pure. Most often somebody else wrote to the row meanwhile. But where the answer to an
earlier write of the same result was lost, that one may have been carried out, and
the row is as we left it, or has gone on from there.
"""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from jobgen.runtime.decide import (
    Acknowledgement,
    CancelJob,
    Fail,
    GiveBack,
    Succeed,
    TimeOut,
)
from jobgen.runtime.job import Fence
from jobgen.runtime.status import JobStatus


class Unwritten(Enum):
    """Why an acknowledgement found no row of this attempt."""

    COMPLETED = "completed by the handler"
    REFUSED = "owned by a later attempt"


def explain(
    fence: Fence,
    acknowledgement: Acknowledgement,
    found: tuple[JobStatus, Fence] | None,
    *,
    in_doubt: bool,
) -> JobStatus | Unwritten:
    """The status that our own write gave the row, or why there was none.

    found: the row as it is now, None where it is gone. in_doubt: whether it was
    written before, without an answer.
    """
    if in_doubt and (own := _own(fence, acknowledgement, found)) is not None:
        return own
    if found is None:
        return Unwritten.COMPLETED
    # A row that this very attempt has finished is as it should be.
    return Unwritten.COMPLETED if _is_finished(fence, *found) else Unwritten.REFUSED


def _own(
    fence: Fence,
    acknowledgement: Acknowledgement,
    found: tuple[JobStatus, Fence] | None,
) -> JobStatus | None:
    """The status that an earlier write gave the row, if that is what it looks like."""
    match acknowledgement:
        case Succeed():
            if found is None:
                return JobStatus.SUCCEEDED  # deleted
            return _finished_as(fence, *found, JobStatus.SUCCEEDED)
        case CancelJob():
            return found and _finished_as(fence, *found, JobStatus.FAILED)
        case Fail():
            return found and _failed_as(fence, *found, JobStatus.FAILED)
        case TimeOut():
            return found and _failed_as(fence, *found, JobStatus.TIMED_OUT)
        case GiveBack():
            return found and _given_back(fence, *found)
        case _:
            assert_never(acknowledgement)


def _is_finished(fence: Fence, status: JobStatus, now: Fence) -> bool:
    same = now.locked_at == fence.locked_at
    same = same and now.attempts_count == fence.attempts_count
    return same and status is not JobStatus.RUNNING and now.locked_by is None


def _finished_as(
    fence: Fence, status: JobStatus, now: Fence, *possible: JobStatus
) -> JobStatus | None:
    return status if _is_finished(fence, status, now) and status in possible else None


def _failed_as(
    fence: Fence, status: JobStatus, now: Fence, last: JobStatus
) -> JobStatus | None:
    """`last`: without an attempt left. A retry may be fetched again at once; others
    take a row from a worker only once it has been silent for long."""
    if now.locked_at is not None and now.attempts_count > fence.attempts_count:
        return JobStatus.RETRY
    return _finished_as(fence, status, now, JobStatus.RETRY, last)


def _given_back(fence: Fence, status: JobStatus, now: Fence) -> JobStatus | None:
    """As if the attempt had not been; the next one has the same number."""
    if now.locked_at is None and now.attempts_count == fence.attempts_count - 1:
        return status
    again = now.locked_at not in (None, fence.locked_at)
    same_number = now.attempts_count == fence.attempts_count
    return JobStatus.NOT_STARTED if again and same_number else None
