"""Workers that die, stand still, or run what they should not."""

from __future__ import annotations

import signal
import time

import pytest

from tests.chaos.stage import Stage


@pytest.mark.parametrize("everyone", [False, True], ids=["one", "all"])
def test_workers_are_killed_again_and_again(on_stage: Stage, everyone: bool) -> None:
    for _ in range(4):
        on_stage.fleet.signal(signal.SIGKILL, everyone=everyone)
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict(f"SIGKILL of {'all' if everyone else 'one'}")


def test_a_worker_that_stood_still_writes_nothing_of_what_others_did(
    on_stage: Stage,
) -> None:
    on_stage.fleet.signal(signal.SIGSTOP)
    pid = on_stage.fleet.processes[0].pid
    held = on_stage.rows(
        "SELECT job.id FROM task_jobs AS job JOIN jobgen_workers AS owner"
        " ON owner.id = job.locked_by WHERE owner.pid = %s",
        pid,
    )
    time.sleep(on_stage.times.outage)
    on_stage.fleet.signal(signal.SIGCONT)
    on_stage.verdict("SIGSTOP and SIGCONT")
    attempts = on_stage.rows(
        "SELECT attempts_count FROM task_jobs WHERE id = ANY(%s)",
        [row[0] for row in held],
    )
    assert all(count >= 2 for (count,) in attempts)


@pytest.mark.parametrize("behaviour", ["fork", "leak", "exit", "block"])
def test_handlers_misbehave(on_stage: Stage, behaviour: str) -> None:
    for _ in range(2):
        on_stage.enqueue(behaviour)
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict(f"handlers that {behaviour}")
