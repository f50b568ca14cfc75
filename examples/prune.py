"""Deletes charts that nobody will ask for any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from generated_example import PruneChartsJob
from jobgen.runtime import Snooze


def local_now() -> datetime:
    """The time by this machine's clock, in its time zone."""
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruner:
    """Looks after the directory `charts`; an instance is the handler itself."""

    charts: Path
    now: Callable[[], datetime] = local_now

    def __call__(self, job: PruneChartsJob) -> Snooze | None:
        """Handle one `prune_charts` job: not before the disk is idle."""
        now = self.now()
        idle = datetime.combine(now.date(), job.not_before, now.tzinfo)
        if now < idle:
            return Snooze(idle - now)
        self._delete_older_than(job.older_than)
        return None

    def _delete_older_than(self, age: timedelta) -> None:
        limit = (self.now() - age).timestamp()
        for chart in self.charts.glob("*.svg"):
            if chart.stat().st_mtime < limit:
                chart.unlink(missing_ok=True)
