"""Jobs a second into an empty queue, by one producer."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.bench import Bench
from benchmarks.measures.drain import SPEED
from benchmarks.rounds import Case, Measure, Sample
from benchmarks.subject import JOBGEN, JOBGEN_MANY, RAW, Subject

RAW_COPY: Final = "raw COPY"
COPY: Final = "jobgen, enqueue_copy"
RAW_INSERT: Final = "raw INSERT … RETURNING"


def bulk(bench: Bench) -> Measure:
    """enqueue_copy and enqueue_many beside COPY and each peer's own bulk function."""
    counts = bench.sizes.bulk
    labels = {RAW: RAW_COPY, JOBGEN: COPY}
    cases = [
        Case(
            label=labels.get(subject, subject.label),
            sample=partial(_bulk, bench, subject, count),
        )
        for subject, count in counts.items()
        if bench.can_run(subject)
    ]
    many = Case(
        label=JOBGEN_MANY.label,
        sample=partial(_bulk, bench, JOBGEN_MANY, counts[JOBGEN]),
    )
    return Measure(
        name="bulk",
        title="Bulk enqueue",
        how="Jobs of four columns, or the same as JSON. COPY takes all at once (that"
        " of awa-pg 10,000), the other functions 1,000 at a time. What the function takes (tuples, jobs,"
        " bytes) is made before the clock starts.",
        figures=(SPEED,),
        cases=(*cases[:2], many, *cases[2:]),
    )


def single(bench: Bench) -> Measure:
    """One after the other over one connection, a transaction each."""
    labels = {RAW: RAW_INSERT}
    return Measure(
        name="single",
        title="Single enqueue",
        how="One job after the other over one connection, a transaction each.",
        figures=(SPEED,),
        cases=tuple(
            Case(
                label=labels.get(subject, subject.label),
                sample=partial(_single, bench, subject, count),
            )
            for subject, count in bench.sizes.single.items()
            if bench.can_run(subject)
        ),
    )


def _bulk(bench: Bench, subject: Subject, count: int) -> Sample:
    with bench.empty(subject) as database, bench.process(subject) as process:
        answer = process.ask("bulk", dsn=database.url, count=count, batch=subject.batch)
    return {SPEED: count / answer["seconds"]}


def _single(bench: Bench, subject: Subject, count: int) -> Sample:
    with bench.empty(subject) as database, bench.process(subject) as process:
        answer = process.ask("single", dsn=database.url, count=count)
    return {SPEED: count / answer["seconds"]}
