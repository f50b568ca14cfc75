"""The digest of what a schema means, apart from what it says to people.

Stage: emit. In: the model. Out: hexadecimal text that changes with names, types,
statements and policy, and not with docs or the place of the file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum as PythonEnum

from jobgen.schema.model import Schema

_IGNORED = frozenset({"doc", "output"})


def digest(schema: Schema) -> str:
    """SHA-256 of the schema's meaning, in hex."""
    text = json.dumps(_plain(schema), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """What JSON knows: objects for dataclasses, lists for tuples."""
    match value:
        case None | str() | int() | float():
            return value
        case timedelta():
            return value // timedelta(microseconds=1)
        case tuple():
            return [_plain(item) for item in _items(value)]
        case PythonEnum():
            return value.name
        case _:
            return {name: _plain(part) for name, part in _parts(value)}


def _items(value: tuple[object, ...]) -> tuple[object, ...]:
    return value


def _parts(value: object) -> list[tuple[str, object]]:
    if not is_dataclass(value):
        raise TypeError(f"the model holds a {type(value).__name__}")
    parts = ((field.name, getattr(value, field.name)) for field in fields(value))
    return [(name, part) for name, part in parts if name not in _IGNORED]
