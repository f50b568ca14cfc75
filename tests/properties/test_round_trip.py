"""Every schema makes tables, and its jobs go through them."""

from __future__ import annotations

from importlib import import_module

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from tests.properties import roles
from tests.properties.callers import callers
from tests.properties.packages import imported
from tests.properties.payloads import payloads
from tests.properties.profiles import examples
from tests.properties.round_trip import check_job
from tests.properties.schemas import cases
from tests.servers import Server


@examples(10)
@given(data=st.data())
def test_a_schema_applies_and_its_jobs_come_back(
    server: Server, data: st.DataObject
) -> None:
    """On a server from `minimum` on, by each way in and each way out, as each role."""
    case = data.draw(cases(minimum=min(server.version, 18)))
    with (
        server.database() as dsn,
        imported(case.package(), case.user_modules) as package,
    ):
        roles.create(dsn)
        import_module(f"{package.__name__}.aio")
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        for job, model in zip(case.jobs, case.load().jobs, strict=True):
            if job.here and not job.unique:
                rows, caller = data.draw(payloads(job)), data.draw(callers())
                with caller.connected(dsn) as session:
                    check_job(session, package, model.module, job, rows, case.roles)
