"""Where a package may be written: inside the project of its schema file.

Reads the file system and changes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_PROJECT_FILES = ("pyproject.toml", ".git")


class Misplaced(NamedTuple):
    """Why a directory cannot be the output."""

    message: str
    help: str


def project_of(schema_directory: Path) -> Path:
    """The nearest directory with a `pyproject.toml` or `.git`, or else the parent."""
    home = Path(os.path.realpath(schema_directory))
    for directory in (home, *home.parents):
        if any((directory / name).exists() for name in _PROJECT_FILES):
            return directory
    return home.parent


def output_of(schema_directory: Path, output: str) -> Path | Misplaced:
    """The directory that a schema file means by `output`, links followed."""
    home = Path(os.path.realpath(schema_directory))
    project = project_of(home)
    target = Path(os.path.realpath(home / output))
    if target == home:
        return Misplaced(
            message="the output is the directory of the schema file itself",
            help="write a directory of its own, such as '../package'",
        )
    if target == project:
        return Misplaced(
            message="the output is the project's own directory",
            help="write a directory inside it",
        )
    if not target.is_relative_to(project):
        return Misplaced(
            message=f"the output lies outside the project, which is {project}",
            help="write a directory inside it, or use --output",
        )
    return target


def banner_source(schema_file: Path, output: Path) -> str:
    """The schema file as the banner names it: relative to the output, with `/`."""
    home = Path(os.path.realpath(schema_file.parent))
    return near(home / schema_file.name, output) or schema_file.name


def near(path: Path, start: Path) -> str:
    """`path` relative to `start`, with `/`; empty where no way leads there: on Windows
    from one drive to another."""
    try:
        return Path(os.path.relpath(path, start)).as_posix()
    except ValueError:
        return ""
