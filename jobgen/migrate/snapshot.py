"""A `Snapshot` as JSON that is read in review, and back.

Stage: migrate. Pure. What has its usual value is left out, so that a diff of the
file shows what changed and nothing else. It names the last of the checksums, so that
two branches meet in it as they do there: version control would make one of both of
them, which no migration leads to.
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
    """The text is no snapshot that this release can read; the message says why, and
    what to do."""


def to_json(snapshot: Snapshot, *, checksum: str = "") -> str:
    """The text of the file; `checksum` is that of the last migration."""
    after = {"after": checksum} if checksum else {}
    plain = {"jobgen_snapshot": VERSION, **after, **_plain(snapshot)}
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str, *, checksum: str = "") -> Snapshot:
    """What is after the migration that has this checksum. Raises `UnreadableError`."""
    try:
        version, after, found = _read(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableError(
            f"it is not as jobgen wrote it ({error}); bring it back from version control"
        ) from error
    if found is None:
        raise UnreadableError(
            f"it has the version {version}, and this jobgen writes {VERSION}; install"
            " the jobgen that wrote it"
        )
    if after not in ("", checksum):
        raise UnreadableError(
            "it is of other migrations than 'checksums' lists; take both from one branch"
        )
    return found


def _read(text: str) -> tuple[Plain, Plain, Snapshot | None]:
    """The version, the checksum, and the rest, if that is of this version."""
    plain: Plain = json.loads(text)
    version, after = plain.pop("jobgen_snapshot"), plain.pop("after", "")
    return version, after, _value(plain, Snapshot) if version == VERSION else None


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
