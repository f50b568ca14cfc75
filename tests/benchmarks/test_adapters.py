"""The adapters of jobgen and of the raw loop do what they are asked."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from benchmarks.dialogue import AdapterProcess, VoidError, started
from benchmarks.percentiles import percentile

_JOBS = 1_200


@contextmanager
def _adapter(module: str, *options: str) -> Generator[AdapterProcess]:
    with started(Path(sys.executable), module, options, 60) as process:
        yield process


def _finished(dsn: str, table: str) -> int:
    query = f"SELECT count(*) FROM public.{table} WHERE status = 'job_status_succeeded'"
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    count: int = row[0]
    return count


@pytest.mark.parametrize(
    ("module", "options", "table"),
    [
        ("raw", (), "mail_jobs"),
        ("jobgen", ("mail", "many"), "mail_jobs"),
        ("jobgen", ("wide", "copy"), "wide_jobs"),
    ],
)
def test_a_drain_finishes_what_a_bulk_enqueued(
    module: str, options: tuple[str, ...], table: str, database: str
) -> None:
    with _adapter(module, *options) as process:
        process.ask("install", dsn=database)
        process.ask("bulk", dsn=database, count=_JOBS, batch=500)
        assert process.ask("unfinished", dsn=database) == {"unfinished": True}
        drained = process.ask("drain", dsn=database, count=_JOBS, pause=0)
        assert process.ask("unfinished", dsn=database) == {"unfinished": False}
    assert _finished(database, table) == _JOBS
    times: list[float] = drained["times"]
    assert times == sorted(times)
    assert drained["seconds"] >= times[-1] - times[0]


def test_a_worker_says_when_it_ran_what_a_producer_sent(database: str) -> None:
    with (
        _adapter("jobgen", "mail", "copy") as worker,
        _adapter("jobgen", "mail", "copy") as producer,
    ):
        producer.ask("install", dsn=database)
        worker.ask("work", dsn=database, pause=0)
        answer = producer.ask("wake", dsn=database, count=5, pause=0.01)
        while producer.ask("unfinished", dsn=database)["unfinished"]:
            pass
        worker.say("stop")
        seen = worker.answer("work")["seen"]
    ran = {job: moment for job, moment, _ in seen}
    assert sorted(ran) == [0, 1, 2, 3, 4]
    assert all(ran[job] > moment for job, moment in answer["sent"])


def test_scheduled_jobs_run_when_they_are_due(database: str) -> None:
    with (
        _adapter("jobgen", "mail", "copy") as worker,
        _adapter("jobgen", "mail", "copy") as producer,
    ):
        producer.ask("install", dsn=database)
        worker.ask("work", dsn=database, pause=0)
        answer = producer.ask("schedule", dsn=database, count=5, seconds=0.2, after=0.5)
        while producer.ask("unfinished", dsn=database)["unfinished"]:
            pass
        worker.say("stop")
        seen = worker.answer("work")["seen"]
    ran = {job: moment for job, _, moment in seen}
    assert all(ran[job] >= moment for job, moment in enumerate(answer["due"]))


def test_an_adapter_that_dies_makes_the_sample_void(database: str) -> None:
    with _adapter("raw") as process, pytest.raises(VoidError, match="no answer"):
        process.ask("drain", dsn=database, count=1)  # There is no table.


def test_an_adapter_that_takes_too_long_makes_the_sample_void(database: str) -> None:
    with _adapter("raw") as process:
        process.ask("install", dsn=database)
    with (
        started(Path(sys.executable), "jobgen", ("mail", "copy"), 2) as process,
        pytest.raises(VoidError, match="within 2 s"),
    ):
        process.ask("drain", dsn=database, count=1, pause=0)  # Nothing comes.


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (99, 4.0), (1, 1.0)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == expected


def test_an_adapter_ends_with_the_harness_in_the_middle_of_a_command(
    database: str,
) -> None:
    with _adapter("raw") as process:
        process.ask("install", dsn=database)
    harness = (
        "import sys; from pathlib import Path; from benchmarks import dialogue\n"
        "with dialogue.started(Path(sys.executable), 'jobgen', ('mail', 'copy'), 60)"
        " as process:\n"
        "    process.ask('settings')\n"
        f"    process.tell('drain', dsn={database!r}, count=1, pause=0)\n"
        "    import os; os._exit(0)\n"
    )
    # The adapter holds the pipe open for as long as it lives.
    subprocess.run([sys.executable, "-c", harness], stderr=subprocess.PIPE, check=True)
