"""A schema → all files of its package.

Stage: emit. In: the model, checked. Out: text by relative POSIX path. Pure: the
same schema and source give the same bytes, everywhere.
"""

from __future__ import annotations

from jobgen.emit.digest import digest
from jobgen.emit.job_module import module_view, twin_view
from jobgen.emit.python import enums_view, package_view, schema_view, twins_view
from jobgen.emit.render import render
from jobgen.emit.sql import schema_sql
from jobgen.schema.model import Schema
from jobgen.schema.tables import tables_of


def emit(schema: Schema, *, source: str) -> dict[str, str]:
    """Every file of the package; `source` is the schema file as banners name it,
    relative to the output directory, with `/` between."""
    database = tables_of(schema)
    sql = schema_sql(database, source, minimum=schema.postgres.minimum)
    values = schema_view(schema, source, sql, digest(schema))
    files = {
        "__init__.py": render("python/package.py.jinja", package_view(schema, source)),
        "_schema.py": render("python/schema.py.jinja", values),
        "aio/__init__.py": render("python/twins.py.jinja", twins_view(schema, source)),
        "enums.py": render("python/enums.py.jinja", enums_view(schema, source)),
        "py.typed": "",
        "schema.sql": sql,
    }
    for job, table in zip(schema.jobs, database.tables, strict=True):
        module = module_view(schema, job, table, source)
        twin = twin_view(job, module)
        files[f"{job.module}.py"] = render("python/job.py.jinja", module)
        files[f"aio/{job.module}.py"] = render("python/aio_job.py.jinja", twin)
    return files
