"""A finished run, made up."""

from benchmarks.results import Machine, Results
from benchmarks.rounds import Measured, Row


def results(*measured: Measured) -> Results:
    """A run of nothing but these."""
    return Results(
        date="2031-05-06",
        form="quick",
        minutes=4,
        rounds=3,
        machine=Machine(cores=2, memory_gb=8, processor="A <chip>", system="Linux"),
        postgres="18.6",
        python="3.13.0",
        server={"fsync": "on"},
        versions={"jobgen": "0.1.0", "pgqueuer": "1.6.0"},
        settings={"jobgen": {"worker": "defaults"}},
        left_out=("oban needs Python 3.12",),
        measured=measured,
    )


def drain(**speeds: tuple[float | None, ...]) -> Measured:
    """Jobs a second of each round by label; None is void."""
    rows = tuple(
        Row(
            label=label.replace("_", " "),
            samples=tuple(None if v is None else {"jobs/s": v} for v in values),
            voids=tuple("2 of 9 jobs were not finished" for v in values if v is None),
        )
        for label, values in speeds.items()
    )
    return Measured(
        name="drain", title="Drain", how="Nothing.", figures=("jobs/s",), rows=rows
    )
