"""One schema with every type in every kind of column, for the values alone."""

from __future__ import annotations

from tests.emit.schemas import HEAD
from tests.properties.kinds import KINDS, Kind, array_of, enum_kind
from tests.properties.schemas import ColumnCase, JobCase
from tests.properties.yaml_text import yaml

LABELS = ("good", "so-so", 'it\'s "bad", {no} \\ %s', "🙂 x", "NULL")


def _column(name: str, kind: Kind, *, nullable: bool = False) -> ColumnCase:
    enum = "mood" if kind.sql.startswith("mood") else None
    return ColumnCase(
        name=name,
        kind=kind,
        enum=enum,
        nullable=nullable,
        refers=False,
        defaulted=False,
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


JOBS = tuple(
    _job(number, kind)
    for number, kind in enumerate([*KINDS.values(), enum_kind("mood", LABELS)])
)


def schema() -> str:
    """The schema of `JOBS`."""
    jobs: dict[str, object] = {
        job.name: {
            "columns": {
                column.name: column.kind.sql + ("?" if column.nullable else "")
                for column in job.columns
            }
        }
        for job in JOBS
    }
    return HEAD + yaml({"enums": {"mood": list(LABELS)}, "jobs": jobs})
