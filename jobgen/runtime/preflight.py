"""What a worker looks at before its first fetch, and refuses with a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from jobgen.runtime.job import PROTOCOL, JobType, Package, Shape
from jobgen.runtime.plans import Execute, Plan


class RefusedError(Exception):
    """The worker cannot run; the text says why and what mends it."""


def check_package(package: Package) -> None:
    """Raises `RefusedError` for generated code of another protocol."""
    if package.protocol not in (PROTOCOL, PROTOCOL - 1):
        raise RefusedError(
            f"the package {package.name} speaks protocol {package.protocol}, this"
            f" runtime {PROTOCOL}; run: jobgen build {package.source}"
        )


def check_encoding(conn: AsyncConnection[object]) -> None:
    """Raises `RefusedError` for a database that cannot hold every text."""
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise RefusedError(
            f"the database is encoded in {encoding}; create one WITH ENCODING 'UTF8'"
        )


def check_version(conn: AsyncConnection[object], package: Package) -> None:
    """Raises `RefusedError` for a server older than the generated SQL is made for."""
    if conn.info.server_version < package.minimum * 10_000:
        version = conn.info.parameter_status("server_version")
        raise RefusedError(
            f"the server is PostgreSQL {version}, and the package {package.name} is"
            f" made for {package.minimum} or later; upgrade it, or lower"
            f" postgres.minimum and run: jobgen build {package.source}"
        )


def check_table(package: Package, job: JobType[Any, Any, Any]) -> Plan[None]:
    """Raises `RefusedError` where the table lacks what the generated code needs.

    A column that the code does not know is fine: a newer schema may have it.
    """
    yield Execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
    rows = yield Execute(_COLUMNS_SQL, (job.table,))
    found = {
        row[0]: Shape(name=row[0], type=row[1], not_null=row[2]) for row in rows.all()
    }
    if not found:
        raise RefusedError(
            f"the table {job.table} does not exist; apply the schema.sql of the"
            f" package {package.name} to this database"
        )
    differences = _differences(job.shape, found)
    if differences:
        raise RefusedError(
            f"the table {job.table} is not the one that {package.name} was generated"
            f" for: {'; '.join(differences)}. Migrate the database, or run:"
            f" jobgen build {package.source}"
        )


def _differences(wanted: Sequence[Shape], found: dict[str, Shape]) -> list[str]:
    differences: list[str] = []
    for column in wanted:
        actual = found.get(column.name)
        if actual is None:
            differences.append(f"column {column.name} is missing")
        elif actual.type != column.type:
            differences.append(
                f"column {column.name} is {actual.type}, not {column.type}"
            )
        elif column.not_null and not actual.not_null:
            differences.append(f"column {column.name} may be NULL")
    return differences


# citext is an extension's: it lives in whatever schema the extension was put.
_COLUMNS_SQL = """\
SELECT
    attname::text,
    regexp_replace(format_type(atttypid, atttypmod), '^.*[.]citext', 'citext'),
    attnotnull
FROM pg_attribute
WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped
"""
