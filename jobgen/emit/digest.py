"""The digest of what a schema means, apart from what it says to people.

Stage: emit. In: the model. Out: hexadecimal text that changes with names, types,
statements and policy, and not with docs, the place of the file, or what Python
makes of the JSON in a column.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta
from enum import Enum as PythonEnum

from jobgen.schema.model import Schema

_IGNORED = frozenset({"doc", "output", "typed_json"})


def digest(schema: Schema) -> str:
    """SHA-256 of the schema's meaning, in hex."""
    meaning = asdict(schema, dict_factory=_meaning)
    text = json.dumps(meaning, default=_plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _meaning(parts: list[tuple[str, object]]) -> dict[str, object]:
    return {name: part for name, part in parts if name not in _IGNORED}


def _plain(value: object) -> str:
    match value:
        case timedelta():
            return str(value // timedelta(microseconds=1))
        case PythonEnum():
            return value.name
        case _:
            raise TypeError(f"the model holds a {type(value).__name__}")
