"""Applies one mutant to a copy of the project and runs the test that must fail."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
_COPIED: Final = (
    "jobgen",
    "templates",
    "schemas",
    "generated_example",
    "examples",
    "tests",
    "pyproject.toml",
    "README.md",
)
_TESTS_FAILED: Final = 1  # pytest's exit status for it; others are faults of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Replace the one place of `old` in `file` by `new`; then `test` must fail.

    `test` is what pytest takes: a file, or a file::name; `only` a -k expression.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`problem` is empty where the mutant was caught."""

    mutant: Mutant
    problem: str


def judge(mutant: Mutant) -> Verdict:
    """Whether the test fails on a copy with the mutant."""
    with _copy() as copy:
        problem = _apply(mutant, copy) or _generate(mutant, copy)
        if not problem:
            problem = _outcome(mutant, copy)
    return Verdict(mutant=mutant, problem=problem)


@contextmanager
def _copy() -> Generator[Path]:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    with tempfile.TemporaryDirectory(prefix="jobgen-mutant-") as name:
        copy = Path(name)
        for entry in _COPIED:
            source = ROOT / entry
            if source.is_dir():
                shutil.copytree(source, copy / entry, ignore=ignored)
            elif source.exists():
                shutil.copy(source, copy / entry)
        yield copy


def _apply(mutant: Mutant, copy: Path) -> str:
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return f"{mutant.file} has {text.count(mutant.old)} places of {mutant.old!r}"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return ""


def _generate(mutant: Mutant, copy: Path) -> str:
    """A mutant of the generator shows in what it generates."""
    if mutant.file.startswith("jobgen/runtime/"):
        return ""
    done = _python(copy, "-m", "jobgen", "build", "schemas/jobs.yaml")
    return "" if done.returncode == 0 else f"jobgen build fails: {done.stderr}"


def _outcome(mutant: Mutant, copy: Path) -> str:
    selection = ["-k", mutant.only] if mutant.only else []
    done = _python(
        copy,
        *("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
        *("--postgres", "18", mutant.test, *selection),
    )
    if done.returncode == _TESTS_FAILED:
        return ""
    if done.returncode == 0:
        return f"{mutant.test} {mutant.only} still passes"
    return f"the tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def _python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
