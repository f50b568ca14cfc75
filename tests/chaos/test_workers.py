"""Workers that die, stand still, or run what they should not."""

from __future__ import annotations

import re
import signal
import time
from typing import Final

import pytest

from tests.chaos.stage import Stage

_HELD: Final = (
    "SELECT job.id, job.attempts_count FROM task_jobs AS job JOIN jobgen_workers"
    " AS owner ON owner.id = job.locked_by WHERE job.status = 'job_status_running'"
    " AND owner.pid = %s"
)

# What was sent before the worker was stopped is not late.
_AT_WORK: Final = (
    "SELECT FROM pg_stat_activity AS session JOIN jobgen_workers AS owner"
    " ON session.application_name LIKE 'jobgen %% ' || owner.id"
    " WHERE session.state <> 'idle' AND owner.pid = %s"
)

_REFUSED: Final = re.compile(r"task (\d+), attempt (\d+): owned by a later attempt")


@pytest.mark.parametrize("everyone", [False, True], ids=["one", "all"])
def test_workers_are_killed_again_and_again(on_stage: Stage, everyone: bool) -> None:
    for _ in range(4):
        on_stage.fleet.signal(signal.SIGKILL, everyone=everyone)
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict(f"SIGKILL of {'all' if everyone else 'one'}")


def test_a_worker_that_stood_still_writes_nothing_of_what_others_did(
    on_stage: Stage,
) -> None:
    """It comes back with what it had in hand, and tells of each that it was refused."""
    held = _stopped_in_the_middle(on_stage)
    time.sleep(on_stage.times.outage)
    on_stage.fleet.signal(signal.SIGCONT)
    on_stage.until(
        lambda: held.items() <= _refused(on_stage), "a late result is not refused"
    )
    on_stage.verdict("SIGSTOP and SIGCONT")
    attempts = on_stage.rows(
        "SELECT id, attempts_count FROM task_jobs WHERE id = ANY(%s)", list(held)
    )
    assert all(count > held[job_id] for job_id, count in attempts)


@pytest.mark.parametrize("behaviour", ["fork", "leak", "exit", "block"])
def test_handlers_misbehave(on_stage: Stage, behaviour: str) -> None:
    for _ in range(2):
        on_stage.enqueue(behaviour)
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict(f"handlers that {behaviour}")


def _stopped_in_the_middle(on_stage: Stage) -> dict[int, int]:
    """Stop a worker while it runs jobs; their ids, and the numbers of its attempts."""
    held: dict[int, int] = {}

    def stopped() -> bool:
        on_stage.fleet.signal(signal.SIGSTOP)
        pid = on_stage.fleet.pid
        if not on_stage.rows(_AT_WORK, pid):
            held.update(on_stage.rows(_HELD, pid))
        if not held:
            on_stage.fleet.signal(signal.SIGCONT)
        return bool(held)

    on_stage.until(stopped, "no worker holds a job")
    return held


def _refused(on_stage: Stage) -> set[tuple[int, int]]:
    """Jobs and attempts whose results came too late, as the workers' log has them."""
    found = _REFUSED.findall(on_stage.fleet.log())
    return {(int(job_id), int(attempt)) for job_id, attempt in found}
