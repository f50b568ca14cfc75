"""`python -m benchmarks.build`: how long the generator takes, start-up included.

Whole processes in rounds that alternate, medians, and ratios to a Python that
does nothing: a busy machine slows them all.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

JOBS: Final = 500
ROUNDS: Final = 7

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
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        _write_schema(project)
        build = ["-m", "jobgen", "build", "schema.yaml"]
        measured: dict[str, Callable[[], float]] = {
            "python -c pass": lambda: _seconds(project, ["-c", "pass"]),
            "import argparse": lambda: _seconds(project, ["-c", "import argparse"]),
            "jobgen --version": lambda: _seconds(
                project, ["-m", "jobgen", "--version"]
            ),
            f"build of {JOBS} jobs": lambda: _first(project, build),
            "unchanged build": lambda: _seconds(project, build),
            "unchanged --check": lambda: _seconds(project, [*build, "--check"]),
        }
        found: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(ROUNDS):
            for name, measure in measured.items():
                found[name].append(measure())
    print("| what | seconds (median, range) | × python -c pass |")
    print("|---|---|---|")
    nothing = statistics.median(found["python -c pass"])
    for name, seconds in found.items():
        print(
            f"| {name} | {_text(seconds)} | {statistics.median(seconds) / nothing:.1f} |"
        )


def _write_schema(project: Path) -> None:
    """A schema of `JOBS` jobs with ten columns each."""
    (project / "pyproject.toml").touch()
    jobs = "".join(_JOB.format(number=number) for number in range(JOBS))
    (project / "schema.yaml").write_text(_HEAD + jobs, encoding="utf-8")


def _first(project: Path, build: list[str]) -> float:
    shutil.rmtree(project / "big", ignore_errors=True)
    return _seconds(project, build)


def _seconds(project: Path, arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def _text(seconds: list[float]) -> str:
    median = statistics.median(seconds)
    return f"{median:.3f} ({min(seconds):.3f} to {max(seconds):.3f})"


if __name__ == "__main__":
    main()
