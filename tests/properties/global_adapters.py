"""A program: jobs come back although the application spoilt psycopg for itself.

Run as `python -m tests.properties.global_adapters DSN SEED EXAMPLES`, in a process
of its own, because what is registered globally stays.
"""

from __future__ import annotations

import sys

import psycopg
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tests.emit.schemas import files
from tests.properties.callers import Caller, callers, spoil
from tests.properties.cases import JobCase
from tests.properties.packages import imported
from tests.properties.payloads import payloads
from tests.properties.round_trip import check_job
from tests.properties.values import JOBS, MODULES, schema
from tests.unseen import Unseen


def main(dsn: str, run: str, examples: int) -> None:
    with imported(files(schema()), MODULES) as package:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        spoil(psycopg.adapters)  # after the generated code was imported
        _check(dsn, package, run, examples)


def _check(dsn: str, package: Unseen, run: str, examples: int) -> None:
    @seed(run)
    @settings(
        max_examples=examples, phases=[Phase.generate], database=None, deadline=None
    )
    @given(data=st.data(), job=st.sampled_from(JOBS), caller=callers())
    def comes_back(data: st.DataObject, job: JobCase, caller: Caller) -> None:
        rows = data.draw(payloads(job))
        with caller.connected(dsn) as session:
            check_job(session, package, job.name, job, rows)

    comes_back()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
