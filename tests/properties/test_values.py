"""Every value of every type survives; what would not is refused."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emit.schemas import HEAD, files
from tests.properties.callers import Caller, callers
from tests.properties.kinds import KINDS, Kind, array_of, enum_kind
from tests.properties.packages import imported
from tests.properties.payloads import Payload, payloads
from tests.properties.profiles import examples
from tests.properties.round_trip import WAYS, check_job
from tests.properties.schemas import ColumnCase, JobCase
from tests.properties.yaml_text import yaml
from tests.servers import Server

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


def _schema() -> str:
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


@pytest.fixture(scope="module")
def package() -> Iterator[Any]:
    with imported(files(_schema())) as package:
        import_module(f"{package.__name__}.aio")
        yield package


@pytest.fixture(scope="module")
def dsn(server: Server, package: Any) -> Iterator[str]:
    with server.database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        yield dsn


@examples(80)
@given(data=st.data(), job=st.sampled_from(JOBS), caller=callers())
def test_every_value_comes_back(
    dsn: str, package: Any, data: st.DataObject, job: JobCase, caller: Caller
) -> None:
    """Equal, and of the annotated type, on any connection."""
    rows = data.draw(payloads(job))
    with caller.connected(dsn) as session:
        check_job(session, package, job.name, job, rows)


@pytest.mark.parametrize("way", WAYS)
@examples(20)
@given(data=st.data(), caller=callers())
def test_a_value_that_would_change_is_refused(
    dsn: str, package: Any, data: st.DataObject, caller: Caller, way: str
) -> None:
    """In a column of its type and within an array, alone and among good ones."""
    job = data.draw(
        st.sampled_from([each for each in JOBS if each.columns[0].kind.bad])
    )
    column = data.draw(st.sampled_from(job.columns))
    bad = data.draw(st.sampled_from(column.kind.bad))
    (good, *_) = data.draw(payloads(job))
    wrong = Payload({**good.values, column.name: bad}, 0)
    enums = import_module(f"{package.__name__}.enums")
    new_class = getattr(package, job.name.capitalize())
    news = [each.new(new_class, enums, job) for each in (good, wrong)]
    with caller.connected(dsn) as session:
        before = session.call(package, job.name, "pending")
        with pytest.raises((ValueError, TypeError, psycopg.DataError)):
            session.call(package, job.name, way, news[1] if way == "enqueue" else news)
        if not caller.autocommit:
            session.rollback()
        assert session.call(package, job.name, "pending") == before
