"""One schema with every type in every kind of column, for the values alone."""

from __future__ import annotations

from tests.emit.schemas import HEAD
from tests.properties.cases import ColumnCase, JobCase
from tests.properties.json_classes import JsonClass, Style, modules
from tests.properties.kinds import KINDS, Kind, array_of, enum_kind
from tests.properties.yaml_text import yaml

LABELS = ("good", "so-so", 'it\'s "bad", {no} \\ %s', "🙂 x", "NULL")


def _column(name: str, kind: Kind, *, nullable: bool = False) -> ColumnCase:
    enum = "mood" if kind.sql.startswith("mood") else None
    return ColumnCase(
        name=name,
        kind=kind,
        enum=enum,
        nullable=nullable,
    )


def _job(number: int, kind: Kind) -> JobCase:
    """A job with the type in every kind of column that has no default."""
    many = array_of(kind)
    columns = (
        _column("one", kind),
        _column("many", many),
        _column("one_or_none", kind, nullable=True),
        _column("many_or_none", many, nullable=True),
    )
    return JobCase(
        name=f"job{number}", columns=columns, priority=False, unique=False, here=True
    )


def _job_of_class(number: int, sql: str, style: Style) -> JobCase:
    """A job with objects of the user's; there are no arrays of them."""
    found = JsonClass(name="Range", style=style, decode="str", encode="list")
    columns = tuple(
        ColumnCase(name=name, kind=KINDS[sql], json_class=found, nullable=nullable)
        for name, nullable in (("one", False), ("one_or_none", True))
    )
    return JobCase(
        name=f"typed{number}", columns=columns, priority=False, unique=False, here=True
    )


_CLASSES: tuple[tuple[str, Style], ...] = (
    ("json", "methods"),
    ("jsonb", "functions"),
    ("jsonb", "nested"),
)

JOBS = (
    *(
        _job(number, kind)
        for number, kind in enumerate([*KINDS.values(), enum_kind("mood", LABELS)])
    ),
    *(_job_of_class(number, *which) for number, which in enumerate(_CLASSES)),
)

MODULES = modules(
    column.json_class
    for job in JOBS
    for column in job.columns
    if column.json_class is not None
)
"""What lies beside the package of `JOBS`."""


def schema() -> str:
    """The schema of `JOBS`."""
    jobs: dict[str, object] = {
        job.name: {"columns": {column.name: _node(column) for column in job.columns}}
        for job in JOBS
    }
    return HEAD + yaml({"enums": {"mood": list(LABELS)}, "jobs": jobs})


def _node(column: ColumnCase) -> object:
    if column.json_class is None:
        return column.kind.sql + ("?" if column.nullable else "")
    keys = column.json_class.keys
    return {"type": column.kind.sql, "nullable": column.nullable, **keys}
