"""Writes what became of an attempt, and does not give up while it is ours."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any, assert_never

import psycopg

from jobgen.runtime import plans
from jobgen.runtime.decide import (
    Acknowledgement,
    CancelJob,
    Fail,
    GiveBack,
    Succeed,
    TimeOut,
)
from jobgen.runtime.job import Fence, JobType, Statements
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, Backoff, is_connection_lost, told
from jobgen.runtime.status import JobStatus


class Unwritten(Enum):
    """Why an acknowledgement found no row of this attempt."""

    COMPLETED = "completed by the handler"
    REFUSED = "owned by a later attempt"


async def acknowledge(
    link: Link,
    job: JobType[Any, Any, Any],
    fence: Fence,
    acknowledgement: Acknowledgement,
    locked: set[str],
) -> tuple[Acknowledgement, JobStatus | Unwritten]:
    """Write it: what was written in the end, and the row's new status, or why there is
    nothing to write any more.

    Faults of the database are waited out. An outcome that the database refuses
    (a delay beyond its calendar, say) becomes a failed attempt that says so.
    `locked` names the jobs where a lock was lately waited for in vain: there, it is
    not waited for again, so that one locked row holds up no others.
    """
    backoff = Backoff()
    while True:
        run = link.briefly if job.name in locked else link.run
        try:
            status = await run(plan_of(job.statements, fence, acknowledgement))
            locked.discard(job.name)
            if status is not None:
                return acknowledgement, status
            found = await link.run(plans.state(job.statements, fence.id))
            return acknowledgement, _why(fence, found)
        except (psycopg.OperationalError, OSError, TimeoutError) as error:
            if isinstance(error, psycopg.errors.LockNotAvailable):
                locked.add(job.name)
            await _wait(backoff, job.name, fence, error)
        except FAULTS as error:
            plainest = (
                isinstance(acknowledgement, Fail) and acknowledgement.delay is None
            )
            if plainest or is_connection_lost(error):
                await _wait(backoff, job.name, fence, error)
            else:
                acknowledgement = Fail(error)


def plan_of(
    statements: Statements, fence: Fence, acknowledgement: Acknowledgement
) -> plans.Plan[JobStatus | None]:
    """The statement that writes an acknowledgement."""
    match acknowledgement:
        case Succeed():
            return plans.succeed(statements, fence)
        case Fail(error=error, delay=delay):
            return plans.fail(statements, fence, error, delay)
        case TimeOut():
            return plans.timeout(statements, fence)
        case CancelJob(error=text):
            return plans.cancel(statements, fence, text)
        case GiveBack(delay=delay):
            return plans.give_back(statements, fence, delay)
        case _:
            assert_never(acknowledgement)


def _why(fence: Fence, found: tuple[JobStatus, Fence] | None) -> Unwritten:
    """A row that this very attempt has finished, or deleted, is as it should be."""
    if found is None:
        return Unwritten.COMPLETED
    status, now = found
    same = (now.locked_at, now.attempts_count) == (
        fence.locked_at,
        fence.attempts_count,
    )
    done = status is not JobStatus.RUNNING and now.locked_by is None
    return Unwritten.COMPLETED if same and done else Unwritten.REFUSED


async def _wait(
    backoff: Backoff, name: str, fence: Fence, error: BaseException
) -> None:
    wait = backoff.failed()
    LOGGER.warning(
        "%s %s: the result is not written yet, again in %.1f s: %s",
        name,
        fence.id,
        wait,
        told(error),
    )
    await asyncio.sleep(wait)
