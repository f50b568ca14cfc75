"""Frames of the stack that composes nodes: collections whose end is still to come.

Stage: schema. A frame takes the nodes of its collection one by one, tells keys from
values, and reports what a mapping or a list cannot hold. In block style a closed
one points to its beginning: the parser ends it where the next one starts, lines
below its text.
"""

from __future__ import annotations

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


class SequenceFrame:
    """Items so far of a list that began at `start`; `flow` where it is written in []."""

    def __init__(self, start: Span, flow: bool, found: Gatherer) -> None:
        self.flow = flow
        self._start = start
        self._found = found
        self._items: list[Node] = []

    def put(self, node: Node) -> None:
        before = self._items[-1] if self._items else None
        if isinstance(before, Broken) and _closes(node):
            self._items.append(Broken(node.span))
        else:
            self._items.append(_in_one_piece(node, self._found))

    def close(self, end: Position) -> Sequence:
        if not self.flow and self._items:
            end = _after_one_character(self._start)
        return Sequence(_until(end, self._start), tuple(self._items))


class MappingFrame:
    """Entries so far of a mapping that began at `start`; `flow` as for a list."""

    def __init__(
        self, start: Span, flow: bool, found: Gatherer, sharing: Sharing
    ) -> None:
        self.flow = flow
        self._start = start
        self._found = found
        self._sharing = sharing
        self._entries: dict[str, Entry] = {}
        self._key: Scalar | None = None
        """It waits for its value."""
        self._skip_value = False
        """The key cannot be one, and its value means nothing."""
        self._incomplete = False

    def put(self, node: Node) -> None:
        if self._key is not None or self._skip_value:
            self._put_value(node)
        else:
            self._put_key(node)

    def close(self, end: Position) -> Mapping:
        entries = tuple(self._entries.values())
        if not self.flow and entries:
            end = entries[0].key.span.end
        return Mapping(_until(end, self._start), entries, self._incomplete)

    def _put_key(self, node: Node) -> None:
        self._skip_value = True
        if isinstance(node, Scalar) and node.plain and node.text == "<<":
            self._sharing.refuse("merge key", node.span)
            self._incomplete = True
        elif _closes(node) and self._last_is_broken():
            pass  # the rest of `numeric(12,2)`, reported already
        elif isinstance(node, Scalar) and len(node.text) <= _LONGEST_KEY:
            self._put_name(node)
        elif not isinstance(node, Broken):
            self._found.error(
                "bad-key", node.span, "a key must be a short text", "write 'key: value'"
            )
            self._incomplete = True

    def _put_name(self, key: Scalar) -> None:
        before = self._entries.get(key.text)
        if before is None:
            self._key, self._skip_value = key, False
            return
        line = before.key.span.start.line
        message = f"{shown(key.text)} is here twice; the first is in line {line}"
        self._found.error("duplicate-key", key.span, message, "remove one of them")
        self._entries[key.text] = Entry(before.key, _in_doubt(before.value))

    def _put_value(self, node: Node) -> None:
        if self._key is not None:
            value = _in_one_piece(node, self._found)
            self._entries[self._key.text] = Entry(self._key, value)
        self._key, self._skip_value = None, False

    def _last_is_broken(self) -> bool:
        last = next(reversed(self._entries.values()), None)
        return last is not None and isinstance(last.value, Broken)


Frame: TypeAlias = SequenceFrame | MappingFrame


def _until(end: Position, start: Span) -> Span:
    return Span(start.source, start.start, end)


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
            return node._replace(incomplete=True)
        case Sequence():
            return Broken(node.span)
        case _:
            return node
