"""What a worker looks at before its first fetch, and refuses with sentences."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection

from jobgen.runtime import needs
from jobgen.runtime.job import PROTOCOL, JobType
from jobgen.runtime.log import LOGGER
from jobgen.runtime.needs import Column, Verdict
from jobgen.runtime.package import Package
from jobgen.runtime.plans import Execute, Plan

_STATUS: Final = "job_status"


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


def check_version(conn: AsyncConnection[object], package: Package) -> None:
    """Raises `RefusedError` for a server older than the generated SQL is made for."""
    if conn.info.server_version < package.minimum * 10_000:
        version = conn.info.parameter_status("server_version")
        raise RefusedError(
            f"the server is PostgreSQL {version}, and the package {package.name} is"
            f" made for {package.minimum} or later; upgrade it, or lower"
            f" postgres.minimum and run: {_build(package)}"
        )


def check_tables(
    package: Package, jobs: Sequence[JobType[Any, Any, Any]]
) -> Plan[None]:
    """Raises `RefusedError` where the tables lack what this release needs.

    One statement for all of them, and one error with all that they lack. What this
    release does not know is fine: a newer schema may have it. Changes the search path
    of the transaction.
    """
    wanted = [needs.of_workers(package), *map(needs.of_job, jobs)]
    rows = yield Execute(_COLUMNS_SQL, ([each.table for each in wanted],))
    tables: list[dict[str, Column]] = [{} for _ in wanted]
    for read_only, enters, place, name, *column in rows.all():
        if read_only:
            raise RefusedError(
                "the session is read-only: the server is a standby, or"
                " default_transaction_read_only is on; name another database"
            )
        if not enters:
            raise RefusedError(
                f"this role has no USAGE on the schema {package.schema}; grant it, such"
                " as by 'roles' in the schema file, or run the worker as another role"
            )
        if name is not None:
            tables[place - 1][name] = Column(*column)
    verdicts = list(map(needs.compared, wanted, tables))
    for verdict in verdicts:
        for text in verdict.odd:
            LOGGER.warning("%s, which handlers may not expect", text)
    if any(
        verdict.lacks or verdict.forbidden or verdict.labels for verdict in verdicts
    ):
        raise RefusedError(_refusal(package, verdicts, empty=not any(tables)))


def _refusal(package: Package, verdicts: Sequence[Verdict], *, empty: bool) -> str:
    """A line for each difference, then what mends them, the commands last."""
    lacks = [text for verdict in verdicts for text in verdict.lacks]
    forbidden = [text for verdict in verdicts for text in verdict.forbidden]
    labels = list(
        dict.fromkeys(each for verdict in verdicts for each in verdict.labels)
    )
    shared = [each for each in labels if each.type.endswith(f".{_STATUS}")]
    lines = [*lacks, *(str(label) for label in labels), *forbidden]
    mended: list[str] = []
    if forbidden:
        mended.append(
            "grant that, such as by 'roles' in the schema file, or run the worker as"
            " another role"
        )
    mended += [
        f"run: ALTER TYPE {label.type} ADD VALUE '{label.name}'" for label in shared
    ]
    if lacks or len(labels) > len(shared):
        mended += _applied(package, empty=empty)
    return "\n".join(
        (
            f"the database is not as {package.name} needs it:",
            *(f"  {line}" for line in lines),
            *mended,
        )
    )


def _applied(package: Package, *, empty: bool) -> tuple[str, str]:
    source = shlex.quote(_beside(package, package.source))
    apply = f'jobgen migrate apply {source} --dsn "$DATABASE_URL"'
    if empty:
        script = shlex.quote(_beside(package, "schema.sql"))
        return (
            f'without migrations, run: psql "$DATABASE_URL" -f {script}',
            f"with them, run: {apply}",
        )
    return (
        f"where the database is newer, run: {_build(package)}",
        f"where it is older, run: {apply}",
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


# The search path is set first, because types are printed under it: the part that sets
# it is read before what depends on it. A table is looked up by its name, not by
# to_regclass, which fails without USAGE on the schema. citext is an extension's: it
# lives in whatever schema the extension was put. The old name of a renamed enum is a
# domain, which no index finds by its type: so all of them are read, once. A trigger
# before the insert of a row (7) may fill a column: that of a column with a new name
# does.
_COLUMNS_SQL: Final = """\
WITH path AS MATERIALIZED (
    SELECT set_config('search_path', 'pg_catalog', true)
),
alias AS MATERIALIZED (
    SELECT oid, typarray, typbasetype
    FROM pg_type
    WHERE typtype = 'd' AND EXISTS (
        SELECT
        FROM pg_type AS renamed
        WHERE renamed.oid = pg_type.typbasetype AND renamed.typtype = 'e'
    )
)
SELECT
    current_setting('transaction_read_only') = 'on',
    coalesce(has_schema_privilege(home.oid, 'USAGE'), true),
    wanted.place::integer,
    attname::text,
    regexp_replace(format_type(atttypid, atttypmod), '^.*[.]citext(?=[[]|$)', 'citext'),
    attnotnull,
    atthasdef OR attidentity <> '' OR typdefault IS NOT NULL OR EXISTS (
        SELECT
        FROM pg_trigger
        WHERE tgrelid = class.oid AND NOT tgisinternal
            AND tgenabled IN ('O', 'A') AND tgtype & 7 = 7
    ),
    attgenerated <> '' OR attidentity = 'a',
    EXISTS (
        SELECT
        FROM pg_index
        WHERE indrelid = class.oid AND indkey::text = attnum::text
            AND indisunique AND indisvalid AND indpred IS NULL
    ),
    ARRAY(
        SELECT enumlabel::text
        FROM pg_enum
        WHERE enumtypid IN (atttypid, typelem)
    ),
    ARRAY(
        SELECT privilege
        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
        WHERE CASE
            WHEN privilege = 'DELETE' THEN has_table_privilege(class.oid, privilege)
            ELSE has_column_privilege(class.oid, attnum, privilege)
        END
    ),
    ARRAY(
        SELECT format_type(
            CASE typbasetype WHEN atttypid THEN alias.oid ELSE alias.typarray END, NULL
        )
        FROM alias
        WHERE typbasetype IN (atttypid, typelem)
    )
FROM path
CROSS JOIN unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
LEFT JOIN pg_namespace AS home ON nspname = (parse_ident(wanted.name))[1]
LEFT JOIN pg_class AS class
    ON relnamespace = home.oid AND relname = (parse_ident(wanted.name))[2]
LEFT JOIN pg_attribute ON attrelid = class.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_type ON pg_type.oid = atttypid
ORDER BY wanted.place, attnum
"""
