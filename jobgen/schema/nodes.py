"""The nodes of a schema file: scalars, mappings and sequences with their positions.

Stage: schema. Scalars are still TEXT, because what `no`, `1.0` or `12:30` means is
for our grammar to say and not for YAML 1.1.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from jobgen.schema.diagnostics import Span


class Scalar(NamedTuple):
    """A text; `plain` when it stood without quotes, `flow` when within [] or {}."""

    span: Span
    text: str
    plain: bool
    flow: bool = False

    @property
    def empty(self) -> bool:
        """Nothing was written where a value could have been."""
        return self.plain and not self.text


class Entry(NamedTuple):
    """One `key: value` of a mapping."""

    key: Scalar
    value: Node


class Mapping(NamedTuple):
    """Entries in the order of the file, each key once.

    `incomplete` where more was written than could be read, and was reported.
    """

    span: Span
    entries: tuple[Entry, ...]
    incomplete: bool = False

    def find(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key.text == name), None)


class Sequence(NamedTuple):
    """Items in the order of the file."""

    span: Span
    items: tuple[Node, ...]


class Broken(NamedTuple):
    """Something that was reported already: whoever reads it stays silent."""

    span: Span


Node: TypeAlias = Scalar | Mapping | Sequence | Broken
