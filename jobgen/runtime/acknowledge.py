"""Writes what became of an attempt, and does not give up while it is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, assert_never

import psycopg

from jobgen.runtime import plans, worker_plans
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
from jobgen.runtime.log import FAULTS, LOGGER, is_connection_lost, told
from jobgen.runtime.pauses import Pauses
from jobgen.runtime.status import JobStatus
from jobgen.runtime.unwritten import Unwritten, explain


async def acknowledge(
    link: Link,
    job: JobType[Any, Any, Any],
    fence: Fence,
    acknowledgement: Acknowledgement,
    locked: set[str],
    held: Callable[[], None],
    *,
    in_doubt: bool,
) -> tuple[Acknowledgement, JobStatus | Unwritten]:
    """Write it: what was written in the end, and the row's new status, or why there is
    nothing to write any more.

    Faults of the database are waited out. An outcome that the database refuses (a
    delay beyond its calendar, say), or that cannot be sent to it for whatever reason,
    becomes a failed attempt that says so.
    `locked` names the jobs where a lock was lately waited for in vain: there, it is
    not waited for again, so that one locked row holds up no others. `held` is called
    when an equal job waits, of which a unique index allows one: that has to run before.
    in_doubt: whether it was written before, and the answer was lost.
    """
    pauses = Pauses()
    while True:
        run = link.briefly if job.name in locked else link.run
        is_sent = False
        try:
            await link.open()
            is_sent = True
            status = await run(plan_of(job.statements, fence, acknowledgement))
            is_sent = False  # and answered: what is lost from here on is another answer
            locked.discard(job.name)
            if status is not None:
                return acknowledgement, status
            found = await link.run(worker_plans.state(job.statements, fence.id))
            reason = explain(fence, acknowledgement, found, in_doubt=in_doubt)
            return acknowledgement, reason
        except (psycopg.OperationalError, OSError, TimeoutError) as error:
            in_doubt = in_doubt or (is_sent and is_connection_lost(error))
            if isinstance(error, psycopg.errors.LockNotAvailable):
                locked.add(job.name)
            await _wait(pauses, job.name, fence, error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # a handler's own kind of delay may do anything
            in_fault = isinstance(error, FAULTS)
            plainest = (
                isinstance(acknowledgement, Fail) and acknowledgement.delay is None
            )
            is_lost = in_fault and is_connection_lost(error)
            if not (plainest or is_lost):
                acknowledgement = Fail(error)
                continue
            if isinstance(error, psycopg.errors.UniqueViolation):
                held()
            await _wait(pauses, job.name, fence, error)


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


async def _wait(pauses: Pauses, name: str, fence: Fence, error: BaseException) -> None:
    wait = pauses.failed()
    LOGGER.warning(
        "%s %s: the result is not written yet, again in %.1f s: %s",
        name,
        fence.id,
        wait,
        told(error),
    )
    await asyncio.sleep(wait)
