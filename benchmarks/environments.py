"""Where the subjects run: an environment for each, all of one Python.

Made under build/bench by pip, and made again when what it holds has changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_PLACE: Final = ROOT / "build" / "bench"
_NAMES: Final = ("python3.14", "python3.13", "python3.12", "python3.11")
_ASK: Final = "import ensurepip, sys, venv; print('%d.%d.%d' % sys.version_info[:3])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """An interpreter that starts, and has what a virtual environment needs."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """requirements: as pip takes them. python: the oldest that they run on."""

    name: str
    requirements: tuple[str, ...]
    python: tuple[int, int] = (3, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An environment that exists. packages: versions by name."""

    executable: Path
    packages: dict[str, str]


def newest_python(path: str | None = None) -> Python:
    """The newest that starts, of those on PATH and pyenv's; or the one at `path`.

    A coroutine is faster on a newer Python, and every subject gets the same.
    """
    if path is not None:
        found = _python(Path(path))
        if found is None:
            raise SystemExit(f"{path} is no Python with venv and ensurepip")
        return found
    named = [Path(at) for name in _NAMES if (at := shutil.which(name)) is not None]
    pyenv = (Path.home() / ".pyenv" / "versions").glob("3.1[1-4].*/bin/python3")
    candidates = [Path(sys.executable), *named, *pyenv]
    pythons = [each for each in map(_python, candidates) if each is not None]
    return max(pythons, key=lambda python: python.version)


def make(environment: Environment, python: Python) -> Made:
    """The environment, from PyPI if it does not exist yet."""
    directory = _PLACE / f"{environment.name}-{python}"
    executable = directory / "bin" / "python"
    stamp = directory / "requirements.json"
    wanted = json.dumps(environment.requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        _run(python.path, "-m", "venv", "--clear", str(directory))
        _run(executable, "-m", "pip", "install", "-q", *environment.requirements)
        stamp.write_text(wanted)
    listed = _run(executable, "-m", "pip", "list", "--format=json")
    packages = {each["name"]: each["version"] for each in json.loads(listed)}
    return Made(executable=executable, packages=packages)


def _python(path: Path) -> Python | None:
    """What a shim finds may still not start."""
    try:
        version = _run(path, "-c", _ASK)
    except (OSError, subprocess.CalledProcessError):
        return None
    return Python(path=path, version=tuple(map(int, version.strip().split("."))))


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(program), *arguments],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout
