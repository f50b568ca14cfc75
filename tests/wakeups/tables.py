"""A package of fifty jobs, each with a table of its own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg

from jobgen.runtime import Handlers, bind
from tests.emit.schemas import HEAD, files
from tests.properties.packages import imported

JOBS: Final = tuple(f"job{number}" for number in range(50))


async def _nothing(job: object) -> None: ...


@contextmanager
def fifty_tables(dsn: str) -> Generator[Handlers]:
    """Handlers that do nothing, for the tables that are made in the database."""
    text = HEAD + "jobs:\n" + "".join(f"  {name}: {{columns: {{}}}}\n" for name in JOBS)
    with imported(files(text), {}) as package:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
        bound = (bind(getattr(package, name).JOB, _nothing) for name in JOBS)
        yield Handlers(package.PACKAGE, tuple(bound))
