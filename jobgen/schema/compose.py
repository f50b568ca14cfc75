"""YAML text → nodes; the only importer of yaml.

Stage: schema. Nodes are built from the parser's events without recursion, bounded
in depth and without aliases, so that no file costs more than its length.
"""

from __future__ import annotations

from typing import Protocol

import yaml

from jobgen.schema.codes import Code
from jobgen.schema.diagnostics import Gatherer, Position, Span, shown
from jobgen.schema.frames import Frame, MappingFrame, SequenceFrame, Sharing
from jobgen.schema.nodes import Broken, Node, Scalar
from jobgen.schema.source import hidden_character, lines
from jobgen.schema.syntax import begins_before, explain

MAX_DEPTH = 64
"""The grammar needs 7 levels; the rest is for JSON in a column's default."""

MAX_EVENTS = 500_000
"""About 25,000 jobs of five columns; more would keep a machine busy for long."""


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
        elif span.start.line != builder.refused_in:  # it follows no `*` or `&`
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
    problem, began = error.problem or "", error.context_mark
    mark = error.problem_mark or began
    one_line = mark is not None and began is not None and mark.line == began.line
    if began is not None and begins_before(problem, one_line=one_line):
        mark = began
    start = Position(1, 1) if mark is None else _inside(_position(mark), text)
    end = Position(start.line, start.column + 1)
    message, help = explain(problem, error.context or "", text, start, inside=one_line)
    return Span(source=source, start=start, end=end), message, help


def _inside(place: Position, text: str) -> Position:
    """`place`, or the end of the last line with anything on it if it is behind that."""
    there = lines(text.rstrip())
    if place.line <= len(there):
        return place
    return Position(len(there), max(len(there[-1]), 1))


class _Builder:
    """Turns events into nodes, with a stack of its own in place of recursion."""

    def __init__(self, source: str, found: Gatherer) -> None:
        self.root: Node | None = None
        self.stopped = False
        self.refused_in = 0
        """The last line with an alias, anchor or tag: they break what comes after."""
        self._source = source
        self._found = found
        self._sharing = Sharing(found)
        self._open: list[Frame] = []
        self._documents = 0

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
            self._put(self._open.pop().close(span.end))
        elif isinstance(event, yaml.AliasEvent):
            self._sharing.refuse("alias", span)
            self.refused_in = span.start.line
            self._put(Broken(span))
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(span)

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Span.whole(self._source)
        return Span(self._source, _position(start), _position(end))

    def _document(self, span: Span) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop("several-documents", span, "the file holds a second document")

    def _stop(self, code: Code, span: Span, message: str) -> None:
        self._found.error(code, span, message, "one file holds one schema")
        self.stopped = True

    def _meta(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None or event.tag is not None:
            self.refused_in = self._span(event).start.line
        if event.anchor is not None:
            self._sharing.refuse("anchor", self._prefix(event, len(event.anchor) + 1))
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
            if not event.value:  # what was to be a text, such as `!` or `&`
                self._put(Broken(span))
                return
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
        if not event.value and span.is_whole:
            span = self._before(span)  # the ':' or '-': nothing else is written
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
        flow = bool(event.flow_style)
        if isinstance(event, yaml.MappingStartEvent):
            self._open.append(MappingFrame(span, flow, self._found, self._sharing))
        else:
            self._open.append(SequenceFrame(span, flow, self._found))

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1].put(node)
        else:
            self.root = node


class _Mark(Protocol):
    """What the marks of both parsers have in common, counted from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _position(mark: _Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)
