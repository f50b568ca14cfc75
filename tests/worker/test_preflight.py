"""What the worker accepts of a database that is right in its own way."""

import asyncio
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from jobgen.runtime import Package, aio
from jobgen.runtime.link import open_connection
from jobgen.runtime.preflight import check_table
from tests.seed.kit import build
from tests.unseen import AnyJob

_SCHEMA = """\
jobgen: 1
package: {package}
output: ./out
jobs:
  greet:
    columns:
      name: citext
"""


def test_a_citext_column_is_known_wherever_the_extension_lives(
    conn: psycopg.Connection[TupleRow], jobs_dsn: str, tmp_path: Path
) -> None:
    """The catalogue names the type with the schema of the extension."""
    package = build(_SCHEMA.format(package="greetings"), tmp_path)
    conn.autocommit = True
    conn.execute("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions")
    conn.execute(package.SCHEMA_SQL)
    asyncio.run(_check(jobs_dsn, package.PACKAGE, package.greet.JOB))


async def _check(dsn: str, package: Package, job: AnyJob) -> None:
    conn = await open_connection(dsn, "jobgen test")
    async with conn, conn.transaction():
        await aio.run(conn, check_table(package, job))
