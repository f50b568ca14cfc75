"""`jobgen init`: a schema file to begin with, and its JSON Schema for editors.

Writes new files only: what is there already is somebody's work.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import NamedTuple

from jobgen.cli import disk, report, schema
from jobgen.emit.render import render

_DIRECTORY = "schemas"
_FILE = "jobs.yaml"
_JSON_SCHEMA = "jobgen.schema.json"

_PACKAGES = ("jobs", "background_jobs", "jobgen_jobs")
"""Names for the package: the first that nothing in the directory has."""


class InitView(NamedTuple):
    """What `init.yaml.jinja` shows."""

    package: str
    json_schema: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directory",
        nargs="?",
        default=".",
        metavar="DIR",
        help=f"where to make {_DIRECTORY}/{_FILE} (here); made if it is missing",
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes both files: 0, or 2 where one is there already or cannot be written."""
    root = Path(arguments.directory)
    try:
        package = _package(root)
        disk.create(_files(root / _DIRECTORY, package))
    except FileExistsError as error:
        return _refuse(f"{error.filename} is there already; nothing was written")
    except (OSError, ValueError) as error:
        return _refuse(_reason(error))
    report.print_result(_next(root, package))
    return 0


def _files(home: Path, package: str) -> dict[Path, str]:
    view = InitView(package=package, json_schema=_JSON_SCHEMA)
    return {
        home / _FILE: render("init.yaml.jinja", view),
        home / _JSON_SCHEMA: schema.text(),
    }


def _package(root: Path) -> str:
    taken = {path.stem for path in root.iterdir()} if root.is_dir() else set[str]()
    return next((name for name in _PACKAGES if name not in taken), _PACKAGES[0])


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return f"cannot write {error.filename}: {error.strerror}"
    return f"cannot write there: {error}"


def _refuse(message: str) -> int:
    report.print_error(f"jobgen init: {message}")
    return 2


def _next(root: Path, package: str) -> str:
    file = root / _DIRECTORY / _FILE
    end = ["--"] if str(file).startswith("-") else []
    build = shlex.join(["jobgen", "build", *end, str(file)])
    sql = shlex.quote(str(root / package / "schema.sql"))
    return (
        f"wrote {file} and {file.with_name(_JSON_SCHEMA)}; next:\n"
        f"  {build}\n"
        f'  psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f {sql}'
    )
