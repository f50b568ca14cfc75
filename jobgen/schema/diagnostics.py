"""What is wrong with a schema, and where: values that a command prints.

Stage: every one. A user's mistake is never an exception: a stage returns what
it could build and leaves what it found in a `Gatherer`. Nothing here prints.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from jobgen.schema.codes import Code

Severity: TypeAlias = Literal["error", "warning"]


class Position(NamedTuple):
    """A place between characters, line and column from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
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
    """

    def __init__(self) -> None:
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


_SHORT = 2
"""Letters of a word that is hardly ever misspelt, and rather another word."""

_NEARLY = 0.8
"""The likeness of `id` and `ids`."""

_MOST_COMPARED = 100
"""Of more words than these, one is compared with its neighbours only: a schema may
have thousands of names, and thousands of typos."""

_NEIGHBOURS = 8
"""On either side, in the order of words and in that of words read backwards."""


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The one of `known` that looks most like `word`, if any does, in any case.

    `likeness` from 0 to 1: 0.6 is enough for a guess.
    """
    if len(word) > 100:  # difflib is quadratic; nobody misspells that much
        return None
    if len(word) <= _SHORT:  # two letters are in the middle of many a word
        likeness = max(likeness, _NEARLY)
    words = _words(tuple(known))
    best = likeness, ""
    matcher = difflib.SequenceMatcher(b=word.lower())
    for each in words.near(word.lower()):
        matcher.set_seq1(each)
        bounds = matcher.real_quick_ratio, matcher.quick_ratio
        if all(bound() >= best[0] for bound in bounds):
            best = max(best, (matcher.ratio(), each))
    return words.spelling[best[1]] if best[1] else None


@dataclass(frozen=True, slots=True)
class _Words:
    """What one word may be compared with: in lower case, and as it is spelt."""

    spelling: Mapping[str, str]
    forwards: Sequence[str]
    backwards: Sequence[str]  # each word reversed

    def near(self, word: str) -> Iterable[str]:
        """All words if they are few; else those that begin or end most like `word`."""
        if len(self.spelling) <= _MOST_COMPARED:
            return self.spelling
        reverse = (each[::-1] for each in _around(word[::-1], self.backwards))
        return dict.fromkeys((*_around(word, self.forwards), *reverse))


def _around(word: str, ordered: Sequence[str]) -> Sequence[str]:
    place = bisect_left(ordered, word)
    return ordered[max(place - _NEIGHBOURS, 0) : place + _NEIGHBOURS]


@lru_cache(maxsize=8)  # many typos meet the same words
def _words(known: tuple[str, ...]) -> _Words:
    spelling = {each.lower(): each for each in known}
    return _Words(spelling, sorted(spelling), sorted(each[::-1] for each in spelling))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'bigint'?`, or None where nothing known looks like `word`."""
    better = closest(word, known)
    return None if better is None else f"did you mean '{better}'?"


def listed(words: Iterable[str]) -> str:
    """`'keep' or 'delete'`, for a message that offers a choice."""
    quoted = [f"'{word}'" for word in words]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)


def shown(text: str) -> str:
    """`text` in quotes, cut where it is too long for a message."""
    return repr(text if len(text) <= 100 else text[:97] + "...")
