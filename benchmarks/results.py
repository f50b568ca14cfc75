"""A finished run: what was measured, on what, with which settings."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.rounds import Measured
from benchmarks.subject import JOBGEN, JOBGEN_DEFAULT, PEERS, RAW


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Without the name of the host."""

    cores: int
    memory_gb: int
    processor: str
    system: str

    def __str__(self) -> str:
        return (
            f"{self.cores} cores ({self.processor}), {self.memory_gb} GB,"
            f" {self.system}; the server, the worker and the producers share them"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """form: `full` or `quick`. minutes: how long it took. settings: by subject.
    versions: by package."""

    date: str
    form: str
    minutes: int
    rounds: int
    machine: Machine
    postgres: str
    python: str
    server: Mapping[str, str]
    versions: Mapping[str, str]
    settings: Mapping[str, Mapping[str, str]]
    left_out: tuple[str, ...]
    measured: tuple[Measured, ...]

    def of(self, name: str) -> Measured | None:
        """The measure of this name, if it was taken."""
        return next((each for each in self.measured if each.name == name), None)


def gathered(
    bench: Bench, form: str, seconds: float, measured: tuple[Measured, ...]
) -> Results:
    """The run's results, with all that a reader needs to judge them."""
    subjects = (RAW, JOBGEN, JOBGEN_DEFAULT, *PEERS)
    able = [subject for subject in subjects if bench.can_run(subject)]
    versions: dict[str, str] = {}
    settings: dict[str, Mapping[str, str]] = {}
    for subject in able:
        packages = bench.environment(subject.environment).packages
        versions[subject.package] = packages[subject.package]
        with bench.process(subject) as process:
            settings[subject.label] = dict(process.ask("settings"))
    return Results(
        date=datetime.now(UTC).date().isoformat(),
        form=form,
        minutes=round(seconds / 60),
        rounds=bench.sizes.rounds,
        machine=_machine(),
        postgres=bench.server.version,
        python=str(bench.python),
        server=bench.server.settings(),
        versions=versions,
        settings=settings,
        left_out=tuple(
            f"{subject.label} needs Python {'.'.join(map(str, subject.environment.python))}"
            for subject in subjects
            if not bench.can_run(subject)
        ),
        measured=measured,
    )


def _machine() -> Machine:
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(pages * page / 1e9),
        processor=_processor(),
        system=platform.system(),
    )


def _processor() -> str:
    """The model, where the system says it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return models[0] if models else platform.machine()
