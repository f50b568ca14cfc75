"""The grammar as a JSON Schema (draft 2020-12), for editors.

Stage: schema. Made of the same tables of keys that the loader reads by. It judges
what stands alone (keys, kinds of values, names, durations); what one part says of
another, such as a column that an index names, only the loader knows.
"""

from __future__ import annotations

from jobgen.schema.forms import Shape, record_shape
from jobgen.schema.grammar import Job, Top

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Shape:
    """A JSON Schema that every schema file without mistakes satisfies."""
    return {
        "$schema": DIALECT,
        "title": "jobgen schema file",
        "description": "Background jobs, from which `jobgen build` makes a package.",
        **record_shape(Top.KEYS),
        **_required_in_jobs(),
    }


def _required_in_jobs() -> Shape:
    """A job lacks nothing that it must have, unless `defaults` says it for all."""
    required = [key.name for key in Job.KEYS if key.required]
    complete: Shape = {"type": "object", "required": required}
    return {
        "if": {
            "properties": {Top.DEFAULTS.name: complete},
            "required": [Top.DEFAULTS.name],
        },
        "else": {"properties": {Top.JOBS.name: {"additionalProperties": complete}}},
    }
