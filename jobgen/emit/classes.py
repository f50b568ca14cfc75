"""The fields of a job's two classes: what is enqueued, and what a handler gets.

Stage: emit. In: a job of the model. Out: lines, with the docstrings of columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobgen.emit import fields, layout
from jobgen.emit.imports import Imports
from jobgen.emit.literals import docstring
from jobgen.schema.model import Column, Job

_SHOWN = 60
"""The longest default that a docstring shows: a longer one explains nothing."""

_BASE_DOCS: Mapping[str, str] = {
    "run_at": "The earliest time to run. Default: now()",
    "priority": "Lower runs first. Default: 0",
}

_BASE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "created_at": ("datetime",),
    "updated_at": ("datetime",),
    "status": ("JobStatus",),
    "last_error": ("str", "None"),
    "attempts_count": ("int",),
    "locked_at": ("datetime", "None"),
    "locked_by": ("UUID", "None"),
    "run_at": ("datetime",),
    "priority": ("int",),
}
"""The base columns in Python, `id` apart."""


def new_fields(imports: Imports, job: Job) -> tuple[str, ...]:
    """What a producer says: the payload, then what has a default for every job."""
    found = [
        documented(fields.new_field(imports, column), _new_doc(column))
        for column in job.columns
    ]
    default = imports.use("jobgen.runtime", "DEFAULT")
    for name in ("run_at", "priority") if job.priority else ("run_at",):
        union = [fields.name_in_class(imports, part) for part in _BASE_FIELDS[name]]
        union.append(fields.name_in_class(imports, "Default"))
        code = layout.annotated(4, name, union, default)
        found.append(documented(code, docstring(_BASE_DOCS[name], 4)))
    return tuple(found)


def row_fields(imports: Imports, job: Job) -> tuple[str, ...]:
    """One row: the base columns in the order of the table, then the payload."""
    if job.worker != "here":
        return ()
    key = fields.name_in_class(imports, "UUID" if job.id == "uuid" else "int")
    found = [f"id: {key}"]
    for name, union in _BASE_FIELDS.items():
        if name == "priority" and not job.priority:
            continue
        types = [
            part if part == "None" else fields.name_in_class(imports, part)
            for part in union
        ]
        found.append(layout.annotated(4, name, types))
    found.extend(
        documented(fields.row_field(imports, column), _doc(column))
        for column in job.columns
    )
    return tuple(found)


def documented(code: str, doc: str) -> str:
    """A line or lines in the body of a class, and the docstring below, if any."""
    return f"{code}\n    {doc}" if doc else code


def _new_doc(column: Column) -> str:
    """The doc, and the server's default: `DEFAULT` alone tells a reader nothing."""
    if column.doc is None and column.server_default is None:
        return ""
    # A literal's cast repeats the annotation.
    literal = (column.default or "").removesuffix(f"::{column.type.sql}")
    default = column.default_sql or literal
    told = 0 < len(default) <= _SHOWN and default == " ".join(default.split())
    parts = [_sentence(column.doc)] if column.doc and told else [column.doc or ""]
    parts += [f"Default: {default}"] if told else []
    return docstring(" ".join(filter(None, parts)), 4)


def _sentence(doc: str) -> str:
    return doc if doc.endswith((".", "!", "?", ":")) else f"{doc}."


def _doc(column: Column) -> str:
    return docstring(column.doc, 4) if column.doc else ""
