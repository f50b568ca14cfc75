"""What a test knows of a schema that was drawn: its files, jobs and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypothesis.vendor.pretty import RepresentationPrinter

from jobgen.emit import emit
from jobgen.schema.load import Loaded, load_schema
from jobgen.schema.model import Schema
from tests.emit.schemas import SOURCE
from tests.properties.json_classes import JsonClass, modules
from tests.properties.kinds import Kind
from tests.schema.memory import Memory

ROOT = "jobs.yaml"
"""The file that is built."""

MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCase:
    """One column; `default` is the value that the server fills in, if it is known."""

    name: str
    kind: Kind
    enum: str | None = None
    json_class: JsonClass | None = None
    nullable: bool
    refers: bool = False
    defaulted: bool = False
    default: object = MISSING

    @property
    def default_is_known(self) -> bool:
        return self.default is not MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCase:
    name: str
    columns: tuple[ColumnCase, ...]
    priority: bool
    unique: bool
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesCase:
    """Who may enqueue, and who may run jobs."""

    producer: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A schema: what `jobgen build` reads, `ROOT` first, and what is in it.

    The jobs are in the order in which the files are read.
    """

    texts: Mapping[str, str]
    jobs: tuple[JobCase, ...]
    roles: RolesCase

    @property
    def user_modules(self) -> dict[str, str]:
        """Modules that lie beside the package, because its columns name them."""
        columns = (column for job in self.jobs for column in job.columns)
        return modules(
            column.json_class for column in columns if column.json_class is not None
        )

    def load(self) -> Schema:
        return valid(load({name: text.encode() for name, text in self.texts.items()}))

    def package(self) -> dict[str, str]:
        """The generated files."""
        return emit(self.load(), source=SOURCE)

    def write(self, home: Path) -> Path:
        """The files of the schema in `home`; the result is the path of `ROOT`."""
        for name, text in self.texts.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return home / ROOT

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        """How hypothesis shows a schema that breaks something."""
        for name, text in self.texts.items():
            printer.text(f"--- {name}\n{text}")


def load(files: Mapping[str, bytes]) -> Loaded:
    """Reads a schema of the given files, of which one is `ROOT`."""
    return load_schema(files[ROOT], ROOT, Memory(files), identity=ROOT)


def valid(loaded: Loaded) -> Schema:
    """The schema of files that have nothing wrong."""
    assert loaded.schema is not None, [
        f"{each.span.source}:{each.span.start}: {each.message}"
        for each in loaded.diagnostics
    ]
    return loaded.schema
