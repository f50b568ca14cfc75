"""What a text that names no type may have been meant as.

Stage: schema. Knows types and arrays as other languages spell them, and for the rest
looks for what is most alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from jobgen.schema.guesses import Guesses, Words
from jobgen.schema.typenames import TYPE_NAMES

_INSTEAD: Mapping[str, str] = {
    "string": "text",
    "str": "text",
    "datetime": "timestamptz",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "long": "bigint",
    "float4": "real",
    "float8": "double precision",
    "double": "double precision",
    "number": "numeric",
    "dec": "numeric",
    "dict": "jsonb",
    "object": "jsonb",
    "blob": "bytea",
    "bytes": "bytea",
    "binary": "bytea",
    "guid": "uuid",
    "duration": "interval",
    "timedelta": "interval",
    "array": "integer[]",
    "list": "integer[]",
}

_KNOWN = (*sorted(TYPE_NAMES), *_INSTEAD)
_YES_OR_NO = frozenset({"true", "false", "yes", "no", "on", "off"})
"""Values of a boolean column, written in the place of its type."""

_ARRAY = re.compile(
    r"([\w ]+)\?\[\]|(?:list|array|sequence|set)[\[<]([\w ]+)[\]>]|(\w+) array",
    re.IGNORECASE,
)
"""An array as it is written elsewhere: `text?[]`, `list[text]`, `text array`."""


class TypeGuesses:
    """Guesses among PostgreSQL's types and `enums`, those of the file."""

    def __init__(self, enums: Collection[str], guesses: Guesses) -> None:
        self._enums = enums
        self._known = Words.of((*enums, *_KNOWN))
        self._guesses = guesses

    def meant(self, name: str) -> str | None:
        """What another notation means, or what looks most like `name`."""
        if name.lower() in _YES_OR_NO:
            return "boolean"
        array = _ARRAY.fullmatch(name)
        if array is not None:
            element = next(filter(None, array.groups()))
            return f"{self._element(element)}[]" + ("?" if "?" in name else "")
        close = self._guesses.closest(name, self._known)
        return None if close is None else _INSTEAD.get(close, close)

    def _element(self, name: str) -> str:
        known = name in self._enums or name in TYPE_NAMES
        return name if known else self.meant(name) or "text"
