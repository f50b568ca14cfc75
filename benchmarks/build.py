"""`python -m benchmarks.build`: how long the generator takes, start-up included,
and how long what it generates takes to import.

Whole processes (imports: within one) in rounds that alternate, medians, and ratios
to a Python that does nothing: a busy machine slows them all. CPU is that of the process, user and
system: it varies less than the clock, and counts every processor. Each first build
has a directory of its own, in memory where there is one: to create its 1,000 files takes
a disk between 30 ms and a second, in one place of ext4 and in another, which is not
jobgen's. A row of its own shows what this disk adds. What earlier runs keep for later
ones (compiled templates) is kept in a directory of the benchmark's.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count as numbers
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Final

from tests import memory

JOBS: Final = 500
ROUNDS: Final = 9

_HERE: Final = Path(__file__).parents[1]
_IMPORTED: Final = """\
import psycopg
from time import perf_counter, process_time
wall, cpu = perf_counter(), process_time()
import {module}
print(perf_counter() - wall, process_time() - cpu)
"""

_HEAD: Final = """\
jobgen: 1
package: big
output: big
enums:
  kind: [first, second, third]
jobs:
"""
_JOB: Final = """\
  job_{number}:
    doc: Do the work of number {number}.
    columns:
      user_id: bigint
      email: text
      subject: text?
      due_at: timestamptz
      data: jsonb
      kind: {{type: kind, default: first, doc: Which of them.}}
      counts: integer[]
      urgent: boolean
      amount: numeric(12,2)
      session: uuid?
"""


def main() -> None:
    """Print a Markdown table of seconds."""
    with (
        tempfile.TemporaryDirectory(dir=memory.directory()) as directory,
        tempfile.TemporaryDirectory() as on_disk,
    ):
        project, disk = Path(directory), Path(on_disk)
        _write_schema(project)
        _write_schema(disk)
        build = ["-m", "jobgen", "build", "schema.yaml"]
        small = ["-m", "jobgen", "build", "small.yaml"]
        fresh = (f"--output=fresh{number}" for number in numbers())
        unknown = (project / f"unknown{number}" for number in numbers())
        found = _measured(
            {
                "python -c pass": lambda: _run(project, ["-c", "pass"]),
                "import argparse": lambda: _run(project, ["-c", "import argparse"]),
                "jobgen --version": lambda: _run(
                    project, ["-m", "jobgen", "--version"]
                ),
                f"build of {JOBS} jobs": lambda: _run(project, [*build, next(fresh)]),
                "the first of all": lambda: _run(
                    project, [*build, next(fresh)], cache=next(unknown)
                ),
                "the same on this disk": lambda: _run(disk, [*build, next(fresh)]),
                "build of one job": lambda: _run(project, [*small, next(fresh)]),
                "build": lambda: _run(project, build),
                "unchanged build": lambda: _run(project, build),
                "unchanged --check": lambda: _run(project, [*build, "--check"]),
                "import of a package": lambda: _imported("generated_example"),
                "of one job alone": lambda: _imported("generated_example.send_mail"),
            }
        )
    _print(found)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, in seconds."""

    wall: float
    cpu: float


def _measured(processes: dict[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    found: dict[str, list[Cost]] = {name: [] for name in processes}
    for _ in range(ROUNDS):
        for name, measure in processes.items():
            found[name].append(measure())
    del found["build"]  # the first one has something to do, the others have not
    return found


def _print(found: dict[str, list[Cost]]) -> None:
    print("| what | seconds (median, range) | CPU | × CPU of python -c pass |")
    print("|---|---|---|---|")
    nothing = _cpu(found["python -c pass"])
    for name, costs in found.items():
        cpu = _cpu(costs)
        wall = _text([cost.wall for cost in costs])
        print(f"| {name} | {wall} | {cpu:.3f} | {cpu / nothing:.1f} |")


def _cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu for cost in costs)


def _write_schema(project: Path) -> None:
    """Schemas of `JOBS` jobs and of one, with ten columns each."""
    (project / "pyproject.toml").touch()
    for name, count in (("schema", JOBS), ("small", 1)):
        jobs = "".join(_JOB.format(number=number) for number in range(count))
        (project / f"{name}.yaml").write_text(_HEAD + jobs, encoding="utf-8")


def _run(home: Path, arguments: Sequence[str], cache: Path | None = None) -> Cost:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache or home / "cache")}
    started, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - started, getrusage(RUSAGE_CHILDREN)
    user = after.ru_utime - before.ru_utime
    return Cost(wall, user + after.ru_stime - before.ru_stime)


def _imported(module: str) -> Cost:
    """What it adds to an import of psycopg, in that process."""
    command = [sys.executable, "-c", _IMPORTED.format(module=module)]
    done = subprocess.run(command, cwd=_HERE, check=True, capture_output=True)
    wall, cpu = map(float, done.stdout.split())
    return Cost(wall, cpu)


def _text(seconds: list[float]) -> str:
    median = statistics.median(seconds)
    return f"{median:.3f} ({min(seconds):.3f} to {max(seconds):.3f})"


if __name__ == "__main__":
    main()
