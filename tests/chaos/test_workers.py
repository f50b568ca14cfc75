"""Workers that die, stand still, or run what they should not."""

from __future__ import annotations

import signal
import time
from typing import Final

import pytest

from tests.chaos.stage import Stage

_HELD: Final = (
    "SELECT job.id FROM task_jobs AS job JOIN jobgen_workers AS owner"
    " ON owner.id = job.locked_by WHERE job.status = 'job_status_running'"
    " AND owner.pid = %s"
)


@pytest.mark.parametrize("everyone", [False, True], ids=["one", "all"])
def test_workers_are_killed_again_and_again(on_stage: Stage, everyone: bool) -> None:
    for _ in range(4):
        on_stage.fleet.signal(signal.SIGKILL, everyone=everyone)
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict(f"SIGKILL of {'all' if everyone else 'one'}")


def test_a_worker_that_stood_still_writes_nothing_of_what_others_did(
    on_stage: Stage,
) -> None:
    held = _stopped_in_the_middle(on_stage)
    time.sleep(on_stage.times.outage)
    on_stage.fleet.signal(signal.SIGCONT)
    on_stage.verdict("SIGSTOP and SIGCONT")
    attempts = on_stage.rows(
        "SELECT attempts_count FROM task_jobs WHERE id = ANY(%s)", held
    )
    assert all(count >= 2 for (count,) in attempts)


@pytest.mark.parametrize("behaviour", ["fork", "leak", "exit", "block"])
def test_handlers_misbehave(on_stage: Stage, behaviour: str) -> None:
    for _ in range(2):
        on_stage.enqueue(behaviour)
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict(f"handlers that {behaviour}")


def _stopped_in_the_middle(on_stage: Stage) -> list[int]:
    """Stop a worker while it runs jobs; their ids."""
    held: list[int] = []

    def stopped() -> bool:
        on_stage.fleet.signal(signal.SIGSTOP)
        held[:] = [row[0] for row in on_stage.rows(_HELD, on_stage.fleet.pid)]
        if not held:
            on_stage.fleet.signal(signal.SIGCONT)
        return bool(held)

    on_stage.until(stopped, "no worker holds a job")
    return held
