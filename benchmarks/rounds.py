"""Rounds that alternate: A, B, A, B …, so that a busy minute slows all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.dialogue import VoidError

Sample: TypeAlias = Mapping[str, float]
"""What one case showed in one round: a number for each figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """sample: measures once. Raises `VoidError` where the run does not count."""

    label: str
    sample: Callable[[], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is measured, of whom. figures: their names, with the unit.

    how: what a number means, for the reader. rounds: None for the run's own.
    """

    name: str
    title: str
    how: str
    figures: tuple[str, ...]
    cases: tuple[Case, ...]
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one case showed: a sample for each round, None where it was void."""

    label: str
    samples: tuple[Sample | None, ...]
    voids: tuple[str, ...]

    def values(self, figure: str) -> list[float]:
        """Of the rounds that count."""
        return [sample[figure] for sample in self.samples if sample is not None]

    def median(self, figure: str) -> float | None:
        """None where no round counts."""
        values = self.values(figure)
        return statistics.median(values) if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measure after its rounds."""

    name: str
    title: str
    how: str
    figures: tuple[str, ...]
    rows: tuple[Row, ...]

    def row(self, label: str) -> Row | None:
        return next((row for row in self.rows if row.label == label), None)

    def ratios(self, label: str, other: str, figure: str) -> list[float]:
        """`label` to `other`, round by round: neighbours in time are compared."""
        ours, theirs = self.row(label), self.row(other)
        if ours is None or theirs is None:
            return []
        pairs = zip(ours.samples, theirs.samples, strict=True)
        return [a[figure] / b[figure] for a, b in pairs if a and b and b[figure]]


def run(measure: Measure, rounds: int, tell: Callable[[str], None]) -> Measured:
    """Take the samples, one of each case a round; `tell` hears of each."""
    samples: dict[str, list[Sample | None]] = {case.label: [] for case in measure.cases}
    voids: dict[str, list[str]] = {case.label: [] for case in measure.cases}
    for number in range(measure.rounds or rounds):
        for case in _turned(measure.cases, number):
            found: Sample | None = None
            try:
                found = case.sample()
                tell(f"{measure.name} {number + 1}: {case.label}: {_said(found)}")
            except VoidError as error:
                voids[case.label].append(str(error))
                tell(f"{measure.name} {number + 1}: {case.label}: void: {error}")
            samples[case.label].append(found)
    rows = tuple(
        Row(label=label, samples=tuple(taken), voids=tuple(voids[label]))
        for label, taken in samples.items()
    )
    return Measured(
        name=measure.name,
        title=measure.title,
        how=measure.how,
        figures=measure.figures,
        rows=rows,
    )


def _turned(cases: tuple[Case, ...], number: int) -> tuple[Case, ...]:
    """Another case begins each round: whoever follows a slow one may gain."""
    start = number % len(cases)
    return cases[start:] + cases[:start]


def _said(sample: Sample) -> str:
    return ", ".join(f"{name} {value:,.2f}" for name, value in sample.items())
