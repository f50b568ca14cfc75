"""What a misspelt word may have been meant as.

Stage: every one. Pure, but that a run makes only so many guesses.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 100
"""Letters of a word: difflib is quadratic, and nobody misspells that much."""

_SHORT = 2
"""Letters of a word that is hardly ever misspelt, and rather another word."""

_ALIKE = 0.6
"""The likeness that is enough for a guess."""

_NEARLY = 0.8
"""The likeness of `id` and `ids`."""

_MOST_COMPARED = 100
"""Of more words than these, one is compared with its neighbours only: a schema may
have thousands of names, and thousands of typos."""

_NEIGHBOURS = 8
"""On either side, in the order of words and in that of words read backwards."""

_MOST_WORK = 10_000_000
"""Pairs of letters that one run may look at: a second's work or less, which is more
than a thousand guesses among names of ordinary length."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What a word may be compared with: in lower case, and as it is spelt."""

    spelling: Mapping[str, str]
    forwards: Sequence[str]
    backwards: Sequence[str]  # each word reversed

    @staticmethod
    def of(known: Iterable[str]) -> Words:
        return _words(tuple(known))

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
def _words(known: tuple[str, ...]) -> Words:
    spelling = {each.lower(): each for each in known}
    return Words(spelling, sorted(spelling), sorted(each[::-1] for each in spelling))


class Guesses:
    """Those of one run, which end when they have taken a second or two.

    A file with thousands of typos is mended by its first ones. A word that is misspelt
    again and again in one way costs nothing, and is guessed all the same.
    """

    def __init__(self) -> None:
        self._left = _MOST_WORK
        self._made: dict[tuple[str, Words, float], str | None] = {}

    def closest(
        self, word: str, known: Iterable[str] | Words, likeness: float = _ALIKE
    ) -> str | None:
        """The one of `known` that looks most like `word`, if any does, in any case.

        `likeness` from 0 to 1. Whoever asks often about many words prepares them.
        """
        words = known if isinstance(known, Words) else Words.of(known)
        key = word, words, likeness
        if key not in self._made and self._left > 0:
            near = () if len(word) > _LONGEST else tuple(words.near(word.lower()))
            self._left -= 1 + len(word) * sum(map(len, near))
            better = _best(word.lower(), near, likeness)
            self._made[key] = None if better is None else words.spelling[better]
        return self._made.get(key)

    def did_you_mean(self, word: str, known: Iterable[str] | Words) -> str | None:
        """`did you mean 'bigint'?`, or None where nothing known looks like `word`."""
        better = self.closest(word, known)
        return None if better is None else f"did you mean '{better}'?"


def _best(word: str, words: Iterable[str], likeness: float) -> str | None:
    """The most alike, and of several the last in the alphabet, if any is alike."""
    if len(word) <= _SHORT:  # two letters are in the middle of many a word
        likeness = max(likeness, _NEARLY)
    best = likeness, ""
    import difflib  # slow to import

    matcher = difflib.SequenceMatcher(b=word)
    for each in words:
        matcher.set_seq1(each)
        bounds = matcher.real_quick_ratio, matcher.quick_ratio
        if all(bound() >= best[0] for bound in bounds):
            best = max(best, (matcher.ratio(), each))
    return best[1] or None
