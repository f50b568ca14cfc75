"""For how long the oldest ready job has been waiting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import LiteralString

from jobgen.runtime import plans
from jobgen.runtime.handlers import Bound
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS
from jobgen.runtime.stats import Stats


class Lag:
    """Keeps `stats.lag` up to date, with one query for all jobs every `every` seconds.

    Ready, as everywhere: a row that somebody holds locked counts too.
    """

    def __init__(
        self, care: Link, bound: Sequence[Bound], stats: Stats, *, every: float
    ) -> None:
        self._care = care
        self._stats = stats
        self._every = every
        self._sql: LiteralString = "\nUNION ALL\n".join(
            "(" + each.job.statements.next_due + ")" for each in bound
        )

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            # A fault is told by those who have work to do on this connection.
            with contextlib.suppress(*FAULTS):
                due = await self._care.run(plans.next_due(self._sql))
                self._stats.lag = max(0.0, -min(_known(due), default=0.0))
            await asyncio.sleep(self._every)


def _known(due: Mapping[str, float | None]) -> list[float]:
    return [seconds for seconds in due.values() if seconds is not None]
