"""A large schema is built on all processors, to the same end as on one.

In a process of its own: this one may have threads, and is not copied then.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.project import Project

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere processes are not copied"
)

COLUMNS = "{user_id: bigint, note: text}"
LARGE = "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\njobs:\n" + "".join(
    f"  job_{number}:\n    columns: {COLUMNS}\n" for number in range(60)
)

TASKS = """
import os, signal, sys, threading, time
os.sched_getaffinity = lambda process: {{0, 1, 2}}
from jobgen.cli.parallel import shared

parent = os.getpid()

def task(number):
    def do():
        time.sleep(0.001)  # or one process has done all before another begins
        {work}
        return {{str(number): str(os.getpid())}}
    return do

{before}
results = shared([task(number) for number in range(300)])
assert [[*each] for each in results] == [[str(number)] for number in range(300)]
print(*{{process for each in results for process in each.values()}}, parent)
"""
ELSEWHERE = "if os.getpid() != parent: "


def ran(work: str = "pass", before: str = "") -> subprocess.CompletedProcess[str]:
    """Does 300 tasks, all of which do `work`, where there are three processors."""
    script = TASKS.format(work=work, before=before)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )


def processes(done: subprocess.CompletedProcess[str]) -> tuple[set[str], str]:
    """Those whose results were taken, and the one that was asked."""
    assert done.stderr == ""
    *found, parent = done.stdout.split()
    return set(found), parent


def test_each_processor_has_its_share() -> None:
    found, parent = processes(ran())
    assert len(found) == 3
    assert parent in found


def test_what_a_killed_copy_owes_is_done() -> None:
    found, parent = processes(ran(f"{ELSEWHERE}os.kill(os.getpid(), signal.SIGKILL)"))
    assert found == {parent}


@pytest.mark.parametrize("error", ["OSError", "KeyboardInterrupt", "SystemExit"])
def test_what_a_copy_fails_to_do_is_done_without_a_word(error: str) -> None:
    found, parent = processes(ran(f"{ELSEWHERE}raise {error}"))
    assert found == {parent}


def test_a_task_that_fails_everywhere_fails_once() -> None:
    done = ran("raise ValueError('nobody can')")
    assert done.returncode == 1
    assert done.stderr.count("ValueError: nobody can") == 1


def test_it_goes_on_where_no_process_can_be_made() -> None:
    refused = "def refused(): raise BlockingIOError\nos.fork = refused"
    found, parent = processes(ran(before=refused))
    assert found == {parent}


def test_a_process_with_threads_is_not_copied() -> None:
    """Whatever they hold would be held for ever in the copy."""
    thread = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    found, parent = processes(ran(before=thread))
    assert found == {parent}


def built(project: Project, processors: str) -> tuple[dict[str, bytes], int]:
    """The package, made where there are those processors, and by how many copies."""
    script = (
        f"import os; os.sched_getaffinity = lambda process: {processors}\n"
        "copies = []; os.register_at_fork(before=lambda: copies.append(1))\n"
        "from jobgen.cli.main import main\n"
        "assert main(['build', 'schemas/jobs.yaml']) == 0\n"
        "print(len(copies))"
    )
    for made in project.output.rglob("*.*"):
        made.unlink()
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.root,
        capture_output=True,
        check=True,
        text=True,
    )
    files = {
        path.relative_to(project.output).as_posix(): path.read_bytes()
        for path in project.output.rglob("*.*")
    }
    return files, int(done.stdout.split()[-1])


def test_the_package_is_the_same_on_many_processors(project: Project) -> None:
    project.write(LARGE)
    alone, copies = built(project, "{0}")
    assert not copies
    assert "job_59.py" in alone
    assert built(project, "{0, 1}") == (alone, 2)  # to emit, to write


def test_a_small_schema_is_not_shared_out(project: Project) -> None:
    """A process more would take longer than all that there is to do."""
    assert not built(project, "{0, 1}")[1]


LIMITED = """
import os, resource, sys
os.sched_getaffinity = lambda process: {0, 1}
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
from jobgen.cli.main import main
sys.exit(main(["build", "schemas/jobs.yaml"]))
"""


def test_a_file_that_no_process_can_write_is_told_once(project: Project) -> None:
    """It is too large here; whatever else could be written is whole."""
    project.write(LARGE)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        cwd=project.root,
        capture_output=True,
        text=True,
    )
    name = project.output / "_schema.py"
    assert done.returncode == 2
    assert done.stderr.count("error[bad-output]") == 1
    assert f"cannot write {name}: File too large" in done.stderr
    assert not name.exists()
    assert not list(project.output.rglob(".*"))
