"""What is wrong with a schema, and where: values that a command prints.

Stage: every one. A user's mistake is never an exception: a stage returns what
it could build and leaves what it found in a `Gatherer`. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from jobgen.schema.codes import Code
from jobgen.schema.guesses import Guesses

Severity: TypeAlias = Literal["error", "warning"]


class Position(NamedTuple):
    """A place between characters, line and column from 1."""

    line: int
    column: int


class Span(NamedTuple):
    """Characters from `start` up to but not including `end` of the file `source`.

    An empty span stands for the file as a whole.
    """

    source: str
    start: Position
    end: Position

    @staticmethod
    def whole(source: str) -> Span:
        top = Position(1, 1)
        return Span(source=source, start=top, end=top)

    @property
    def is_whole(self) -> bool:
        return self.start == self.end


class Diagnostic(NamedTuple):
    """One mistake: `message` says what is wrong, `help` what to write instead.

    `code` is kebab-case and never changes its meaning: users look it up.
    """

    code: Code
    message: str
    span: Span
    help: str | None = None
    severity: Severity = "error"


class Gatherer:
    """Collects the diagnostics of one run; the first one at a place wins.

    One place has one cause: what a later look finds wrong with the same
    characters follows from the first finding, and would only be noise.

    `guesses` are for the help of what is found.
    """

    def __init__(self) -> None:
        self.guesses = Guesses()
        self._found: dict[tuple[str, Position, Position], Diagnostic] = {}
        self._files: dict[str, int] = {}

    def begin(self, source: str) -> None:
        """Lets what is found in `source` come after all files begun before it."""
        self._files.setdefault(source, len(self._files))

    def error(
        self, code: Code, span: Span, message: str, help: str | None = None
    ) -> None:
        self.add(Diagnostic(code=code, message=message, span=span, help=help))

    def warning(
        self, code: Code, span: Span, message: str, help: str | None = None
    ) -> None:
        self.add(
            Diagnostic(
                code=code, message=message, span=span, help=help, severity="warning"
            )
        )

    def add(self, diagnostic: Diagnostic) -> None:
        span = diagnostic.span
        self.begin(span.source)
        self._found.setdefault((span.source, span.start, span.end), diagnostic)

    @property
    def failed(self) -> bool:
        return any(found.severity == "error" for found in self._found.values())

    def in_order(self) -> tuple[Diagnostic, ...]:
        """Everything found, by file, in the order of their beginnings, and place."""
        return tuple(sorted(self._found.values(), key=self._place))

    def _place(self, found: Diagnostic) -> tuple[int, Position, str]:
        return self._files[found.span.source], found.span.start, found.code


def listed(words: Iterable[str]) -> str:
    """`'keep' or 'delete'`, for a message that offers a choice."""
    quoted = [f"'{word}'" for word in words]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)


def shown(text: str) -> str:
    """`text` in quotes, cut where it is too long for a message.

    A backslash stands once, as in the file: it is no Python that is shown.
    """
    quoted = repr(text if len(text) <= 100 else text[:97] + "...")
    return quoted.replace("\\\\", "\\")
