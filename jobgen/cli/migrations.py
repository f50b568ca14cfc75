"""A schema file with its migrations, as they lie on the disk.

Reads the schema, its directory of migrations and what is in it, and writes new ones.
Knows no database.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobgen.cli import disk, report
from jobgen.cli.files import SchemaFiles, read_named
from jobgen.cli.location import project_of
from jobgen.migrate.chain import (
    CHECKSUMS,
    NAME,
    TWO_BRANCHES,
    Broken,
    Migration,
    checksums,
    has_conflict,
    linked,
    next_number,
    verified,
)
from jobgen.migrate.snapshot import UnreadableError, from_json, to_json
from jobgen.migrate.target import Snapshot, nothing
from jobgen.schema.diagnostics import Diagnostic, Span
from jobgen.schema.files import Unreadable
from jobgen.schema.load import load_schema
from jobgen.schema.model import Schema
from jobgen.schema.tables import Database, tables_of

SNAPSHOT = "snapshot.json"


class CannotError(Exception):
    """The command cannot be carried out; the text says why, and what to do."""


class RefusedError(Exception):
    """The schema has errors, which have been printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A schema, and where its migrations lie; `name` is the file as it was named."""

    name: str
    path: Path
    schema: Schema
    directory: Path

    @property
    def wanted(self) -> Database:
        return tables_of(self.schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The migrations that there are, and what they lead to."""

    chain: tuple[Migration, ...]
    snapshot: Snapshot


def load(name: str, form: report.Format) -> Project:
    """Raises `RefusedError` where the schema cannot be used, and `CannotError` where
    its migrations would lie elsewhere.
    """
    data, path = read_named(name), Path(name)
    if isinstance(data, Unreadable):
        found = Diagnostic(
            code="unreadable",
            message=data.message,
            help=data.help,
            span=Span.whole(name),
        )
        report.diagnostics([found], {}, form)
        raise RefusedError
    loaded = load_schema(
        data, name, SchemaFiles(path.parent), identity=os.path.realpath(path)
    )
    schema = loaded.schema
    if schema is None:
        report.diagnostics(loaded.diagnostics, loaded.texts, form)
        raise RefusedError
    below = schema.migrations or f"migrations/{schema.package}"
    directory, home = path.parent / below, project_of(path.parent)
    if not Path(os.path.realpath(directory)).is_relative_to(home):
        raise CannotError(
            f"{directory}: the migrations lie outside the project, which is {home};"
            " name a directory inside it"
        )
    return Project(name=name, path=path, schema=schema, directory=directory)


def read(project: Project) -> Written:
    """Raises `CannotError` where the files are not those that were written."""
    files = _files(project.directory)
    listed = _text(project.directory / CHECKSUMS) or ""
    chain = verified(files, listed)
    if isinstance(chain, Broken):
        place = project.directory / chain.file
        raise CannotError(f"{place}: {chain.message}: {chain.help}")
    return Written(chain=chain, snapshot=_snapshot(project, chain))


def _files(directory: Path) -> dict[str, str]:
    try:
        paths = [path for path in directory.iterdir() if _is_sql(path)]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CannotError(f"cannot read {directory}: {error.strerror}") from error
    strange = sorted(path for path in paths if not NAME.fullmatch(path.name))
    if strange:
        raise CannotError(
            f"{strange[0]}: this is no migration of jobgen's; keep it in another"
            " directory"
        )
    return {path.name: _text(path) or "" for path in paths}


def _is_sql(path: Path) -> bool:
    """Hidden ones are the locks of editors, or what macOS knows of a file."""
    return path.suffix == ".sql" and not path.name.startswith(".")


def _text(path: Path) -> str | None:
    """None where there is no such file. A checkout on Windows has other line ends."""
    try:
        text = path.read_bytes().decode().replace("\r\n", "\n")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise CannotError(f"{path}: it is not UTF-8") from error
    except OSError as error:
        raise CannotError(f"cannot read {path}: {error.strerror}") from error
    if has_conflict(text):
        raise CannotError(f"{path}: a merge left both sides in it: {TWO_BRANCHES}")
    return text


def _snapshot(project: Project, chain: Sequence[Migration]) -> Snapshot:
    path = project.directory / SNAPSHOT
    text = _text(path)
    if text is None and not chain:
        return nothing(project.wanted)
    if text is None:
        raise CannotError(f"{path} is missing; bring it back from version control")
    try:
        return from_json(text, checksum=_last(chain))
    except UnreadableError as error:
        raise CannotError(f"{path}: {error}") from error


def _last(chain: Sequence[Migration]) -> str:
    return chain[-1].checksum if chain else ""


def write(
    project: Project,
    written: Written,
    scripts: Sequence[str],
    name: str,
    snapshot: Snapshot,
) -> list[Path]:
    """Adds the scripts after the others; the result is their paths."""
    first = next_number(written.chain)
    names = [f"{first + place:04}_{name}.sql" for place in range(len(scripts))]
    before = [(each.name, each.text) for each in written.chain]
    chain = linked([*before, *zip(names, scripts, strict=True)])
    home = project.directory
    paths = [home / each for each in names]
    try:
        disk.create(dict(zip(paths, scripts, strict=True)))
        # Last: until a file is listed there, it is none that anybody applies.
        disk.replace(
            {
                home / SNAPSHOT: to_json(snapshot, checksum=_last(chain)),
                home / CHECKSUMS: checksums(chain),
            }
        )
    except OSError as error:
        raise CannotError(f"cannot write {error.filename}: {error.strerror}") from error
    return paths


def file_name(message: str) -> str:
    """What `-m` says as a part of a file's name; empty where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:60]
