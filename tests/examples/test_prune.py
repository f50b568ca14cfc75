"""Old charts are deleted, at a time when the disk is idle."""

import os
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

import generated_example as jobs
from examples.prune import Pruner, local_now
from jobgen.runtime import Snooze
from tests.examples.conftest import Shop

EVENING = datetime(2026, 5, 1, 21, 30, tzinfo=UTC)


@pytest.fixture
def job(shop: Shop) -> jobs.PruneChartsJob:
    new = jobs.PruneCharts(older_than=timedelta(days=30), not_before=time(22))
    jobs.prune_charts.enqueue(shop.conn, new)
    job = jobs.prune_charts.fetch(shop.conn, shop.worker)
    assert job is not None
    return job


def _chart(path: Path, age: timedelta, now: datetime) -> None:
    path.write_text("<svg/>")
    made = (now - age).timestamp()
    os.utime(path, times=(made, made))


def test_it_waits_until_the_disk_is_idle(
    job: jobs.PruneChartsJob, tmp_path: Path
) -> None:
    """Snoozing costs no attempt."""
    pruner = Pruner(charts=tmp_path, now=lambda: EVENING)
    assert Snooze(timedelta(minutes=30)) == pruner(job)


def test_only_old_charts_are_deleted(job: jobs.PruneChartsJob, tmp_path: Path) -> None:
    """Younger ones, and files that are no charts, are left alone."""
    now = EVENING + timedelta(hours=1)
    _chart(tmp_path / "old.svg", timedelta(days=31), now)
    _chart(tmp_path / "young.svg", timedelta(days=29), now)
    _chart(tmp_path / "old.txt", timedelta(days=31), now)
    assert Pruner(charts=tmp_path, now=lambda: now)(job) is None
    assert {path.name for path in tmp_path.iterdir()} == {"young.svg", "old.txt"}


def test_no_charts_are_no_error(job: jobs.PruneChartsJob, tmp_path: Path) -> None:
    """The directory is made by the first report, perhaps later than this."""
    later = EVENING + timedelta(hours=1)
    assert Pruner(charts=tmp_path / "none", now=lambda: later)(job) is None


def test_the_clock_of_this_machine_has_a_time_zone() -> None:
    """A naive time could not be compared."""
    assert local_now().utcoffset() is not None
