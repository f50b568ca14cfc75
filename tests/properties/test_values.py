"""Every value of every type survives; what would not is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emit.schemas import files
from tests.properties.callers import Caller, callers
from tests.properties.cases import JobCase
from tests.properties.json_classes import JsonObject
from tests.properties.packages import imported
from tests.properties.payloads import Payload, payloads
from tests.properties.profiles import examples, seed
from tests.properties.round_trip import WAYS, check_job
from tests.properties.values import JOBS, MODULES, schema
from tests.servers import Server
from tests.unseen import Unseen

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def package() -> Iterator[Unseen]:
    with imported(files(schema()), MODULES) as package:
        import_module(f"{package.__name__}.aio")
        yield package


@pytest.fixture(scope="module")
def dsn(server: Server, package: Unseen) -> Iterator[str]:
    with server.database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        yield dsn


@examples(80)
@given(data=st.data(), job=st.sampled_from(JOBS), caller=callers())
def test_every_value_comes_back(
    dsn: str, package: Unseen, data: st.DataObject, job: JobCase, caller: Caller
) -> None:
    """Equal, and of the annotated type, on any connection."""
    rows = data.draw(payloads(job))
    with caller.connected(dsn) as session:
        check_job(session, package, job.name, job, rows)


@pytest.mark.parametrize("way", WAYS)
@examples(20)
@given(data=st.data(), caller=callers())
def test_a_value_that_would_change_is_refused(
    dsn: str, package: Unseen, data: st.DataObject, caller: Caller, way: str
) -> None:
    """In a column of its type and within an array, alone and among good ones."""
    job = data.draw(
        st.sampled_from([each for each in JOBS if each.columns[0].kind.bad])
    )
    column = data.draw(st.sampled_from(job.columns))
    bad = data.draw(st.sampled_from(column.kind.bad))
    if column.json_class is not None:
        bad = JsonObject(bad)
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


def test_adapters_registered_globally_change_nothing(
    server: Server, request: pytest.FixtureRequest
) -> None:
    """Also where that happens after the generated code was imported."""
    with server.database() as dsn:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.properties.global_adapters", dsn),
                *(seed(request.config), str(examples(20).max_examples)),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
