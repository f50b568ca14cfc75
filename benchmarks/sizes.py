"""How much of each is measured: in the full form, and in the quick one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.subject import (
    AWA,
    JOBGEN,
    JOBGEN_DEFAULT,
    OBAN,
    PEERS,
    PGQUEUER,
    PROCRASTINATE,
    RAW,
    Subject,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """rounds: of every measurement. patience: seconds for one command.

    drained: jobs by subject, so many that the slow ones end in time. snapshot: the
    same with an old snapshot held. bulk, single: jobs to enqueue. crowd: seconds of
    inserts from 32 connections. wakes: jobs for an idle worker. scheduled: jobs by
    subject. steady: seconds. idle: how often, and seconds; idle_peers: who else. memory:
    jobs.
    """

    rounds: int
    patience: float
    drained: Mapping[Subject, int]
    snapshot: Mapping[Subject, int]
    bulk: Mapping[Subject, int]
    single: Mapping[Subject, int]
    crowd: int
    wakes: int
    scheduled: Mapping[Subject, int]
    steady: float
    idle: tuple[int, float]
    idle_peers: Sequence[Subject]
    memory: int


FULL: Final = Sizes(
    rounds=5,
    patience=300,
    drained={
        RAW: 200_000,
        JOBGEN: 200_000,
        JOBGEN_DEFAULT: 200_000,
        PGQUEUER: 70_000,
        AWA: 12_000,
        OBAN: 8_000,
        PROCRASTINATE: 1_000,
    },
    snapshot={
        RAW: 100_000,
        JOBGEN: 200_000,
        PGQUEUER: 50_000,
        AWA: 12_000,
        OBAN: 8_000,
        PROCRASTINATE: 600,
    },
    bulk={
        RAW: 200_000,
        JOBGEN: 200_000,
        PGQUEUER: 50_000,
        AWA: 50_000,
        OBAN: 10_000,
        PROCRASTINATE: 20_000,
    },
    single={
        RAW: 5_000,
        JOBGEN: 5_000,
        PGQUEUER: 2_500,
        AWA: 600,
        OBAN: 1_500,
        PROCRASTINATE: 1_200,
    },
    crowd=5,
    wakes=60,
    scheduled={RAW: 250, JOBGEN_DEFAULT: 500, **dict.fromkeys(PEERS, 250)},
    steady=3,
    idle=(5, 5),
    idle_peers=PEERS,
    memory=300_000,
)

QUICK: Final = Sizes(
    rounds=3,
    patience=180,
    drained={
        RAW: 30_000,
        JOBGEN: 30_000,
        JOBGEN_DEFAULT: 30_000,
        PGQUEUER: 20_000,
        AWA: 8_000,
        OBAN: 4_000,
        PROCRASTINATE: 800,
    },
    snapshot={RAW: 30_000, JOBGEN: 50_000, PGQUEUER: 20_000},
    bulk={
        RAW: 100_000,
        JOBGEN: 100_000,
        PGQUEUER: 20_000,
        AWA: 20_000,
        OBAN: 3_000,
        PROCRASTINATE: 10_000,
    },
    single={
        RAW: 2_000,
        JOBGEN: 2_000,
        PGQUEUER: 1_000,
        AWA: 400,
        OBAN: 800,
        PROCRASTINATE: 800,
    },
    crowd=2,
    wakes=40,
    scheduled=dict.fromkeys((RAW, JOBGEN_DEFAULT, PGQUEUER), 150),
    steady=2,
    idle=(1, 10),
    idle_peers=(),
    memory=100_000,
)
