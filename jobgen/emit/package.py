"""A schema → all files of its package.

Stage: emit. In: the model, checked. Out: text by relative POSIX path. Pure: the
same schema and source give the same bytes, everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from jobgen.emit.digest import digest
from jobgen.emit.job_module import aio_view, module_view
from jobgen.emit.python import (
    enums_view,
    handlers_view,
    package_view,
    schema_view,
    twins_view,
)
from jobgen.emit.render import render
from jobgen.emit.sql import schema_sql
from jobgen.schema.model import Job, Schema
from jobgen.schema.tables import Database, Table, tables_of

Files: TypeAlias = dict[str, str]
"""Text by relative POSIX path."""
Task: TypeAlias = Callable[[], Files]
"""Makes some of the files, and depends on no other."""


def emit(schema: Schema, *, source: str) -> Files:
    """Every file of the package; `source` is the schema file as banners name it,
    relative to the output directory, with `/` between."""
    tasks = tasks_of(schema, source=source)
    return {name: text for task in tasks for name, text in task().items()}


def tasks_of(schema: Schema, *, source: str) -> list[Task]:
    """What there is to do for that, the largest part first."""
    database = tables_of(schema)
    tasks: list[Task] = [partial(_common, schema, database, source)]
    for job, table in zip(schema.jobs, database.tables, strict=True):
        tasks.append(partial(_of_job, schema, job, table, source))
    return tasks


def _common(schema: Schema, database: Database, source: str) -> Files:
    sql = schema_sql(database, source, minimum=schema.postgres.minimum)
    values = schema_view(schema, source, sql, digest(schema))
    return {
        "__init__.py": render("python/late.py.jinja", package_view(schema, source)),
        "_handlers.py": render(
            "python/handlers.py.jinja", handlers_view(schema, source)
        ),
        "_schema.py": render("python/schema.py.jinja", values),
        "aio/__init__.py": render("python/late.py.jinja", twins_view(schema, source)),
        "enums.py": render("python/enums.py.jinja", enums_view(schema, source)),
        "py.typed": "",
        "schema.sql": sql,
    }


def _of_job(schema: Schema, job: Job, table: Table, source: str) -> Files:
    module = module_view(schema, job, table, source)
    aio = aio_view(job, module.twin)
    return {
        f"{job.module}.py": render("python/job.py.jinja", module.twin, module),
        f"aio/{job.module}.py": render("python/aio_job.py.jinja", aio),
    }
