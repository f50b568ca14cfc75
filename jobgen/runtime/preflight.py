"""What a worker looks at before its first fetch, and refuses with a sentence."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection

from jobgen.runtime.job import PROTOCOL, JobType, Package, Shape
from jobgen.runtime.plans import Execute, Plan
from jobgen.runtime.status import JobStatus

_SAFE_SEARCH_PATH: Final = Execute(
    "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)"
)
_WORKERS_TABLE: Final = "jobgen_workers"
_WORKERS_SHAPE: Final = (
    Shape(name="id", type="uuid", not_null=True),
    Shape(name="host", type="text", not_null=False),
    Shape(name="pid", type="integer", not_null=False),
    Shape(name="heartbeat_at", type="timestamp with time zone", not_null=True),
    Shape(name="jobs", type="text[]", not_null=False),
    Shape(name="protocol", type="integer", not_null=False),
)
_WORKERS_PRIVILEGES: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_JOB_PRIVILEGES: Final = ("SELECT", "UPDATE")


class RefusedError(Exception):
    """The worker cannot run; the text says why and what mends it."""


def check_package(package: Package) -> None:
    """Raises `RefusedError` for generated code of another protocol."""
    if package.protocol not in (PROTOCOL, PROTOCOL - 1):
        raise RefusedError(
            f"the package {package.name} speaks protocol {package.protocol}, this"
            f" runtime {PROTOCOL}; run: {_build(package)}"
        )


def check_encoding(conn: AsyncConnection[object]) -> None:
    """Raises `RefusedError` for a database that cannot hold every text."""
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise RefusedError(
            f"the database is encoded in {encoding}; create one WITH ENCODING 'UTF8'"
        )


def check_session(package: Package) -> Plan[None]:
    """Raises `RefusedError` where nothing can be written, or no worker registered."""
    yield _SAFE_SEARCH_PATH
    rows = yield Execute("SELECT current_setting('transaction_read_only') = 'on'")
    if rows.all() == [(True,)]:
        raise RefusedError(
            "the session is read-only: the server is a standby, or"
            " default_transaction_read_only is on; name another database"
        )
    table = f"{package.schema}.{_WORKERS_TABLE}"
    rows = yield Execute(_QUALIFIED_SQL, (package.schema, _WORKERS_TABLE))
    (name,) = rows.all()[0]
    yield from _check(package, name, table, _WORKERS_SHAPE, _WORKERS_PRIVILEGES)


def check_version(conn: AsyncConnection[object], package: Package) -> None:
    """Raises `RefusedError` for a server older than the generated SQL is made for."""
    if conn.info.server_version < package.minimum * 10_000:
        version = conn.info.parameter_status("server_version")
        raise RefusedError(
            f"the server is PostgreSQL {version}, and the package {package.name} is"
            f" made for {package.minimum} or later; upgrade it, or lower"
            f" postgres.minimum and run: {_build(package)}"
        )


def check_table(package: Package, job: JobType[Any, Any, Any]) -> Plan[None]:
    """Raises `RefusedError` where the table lacks what the generated code needs.

    A column that the code does not know is fine: a newer schema may have it.
    """
    yield _SAFE_SEARCH_PATH
    privileges = _JOB_PRIVILEGES + (("DELETE",) if job.policy.deletes else ())
    yield from _check(package, job.table, job.table, job.shape, privileges)
    rows = yield Execute(_LABELS_SQL, (job.table,))
    labels = {row[0] for row in rows.all()}
    missing = [status.value for status in JobStatus if status.value not in labels]
    if missing:
        commands = "; ".join(
            f"ALTER TYPE {package.schema}.job_status ADD VALUE '{label}'"
            for label in missing
        )
        raise RefusedError(
            f"the type job_status lacks {', '.join(missing)}; run: {commands}"
        )


def _check(
    package: Package,
    name: str,
    shown: str,
    shape: Sequence[Shape],
    privileges: Sequence[str],
) -> Plan[None]:
    rows = yield Execute(_COLUMNS_SQL, (name,))
    found = {
        row[0]: Shape(name=row[0], type=row[1], not_null=row[2]) for row in rows.all()
    }
    if not found:
        path = shlex.quote(_beside(package, "schema.sql"))
        raise RefusedError(
            f"the table {shown} does not exist; apply the schema.sql of the package"
            f" {package.name} to this database, such as: psql -f {path}"
        )
    differences = _differences(shape, found)
    if differences:
        raise RefusedError(
            f"the table {shown} is not the one that {package.name} was generated"
            f" for: {'; '.join(differences)}. Migrate the database, or run:"
            f" {_build(package)}"
        )
    rows = yield Execute(_PRIVILEGES_SQL, (name, list(privileges)))
    missing = [row[0] for row in rows.all()]
    if missing:
        raise RefusedError(
            f"this role may not {', '.join(missing)} {shown}; grant it, such as by"
            f" 'roles' in the schema, or run the worker as another role"
        )


def _build(package: Package) -> str:
    """The command that makes the package anew, to be run in this directory."""
    return f"jobgen build {shlex.quote(_beside(package, package.source))}"


def _beside(package: Package, path: str) -> str:
    """A path relative to the package, made relative to the current directory."""
    module = sys.modules.get(package.name)
    if module is None or module.__file__ is None:
        return path
    return os.path.relpath(Path(module.__file__).parent / path)


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

_QUALIFIED_SQL = "SELECT format('%I.%I', $1::text, $2::text)"

_PRIVILEGES_SQL = """\
SELECT privilege
FROM unnest($2::text[]) AS privilege
WHERE NOT CASE
    WHEN privilege = 'DELETE' THEN has_table_privilege(to_regclass($1::text), privilege)
    ELSE has_any_column_privilege(to_regclass($1::text), privilege)
END
"""

_LABELS_SQL = """\
SELECT enumlabel::text
FROM pg_attribute JOIN pg_enum ON enumtypid = atttypid
WHERE attrelid = to_regclass($1::text) AND attname = 'status'
"""
