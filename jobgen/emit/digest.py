"""The digest of what a schema means, apart from what it says to people.

Stage: emit. In: the model. Out: hexadecimal text that changes with names, types,
statements and policy, and not with docs, marks, the place of the file, or what
Python makes of the JSON in a column.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum as PythonEnum
from functools import cache
from typing import TYPE_CHECKING

from jobgen.schema.model import Schema

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_IGNORED = frozenset(
    {
        *("deprecated", "doc", "output", "typed_json"),
        *("migrations", "renamed_from", "reserved"),
    }
)


def digest(schema: Schema) -> str:
    """SHA-256 of the schema's meaning, in hex."""
    text = json.dumps(
        schema, default=_plain, separators=(",", ":"), check_circular=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return str(value // timedelta(microseconds=1))
    if isinstance(value, PythonEnum):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _names(type(value))}
    raise TypeError(f"the model holds a {type(value).__name__}")


@cache
def _names(part: type[DataclassInstance]) -> tuple[str, ...]:
    """What matters, in alphabetical order: a new place in the model changes nothing."""
    return tuple(sorted({each.name for each in fields(part)} - _IGNORED))
