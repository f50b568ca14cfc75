"""A `Snapshot` as JSON that is read in review, and back.

Stage: migrate. Pure. What has its usual value is left out, so that a diff of the
file shows what changed and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from typing import (
    Any,
    Literal,
    TypeAlias,
    TypeGuard,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from jobgen.migrate.target import Snapshot

VERSION = 1
"""Of the format."""

Plain: TypeAlias = Any
"""What JSON holds. Any, because its shape is found out while it is read."""


class UnreadableError(Exception):
    """The text is no snapshot that this release can read; the message says why."""


def to_json(snapshot: Snapshot) -> str:
    """The text of the file."""
    plain = {"jobgen_snapshot": VERSION, **_plain(snapshot)}
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Snapshot:
    """Raises `UnreadableError`."""
    try:
        plain: Plain = json.loads(text)
        version = plain.pop("jobgen_snapshot")
        if version == VERSION:
            found: Snapshot = _value(plain, Snapshot)
            return found
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"it is not as jobgen wrote it ({error})") from error
    raise UnreadableError(f"it has the version {version}, not {VERSION}")


def _plain(value: Plain) -> Plain:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        }
    if _is_tuple(value):
        return [_plain(item) for item in value]
    return value


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _value(plain: Plain, kind: object) -> Plain:
    """`plain` as a value of the type `kind`, of those that `tables` are made of."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        entries: Mapping[str, Plain] = dict(plain)
        return kind(
            **{name: _value(each, hints[name]) for name, each in entries.items()}
        )
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and arguments[-1] is Ellipsis:
        return tuple(_value(item, arguments[0]) for item in plain)
    if origin is tuple:
        return tuple(map(_value, plain, arguments))
    if origin in (Union, types.UnionType):
        [other] = [each for each in arguments if each is not type(None)]
        return None if plain is None else _value(plain, other)
    allowed = arguments if origin is Literal else None
    fits = plain in allowed if allowed else type(plain) is kind
    if not fits:
        raise ValueError(f"{plain!r} is out of place")
    return plain
