"""YAML text → nodes with positions; the only importer of yaml.

Stage: schema. Out comes a tree in which scalars are still TEXT, because what
`no`, `1.0` or `12:30` means is for our grammar to say and not for YAML 1.1. It is
built from the parser's events without recursion, bounded in depth and without
aliases, so that no file costs more than its length.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import yaml

from jobgen.schema.codes import Code
from jobgen.schema.diagnostics import Gatherer, Position, Span, shown
from jobgen.schema.source import hidden_character, lines
from jobgen.schema.syntax import begins_before, explain

MAX_DEPTH = 64
"""The grammar needs 7 levels; the rest is for JSON in a column's default."""

MAX_EVENTS = 500_000
"""About 25,000 jobs of five columns; more would keep a machine busy for long."""

MAX_KEY = 1000
"""Longer keys are nobody's intention, and slow to compare with known ones."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `plain` when it stood without quotes, `flow` when within [] or {}."""

    span: Span
    text: str
    plain: bool
    flow: bool = False

    @property
    def empty(self) -> bool:
        """Nothing was written where a value could have been."""
        return self.plain and not self.text


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in the order of the file, each key once.

    `incomplete` where more was written than could be read, and was reported.
    """

    span: Span
    entries: tuple[Entry, ...]
    incomplete: bool = False

    def find(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key.text == name), None)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in the order of the file."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that was reported already: whoever reads it stays silent."""

    span: Span


Node: TypeAlias = Scalar | Mapping | Sequence | Broken


def compose(text: str, source: str, found: Gatherer, start: str) -> Node | None:
    """The one document of `text`; None (with a diagnostic) where there is none.

    `start` says how such a file begins, for somebody whose file is empty.
    """
    builder = _Builder(source, found)
    try:
        builder.run(text)
    except yaml.MarkedYAMLError as error:
        span, message, help = _described(error, text, source)
        if "maximum nesting depth" in (error.problem or ""):
            _too_deep(span, found)  # the parser reads ahead, and some give up first
        else:
            found.error("bad-yaml", span, message, help)
        return None
    except yaml.YAMLError as error:
        found.error("bad-yaml", Span.whole(source), f"not YAML: {error}")
        return None
    nothing = isinstance(builder.root, Scalar) and builder.root.empty
    if nothing or (builder.root is None and not builder.stopped):
        found.error(
            "empty-file",
            Span.whole(source),
            "the file contains no schema",
            start,
        )
    return None if nothing else builder.root


def _too_deep(span: Span, found: Gatherer) -> None:
    message = f"more than {MAX_DEPTH} levels of lists and mappings"
    found.error("too-deep", span, message, "no schema needs so many")


def _described(
    error: yaml.MarkedYAMLError, text: str, source: str
) -> tuple[Span, str, str | None]:
    mark = error.problem_mark or error.context_mark
    if begins_before(error.problem or "") and error.context_mark is not None:
        mark = error.context_mark
    start = Position(1, 1) if mark is None else _inside(_position(mark), text)
    end = Position(start.line, start.column + 1)
    message, help = explain(error.problem or "", error.context or "", text, start.line)
    return Span(source=source, start=start, end=end), message, help


def _inside(place: Position, text: str) -> Position:
    """`place`, or the end of the last line with anything on it if it is behind that."""
    there = lines(text.rstrip())
    if place.line <= len(there):
        return place
    return Position(len(there), max(len(there[-1]), 1))


@dataclass(slots=True)
class _Frame:
    """A collection that is still open; `key` is set between key and value."""

    start: Position
    mapping: bool
    flow: bool
    items: list[Node] = field(default_factory=list[Node])
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: Scalar | None = None
    skip_value: bool = False
    incomplete: bool = False


class _Builder:
    """Turns events into nodes, with a stack of its own in place of recursion."""

    def __init__(self, source: str, found: Gatherer) -> None:
        self.root: Node | None = None
        self.stopped = False
        self._source = source
        self._found = found
        self._open: list[_Frame] = []
        self._documents = 0
        self._sharing_reported = False

    def run(self, text: str) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            self._take(event)
            if count > MAX_EVENTS:
                self._too_large(self._span(event))
            if self.stopped:
                self.root = None
                return

    def _too_large(self, span: Span) -> None:
        message = f"the file has more than {MAX_EVENTS:,} keys and values"
        help = "split the schema into several packages"
        self._found.error("too-large", span, message, help)
        self.stopped = True

    def _take(self, event: yaml.Event) -> None:
        span = self._span(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, span)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, span)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(span.end)
        elif isinstance(event, yaml.AliasEvent):
            self._share("alias", span)
            self._put(Broken(span))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(span)

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Span.whole(self._source)
        return Span(source=self._source, start=_position(start), end=_position(end))

    def _document(self, span: Span) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop("several-documents", span, "the file holds a second document")

    def _stop(self, code: Code, span: Span, message: str) -> None:
        self._found.error(code, span, message, "one file holds one schema")
        self.stopped = True

    def _share(self, what: str, span: Span) -> None:
        """Refuses anchors, aliases, merge keys; once, since one brings the others."""
        if self._sharing_reported:
            return
        self._sharing_reported = True
        self._found.error(
            "alias",
            span,
            f"a YAML {what} is not part of the grammar",
            "write the value out; what all jobs share goes under 'defaults:'",
        )

    def _meta(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self._share("anchor", self._prefix(event, len(event.anchor) + 1))
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._found.error(
                "tag",
                self._prefix(event, 1),
                f"the YAML tag {shown(tag)} is not part of the grammar",
                "remove it",
            )

    def _prefix(self, event: yaml.Event, width: int) -> Span:
        start = self._span(event).start
        end = Position(start.line, start.column + width)
        return Span(source=self._source, start=start, end=end)

    def _scalar(self, event: yaml.ScalarEvent, span: Span) -> None:
        if event.anchor is not None or event.tag is not None:
            self._meta(event)
        hidden = hidden_character(event.value)
        if hidden is not None:
            self._found.error(
                "control-character",
                span,
                f"this text contains the character U+{ord(hidden):04X}",
                "remove it; in a text, spaces and line ends are enough",
            )
            self._put(Broken(span))
            return
        flow = bool(self._open) and self._open[-1].flow
        if span.is_whole:  # nothing is written: point to the ':' or '-' before it
            span = self._before(span)
        self._put(Scalar(span, event.value, event.style in (None, ""), flow))

    def _before(self, span: Span) -> Span:
        column = max(span.start.column - 1, 1)
        start = Position(span.start.line, column)
        end = Position(span.start.line, column + 1)
        return Span(source=self._source, start=start, end=end)

    def _begin(self, event: yaml.CollectionStartEvent, span: Span) -> None:
        self._meta(event)
        if len(self._open) == MAX_DEPTH:
            _too_deep(self._prefix(event, 1), self._found)
            self.stopped = True
            return
        mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Frame(span.start, mapping, bool(event.flow_style)))

    def _end(self, end: Position) -> None:
        frame = self._open.pop()
        if frame.mapping:
            entries = tuple(frame.entries.values())
            first = entries[0].key.span if entries else None
            extent = self._extent(frame, first, end)
            self._put(Mapping(extent, entries, frame.incomplete))
        else:
            first = frame.items[0].span if frame.items else None
            self._put(Sequence(self._extent(frame, first, end), tuple(frame.items)))

    def _extent(self, frame: _Frame, first: Span | None, end: Position) -> Span:
        """Where to point for a collection: in block style, at its beginning.

        The parser ends a block where the next one starts, lines below its text.
        """
        if not frame.flow and first is not None:
            end = Position(frame.start.line, frame.start.column + 1)
            if frame.mapping:
                end = first.end
        return Span(source=self._source, start=frame.start, end=end)

    def _put(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        frame = self._open[-1]
        if not frame.mapping:
            frame.items.append(self._whole(frame, node))
        elif frame.key is None and not frame.skip_value:
            self._key(frame, node)
        else:
            self._value(frame, node)

    def _whole(self, frame: _Frame, node: Node) -> Node:
        """Reports `[numeric(1, 2)]`: there a comma ends a text without quotes."""
        before = frame.items[-1] if frame.items else None
        if isinstance(before, Broken) and _closes(node):
            return Broken(node.span)
        return self._checked_parentheses(node)

    def _checked_parentheses(self, node: Node) -> Node:
        if not (isinstance(node, Scalar) and node.flow and node.plain):
            return node
        if node.text.count("(") <= node.text.count(")"):
            return node
        self._found.error(
            "unquoted-comma",
            node.span,
            "within [] and {} a comma ends a text that has no quotes",
            'put it in quotes, as in "numeric(12,2)"',
        )
        return Broken(node.span)

    def _key(self, frame: _Frame, node: Node) -> None:
        frame.skip_value = True
        if isinstance(node, Scalar) and node.plain and node.text == "<<":
            self._share("merge key", node.span)
            frame.incomplete = True
        elif _closes(node) and _last_is_broken(frame):
            pass  # the rest of `numeric(12,2)`, reported already
        elif isinstance(node, Scalar) and len(node.text) <= MAX_KEY:
            before = frame.entries.get(node.text)
            if before is not None:
                self._duplicate(node, before.key.span.start.line)
                frame.entries[node.text] = Entry(before.key, _in_doubt(before.value))
                return
            frame.key, frame.skip_value = node, False
        elif not isinstance(node, Broken):
            self._found.error(
                "bad-key", node.span, "a key must be a short text", "write 'key: value'"
            )
            frame.incomplete = True

    def _duplicate(self, key: Scalar, line: int) -> None:
        self._found.error(
            "duplicate-key",
            key.span,
            f"{shown(key.text)} is here twice; the first is in line {line}",
            "remove one of them",
        )

    def _value(self, frame: _Frame, node: Node) -> None:
        if frame.key is not None:
            value = self._checked_parentheses(node)
            frame.entries[frame.key.text] = Entry(frame.key, value)
        frame.key, frame.skip_value = None, False


def _in_doubt(node: Node) -> Node:
    """The first of two values of one key: a part of what it should be, perhaps."""
    match node:
        case Mapping():
            return replace(node, incomplete=True)
        case Sequence():
            return Broken(node.span)
        case _:
            return node


def _closes(node: Node) -> bool:
    """Whether this is what a comma split off: `2)`."""
    return (
        isinstance(node, Scalar)
        and node.plain
        and node.text.endswith((")", ")?", ")[]"))
    )


def _last_is_broken(frame: _Frame) -> bool:
    last = next(reversed(frame.entries.values()), None)
    return last is not None and isinstance(last.value, Broken)


class _Mark(Protocol):
    """What the marks of both parsers have in common, counted from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _position(mark: _Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)
