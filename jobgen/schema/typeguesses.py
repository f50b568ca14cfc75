"""What a text that names no type may have been meant as.

Stage: schema. Knows types and arrays as other languages spell them, and for the rest
looks for what is most alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from jobgen.schema.guesses import Guesses, Words
from jobgen.schema.typenames import TYPE_NAMES, parse_type
from jobgen.schema.types import ColumnType

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

_ELSEWHERE: Mapping[str, str] = {
    "tinyint": "smallint",
    "mediumint": "integer",
    "int8_t": "smallint",
    "int16": "smallint",
    "int16_t": "smallint",
    "int32": "integer",
    "int32_t": "integer",
    "int64": "bigint",
    "int64_t": "bigint",
    "uint8": "smallint",
    "uint16": "integer",
    "uint32": "bigint",
    "uint64": "numeric(20)",
    "float32": "real",
    "float64": "double precision",
    "tinytext": "text",
    "mediumtext": "text",
    "longtext": "text",
    "clob": "text",
    "name": "text",
    "email": "text",
    "url": "text",
    "macaddr": "text",
    "macaddr8": "text",
    "ip": "inet",
    "ipaddr": "inet",
    "ipaddress": "inet",
    "ip_address": "inet",
    "ipv4": "inet",
    "ipv6": "inet",
    "network": "cidr",
    "oid": "bigint",
    "any": "jsonb",
    "map": "jsonb",
    "point": "jsonb",
    "set": "text[]",
    "int4multirange": "int4range[]",
    "int8multirange": "int8range[]",
    "nummultirange": "numrange[]",
    "datemultirange": "daterange[]",
    "tstzmultirange": "tstzrange[]",
}
"""Types of other systems that look like one of another size or kind. Only the whole
word counts: as typos of them, others would be guessed worse."""

_KNOWN = (*sorted(TYPE_NAMES), *_INSTEAD)
_YES_OR_NO = frozenset({"true", "false", "yes", "no", "on", "off"})
"""Values of a boolean column, written in the place of its type."""

_ARRAY = re.compile(
    r"([\w ]+)\?\[\]|(?:list|array|sequence|set)[\[<]([\w ]+)[\]>]|(\w+) array",
    re.IGNORECASE,
)
"""An array as it is written elsewhere: `text?[]`, `list[text]`, `text array`."""

_NULLABLE = re.compile(
    r"optional\[(.+)\]|(.+?) *\| *(?:none|null)|(.+?) +null", re.IGNORECASE
)
"""What may be NULL, as elsewhere: `Optional[str]`, `str | None`, `text null`."""

_NOT_NULL = re.compile(r"(.+?) +not +null", re.IGNORECASE)
"""What a column is anyway."""

_IN_BRACKETS = re.compile(r"(\w+)\[ *([0-9]+ *, *[0-9]+) *\]")
"""Numbers in brackets of the wrong kind: `numeric[12,2]`."""

_BEHIND = re.compile(r"[(\[]")
"""Where a name ends and its numbers or brackets begin."""

_LONGEST = 100
"""Letters of a text that is looked at: nobody writes that much for a type."""

_SURELY = 0.8
"""The likeness of an enum that is meant rather than a type of another system."""

_NESTED = 3
"""Notations in one another that are looked through: `Optional[list[str]]`."""


class TypeGuesses:
    """Guesses among PostgreSQL's types and `enums`, those of the file."""

    def __init__(self, enums: Collection[str], guesses: Guesses) -> None:
        self._enums = dict.fromkeys(enums, "")
        self._words = Words.of(enums)
        self._known = Words.of((*enums, *_KNOWN))
        self._guesses = guesses

    def meant(self, text: str, nested: int = _NESTED) -> str | None:
        """What to write for `text`, which is no type: all of it, `[]` and `?` included.

        `nested` is how many notations within one another are looked through.
        """
        if len(text) > _LONGEST or not nested:
            return None
        for notation, wrap in ((_ARRAY, "[]"), (_NOT_NULL, ""), (_NULLABLE, "?")):
            found = notation.fullmatch(text)
            if found is not None:
                inner = self._inside(next(filter(None, found.groups())), nested)
                if inner is None and notation is _ARRAY:
                    inner = "text"
                null = "?" if notation is _ARRAY and "?" in text else ""
                return None if inner is None else f"{inner}{wrap}{null}"
        return self._respelt(_IN_BRACKETS.sub(r"\1(\2)", text))

    def _inside(self, text: str, nested: int) -> str | None:
        return text if self._is_type(text) else self.meant(text, nested - 1)

    def _respelt(self, text: str) -> str | None:
        """`text` with a better name, and of what stands behind it what fits there."""
        name = _BEHIND.split(text, maxsplit=1)[0].rstrip()
        better = self._named(name)
        if better is None or better.endswith("]"):
            return better
        array = "[]" if text.rstrip().endswith("[]") else ""
        whole = better + text.removeprefix(name)
        return whole if self._is_type(whole) else better + array

    def _named(self, name: str) -> str | None:
        """What another name of a type means, or what looks most like `name`."""
        word = name.lower()
        if word in _YES_OR_NO:
            return "boolean"
        if word in _ELSEWHERE:
            enum = self._guesses.closest(name, self._words, _SURELY)
            return enum or _ELSEWHERE[word]
        close = self._guesses.closest(name, self._known)
        return None if close is None else _INSTEAD.get(close, close)

    def _is_type(self, text: str) -> bool:
        return isinstance(parse_type(text, self._enums, ""), ColumnType)
