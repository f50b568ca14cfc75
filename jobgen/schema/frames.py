"""Frames of the stack that composes nodes: collections whose end is still to come.

Stage: schema. A frame takes the nodes of its collection one by one, tells keys from
values, and reports what a mapping or a list cannot hold. In block style a closed
one points to its beginning: the parser ends it where the next one starts, lines
below its text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from jobgen.schema.diagnostics import Gatherer, Position, Span, shown
from jobgen.schema.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence

_LONGEST_KEY = 1000
"""Longer keys are nobody's intention, and slow to compare with known ones."""


class Sharing:
    """Refuses anchors, aliases, merge keys; once, since one brings the others."""

    def __init__(self, found: Gatherer) -> None:
        self._found = found
        self._reported = False

    def refuse(self, what: str, span: Span) -> None:
        if self._reported:
            return
        self._reported = True
        self._found.error(
            "alias",
            span,
            f"a YAML {what} is not part of the grammar",
            "write the value out; what all jobs share goes under 'defaults:'",
        )


@dataclass(slots=True)
class SequenceFrame:
    """Items so far of a list that began at `start`; `flow` where it is written in []."""

    start: Span
    flow: bool
    found: Gatherer
    items: list[Node] = field(default_factory=list[Node])

    def put(self, node: Node) -> None:
        before = self.items[-1] if self.items else None
        if isinstance(before, Broken) and _closes(node):
            self.items.append(Broken(node.span))
        else:
            self.items.append(_in_one_piece(node, self.found))

    def close(self, end: Position) -> Sequence:
        if not self.flow and self.items:
            end = _after_one_character(self.start)
        return Sequence(_until(end, self.start), tuple(self.items))


@dataclass(slots=True)
class MappingFrame:
    """Entries so far of a mapping that began at `start`; `key` waits for its value.

    `skip_value` where the key cannot be one, and its value means nothing.
    """

    start: Span
    flow: bool
    found: Gatherer
    sharing: Sharing
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: Scalar | None = None
    skip_value: bool = False
    incomplete: bool = False

    def put(self, node: Node) -> None:
        if self.key is not None or self.skip_value:
            self._put_value(node)
        else:
            self._put_key(node)

    def close(self, end: Position) -> Mapping:
        entries = tuple(self.entries.values())
        if not self.flow and entries:
            end = entries[0].key.span.end
        return Mapping(_until(end, self.start), entries, self.incomplete)

    def _put_key(self, node: Node) -> None:
        self.skip_value = True
        if isinstance(node, Scalar) and node.plain and node.text == "<<":
            self.sharing.refuse("merge key", node.span)
            self.incomplete = True
        elif _closes(node) and self._last_is_broken():
            pass  # the rest of `numeric(12,2)`, reported already
        elif isinstance(node, Scalar) and len(node.text) <= _LONGEST_KEY:
            self._put_name(node)
        elif not isinstance(node, Broken):
            self.found.error(
                "bad-key", node.span, "a key must be a short text", "write 'key: value'"
            )
            self.incomplete = True

    def _put_name(self, key: Scalar) -> None:
        before = self.entries.get(key.text)
        if before is None:
            self.key, self.skip_value = key, False
            return
        line = before.key.span.start.line
        message = f"{shown(key.text)} is here twice; the first is in line {line}"
        self.found.error("duplicate-key", key.span, message, "remove one of them")
        self.entries[key.text] = Entry(before.key, _in_doubt(before.value))

    def _put_value(self, node: Node) -> None:
        if self.key is not None:
            value = _in_one_piece(node, self.found)
            self.entries[self.key.text] = Entry(self.key, value)
        self.key, self.skip_value = None, False

    def _last_is_broken(self) -> bool:
        last = next(reversed(self.entries.values()), None)
        return last is not None and isinstance(last.value, Broken)


Frame: TypeAlias = SequenceFrame | MappingFrame


def _until(end: Position, start: Span) -> Span:
    return Span(source=start.source, start=start.start, end=end)


def _after_one_character(start: Span) -> Position:
    return Position(start.start.line, start.start.column + 1)


def _in_one_piece(node: Node, found: Gatherer) -> Node:
    """Reports `[numeric(1, 2)]`: there a comma ends a text without quotes."""
    if not (isinstance(node, Scalar) and node.flow and node.plain):
        return node
    if node.text.count("(") <= node.text.count(")"):
        return node
    found.error(
        "unquoted-comma",
        node.span,
        "within [] and {} a comma ends a text that has no quotes",
        'put it in quotes, as in "numeric(12,2)"',
    )
    return Broken(node.span)


def _closes(node: Node) -> bool:
    """Whether this is what a comma split off: `2)`."""
    return (
        isinstance(node, Scalar)
        and node.plain
        and node.text.endswith((")", ")?", ")[]"))
    )


def _in_doubt(node: Node) -> Node:
    """The first of two values of one key: a part of what it should be, perhaps."""
    match node:
        case Mapping():
            return replace(node, incomplete=True)
        case Sequence():
            return Broken(node.span)
        case _:
            return node
