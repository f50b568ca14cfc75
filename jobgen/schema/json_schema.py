"""The grammar as a JSON Schema (draft 2020-12), for editors.

Stage: schema. Made of the same tables of keys that the loader reads by. It judges
what stands alone (keys, kinds of values, names, durations); what one part says of
another, such as a column that an index names, only the loader knows.

One JSON Schema serves the file that is built and those that it includes: a file is
taken for an included one where it has no key but theirs. What such a file's jobs
lack may stand in the `defaults` of another file, which no editor sees.
"""

from __future__ import annotations

from jobgen.schema.forms import Key, Shape
from jobgen.schema.grammar import ONLY_IN_ROOT, Column, Job, References, Top
from jobgen.schema.mappings import record_shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Shape:
    """A JSON Schema that every schema file without mistakes satisfies."""
    return {
        "$schema": DIALECT,
        "title": "jobgen schema file",
        "description": "Background jobs, from which `jobgen build` makes a package.",
        **record_shape(Top.KEYS, partial=True),
        "if": {"anyOf": [_has(key) for key in ONLY_IN_ROOT]},
        "then": _root(),
    }


def _root() -> Shape:
    """What the file lacks that is built: it has nothing to take it from."""
    typed = {key.name: [Column.PYTHON.name] for key in (Column.DECODE, Column.ENCODE)}
    return {
        **_required(Top.KEYS),
        "allOf": [
            *_substitutes(Top.KEYS),
            _unless(
                _in_defaults(_has(Job.COLUMNS)),
                _in_jobs({"type": "object", **_required(Job.KEYS)}),
            ),
            _of_columns(Column.TYPE, {"required": [Column.TYPE.name]}),
            _of_columns(
                Column.REFERENCES, _in(Column.REFERENCES, _required(References.KEYS))
            ),
            _of_columns(Column.PYTHON, {"dependentRequired": typed}),
        ],
    }


def _of_columns(key: Key[object], complete: Shape) -> Shape:
    """Each column is `complete`, unless one of `defaults` has a `key` to lend."""
    lends: Shape = {"type": "object", **_has(key)}
    some: Shape = {"not": {"additionalProperties": {"not": lends}}}
    columns: Shape = {"type": "object", **some}
    return _unless(
        _in_defaults({**_has(Job.COLUMNS), **_in(Job.COLUMNS, columns)}),
        _in_jobs(_in(Job.COLUMNS, {"additionalProperties": complete})),
    )


def _in_defaults(shape: Shape) -> Shape:
    return {**_has(Top.DEFAULTS), **_in(Top.DEFAULTS, {"type": "object", **shape})}


def _in_jobs(shape: Shape) -> Shape:
    return _in(Top.JOBS, {"additionalProperties": shape})


def _unless(condition: Shape, shape: Shape) -> Shape:
    return {"if": condition, "else": shape}


def _has(key: Key[object]) -> Shape:
    return {"required": [key.name]}


def _in(key: Key[object], shape: Shape) -> Shape:
    return {"properties": {key.name: shape}}


def _required(keys: tuple[Key[object], ...]) -> Shape:
    return {"required": [key.name for key in keys if key.required and not key.unless]}


def _substitutes(keys: tuple[Key[object], ...]) -> list[Shape]:
    """Of a key and the one that may stand in for it, one is there."""
    return [
        {"anyOf": [_has(key), {"required": [key.unless]}]} for key in keys if key.unless
    ]
