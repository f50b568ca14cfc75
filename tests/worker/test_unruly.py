"""Handlers that would end the worker, or keep it from ending."""

import signal
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.worker.process import working
from tests.worker.support import PATIENCE, enqueue, rows, statuses, wait_until

_MODULE: Final = """\
import asyncio
import sys
import time
from pathlib import Path

import generated_example as jobs
from jobgen.runtime import Cancel


class Unprintable(Exception):
    def __str__(self):
        sys.exit(9)


async def exits():
    sys.exit(4)


async def send_mail(job):
    if job.user_id == 1:
        return None
    Path("started").touch()
{unruly}


handlers = jobs.handlers(
    send_mail=send_mail,
    render_report=print,
    post_webhook=print,
    import_contacts=print,
    prune_charts=print,
)
"""

_UNRULY: Final = {
    "a text that exits": "raise Unprintable",
    "a reason that exits": "return Cancel(Unprintable())",
    "exits": "sys.exit(4)",
    "exits in a task of its own": "await asyncio.create_task(exits())",
    "exits in a group": """async with asyncio.TaskGroup() as group:
        group.create_task(exits())""",
    "stops the loop": """asyncio.get_running_loop().stop()
    await asyncio.sleep(0.2)
    raise ValueError""",
    "cancels itself": """asyncio.current_task().cancel()
    await asyncio.sleep(1)""",
    "interrupts": "raise KeyboardInterrupt",
}


def _write_module(here: Path, unruly: str) -> None:
    (here / "app.py").write_text(_MODULE.replace("{unruly}", f"    {unruly}"))


@pytest.mark.parametrize("unruly", _UNRULY.values(), ids=list(_UNRULY))
def test_an_unruly_handler_fails_alone(
    jobs_dsn: str, tmp_path: Path, unruly: str
) -> None:
    """Two users: the handler is unruly for 0 and well for 1."""
    _write_module(tmp_path, unruly)
    with working(tmp_path, "app:handlers", "--dsn", jobs_dsn) as process:
        enqueue(jobs_dsn, 2)
        wait_until((tmp_path / "started").exists)
        wait_until(lambda: statuses(jobs_dsn)[0] in ("retry", "failed"))
        enqueue(jobs_dsn, 2)
        wait_until(lambda: statuses(jobs_dsn)[3] == "succeeded")
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert rows(jobs_dsn, "attempts_count")[:2] == [(1,), (1,)]
    assert statuses(jobs_dsn)[1] == "succeeded"


_STUBBORN: Final = {
    "a thread of the pool": "await asyncio.to_thread(time.sleep, 60)",
    "a task that is not cancelled": """while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass""",
    "a task left behind": """async def stay():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
    global left
    left = asyncio.create_task(stay())
    await asyncio.sleep(60)""",
}


@pytest.mark.parametrize("stubborn", _STUBBORN.values(), ids=list(_STUBBORN))
def test_nothing_keeps_a_worker_from_ending(
    jobs_dsn: str, tmp_path: Path, stubborn: str
) -> None:
    _write_module(tmp_path, stubborn)
    options = ("app:handlers", "--dsn", jobs_dsn, "--grace", "0.1")
    with working(tmp_path, *options) as process:
        enqueue(jobs_dsn)
        wait_until((tmp_path / "started").exists)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert rows(jobs_dsn, "status::text, attempts_count, locked_by") == [
        ("job_status_not_started", 0, None)
    ]
    with psycopg.connect(jobs_dsn) as conn:
        assert conn.execute("SELECT * FROM jobgen_workers").fetchall() == []
