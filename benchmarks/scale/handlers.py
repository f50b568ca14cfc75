"""Handlers that wait for something, as most do."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.drain import SPEED, drained
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN, JOBGEN_DEFAULT, Subject

SHARE: Final = "of what the slots allow"
_PAUSES: Final = (0.001, 0.01, 0.1)
_SLOTS: Final = ((JOBGEN_DEFAULT, 16), (JOBGEN, 1000))
_SECONDS: Final = 5
_MOST: Final = 50_000


def measure(bench: Bench) -> Measure:
    """Each pause with the default concurrency and with a high one."""
    return Measure(
        name="handlers",
        title="Handlers that await",
        how="Slots ÷ pause is what would be possible if nothing else took time.",
        figures=(SPEED, SHARE),
        cases=tuple(
            Case(
                label=f"{pause * 1000:g} ms, concurrency {slots}",
                sample=partial(_sample, bench, subject, slots, pause),
            )
            for pause in _PAUSES
            for subject, slots in _SLOTS
        ),
    )


def _sample(bench: Bench, subject: Subject, slots: int, pause: float) -> Sample:
    possible = slots / pause
    count = min(_MOST, round(possible * _SECONDS))
    answer = drained(bench, subject, count, pause=pause)
    speed = count / answer["seconds"]
    return {SPEED: speed, SHARE: speed / possible}
