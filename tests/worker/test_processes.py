"""`jobgen worker --processes N`: one command, several processes, none missed."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

import generated_example as jobs
from tests.servers import Server
from tests.worker.process import command, environment, working
from tests.worker.support import enqueue, mail, statuses, wait_until

_APP = """\
import asyncio
import os
import generated_example as jobs
from jobgen.runtime import Handlers, bind


async def send_mail(job: jobs.SendMailJob) -> None:
    if job.user_id == 7:
        with open("died", "x"):
            os._exit(9)
    await asyncio.sleep({8: 2, 9: 20}.get(job.user_id, 0))


handlers = Handlers(jobs.PACKAGE, (bind(jobs.send_mail.JOB, send_mail),))
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(_APP)
    return tmp_path


def _workers(dsn: str) -> set[int]:
    """The ids of the processes that are registered."""
    with psycopg.connect(dsn) as conn:
        found = conn.execute("SELECT pid FROM jobgen_workers").fetchall()
        return {row[0] for row in found}


def test_each_process_is_a_worker_and_all_end_with_the_command(
    jobs_dsn: str, here: Path
) -> None:
    arguments = ("app:handlers", "--dsn", jobs_dsn, "--processes", "3")
    with working(here, *arguments) as process:
        wait_until(lambda: len(_workers(jobs_dsn)) == 3)
        enqueue(jobs_dsn, 5)
        wait_until(lambda: statuses(jobs_dsn) == ["succeeded"] * 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not _workers(jobs_dsn)


def test_a_process_that_dies_is_replaced(jobs_dsn: str, here: Path) -> None:
    arguments = ("app:handlers", "--dsn", jobs_dsn, "--processes", "2")
    with working(here, *arguments) as process:
        wait_until(lambda: len(_workers(jobs_dsn)) == 2)
        first = _workers(jobs_dsn)
        enqueue(jobs_dsn, 8)
        # Its entry stays behind: only a rescue knows that it is dead.
        wait_until(lambda: len(_workers(jobs_dsn) - first) == 1)
        assert (here / "died").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_process_that_dies_while_the_server_is_down_is_replaced_once_it_is_back(
    own_server: Server, here: Path
) -> None:
    """The others wait for the server too, and are not ended because one cannot begin."""
    with own_server.jobs_database() as dsn:
        arguments = ("app:handlers", "--dsn", dsn, "--processes", "2")
        with working(here, *arguments) as process:
            wait_until(lambda: len(_workers(dsn)) == 2)
            victim, survivor = _workers(dsn)
            own_server.stop()
            os.kill(victim, signal.SIGKILL)
            _read_until(process, "cannot be reached")
            own_server.start()
            enqueue(dsn, 5)
            wait_until(lambda: statuses(dsn) == ["succeeded"] * 5)
            wait_until(lambda: len(_workers(dsn) - {victim, survivor}) == 1)
            assert _is_alive(survivor)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def _read_until(process: subprocess.Popen[str], text: str) -> None:
    """What it says, up to a line with this text."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"it never said {text!r}")


def test_all_end_where_no_server_answers_at_the_start(here: Path) -> None:
    arguments = ("app:handlers", "--dsn", "host=/nowhere", "--processes", "2")
    with working(here, *arguments) as process:
        assert process.wait(30) == 2


def test_all_begin_where_the_first_one_died_before_it_was_ready(
    jobs_dsn: str, here: Path
) -> None:
    (here / "once.py").write_text(
        "import os\n"
        "if not os.path.exists('died'):\n"
        "    open('died', 'x').close()\n"
        "    os._exit(9)\n"
        "from app import handlers\n"
    )
    arguments = ("once:handlers", "--dsn", jobs_dsn, "--processes", "2")
    with working(here, *arguments) as process:
        wait_until(lambda: len(_workers(jobs_dsn)) == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_signal_to_all_of_them_is_one_request(jobs_dsn: str, here: Path) -> None:
    """A terminal sends it to each, and the parent passes it on; a later one hurries."""
    arguments = ("app:handlers", "--dsn", jobs_dsn, "--processes", "2")
    with working(here, *arguments) as process:
        wait_until(lambda: len(_workers(jobs_dsn)) == 2)
        with psycopg.connect(jobs_dsn) as conn:
            jobs.send_mail.enqueue(conn, mail(8))  # takes two seconds
            jobs.send_mail.enqueue(conn, mail(9))  # and this one twenty
        wait_until(lambda: statuses(jobs_dsn) == ["running"] * 2)
        os.killpg(process.pid, signal.SIGINT)
        wait_until(lambda: "succeeded" in statuses(jobs_dsn))
        assert statuses(jobs_dsn) == ["succeeded", "running"]
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
    assert statuses(jobs_dsn) == ["succeeded", "not_started"]


def test_a_child_of_somebody_else_is_no_worker(jobs_dsn: str, here: Path) -> None:
    """The first process of a container inherits whoever is left alone."""
    arguments = ("app:handlers", "--dsn", jobs_dsn, "--processes", "2")
    orphan = ("sh", "-c", '(sleep 2; exit 2) & exec "$@"', "sh")
    with working(here, *arguments, under=orphan) as process:
        wait_until(lambda: len(_workers(jobs_dsn)) == 2)
        time.sleep(2)
        assert process.poll() is None
        assert len(_workers(jobs_dsn)) == 2
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert "ended" not in process.stderr.read()
        assert process.wait(30) == 0


def test_processes_end_when_their_parent_is_killed(jobs_dsn: str, here: Path) -> None:
    arguments = ("app:handlers", "--dsn", jobs_dsn, "--processes", "2")
    with working(here, *arguments) as process:
        wait_until(lambda: len(_workers(jobs_dsn)) == 2)
        children = _workers(jobs_dsn)
        process.kill()
        wait_until(lambda: not any(map(_is_alive, children)))
    assert not _workers(jobs_dsn)


def test_what_is_wrong_with_all_of_them_is_said_once(here: Path) -> None:
    arguments = ("app:other", "--dsn", "host=/nowhere", "--processes", "4")
    done = subprocess.run(
        command(arguments),
        cwd=here,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == "jobgen worker: the module app has no other; its handlers are handlers\n"
    )


def _is_alive(pid: int) -> bool:
    """A zombie is not: in a container nobody may be there to reap it."""
    time.sleep(0.01)
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    except (ProcessLookupError, FileNotFoundError):
        return False
