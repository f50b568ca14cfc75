"""Deletes rows that have been finished for as long as their job keeps them.

Every worker does it, beside its handlers and without a leader: what one holds
locked, another leaves alone. Small batches, and a rest after each, so that neither
locks nor the disk are taken from the jobs that run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, LiteralString

from jobgen.runtime.handlers import Bound
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, told
from jobgen.runtime.plans import Execute, Plan
from jobgen.runtime.stats import Stats

BATCH: Final = 500
"""Rows of each kind in one DELETE: some milliseconds, in which it holds its locks."""

_START: Final = "-infinity"
"""The mark of a turn's first batch; later ones go on where the last one ended."""


class Retention:
    """Deletes old rows of `bound` every `every` seconds, and counts them in `stats`."""

    def __init__(
        self, care: Link, bound: Sequence[Bound], stats: Stats, *, every: float
    ) -> None:
        self._care = care
        self._stats = stats
        self._every = every
        self._expire: dict[str, LiteralString] = {
            each.job.name: each.job.statements.expire
            for each in bound
            if each.job.statements.expire is not None
        }

    async def run(self) -> None:
        """Take turn after turn, until cancelled; at once where nothing is ever old."""
        while self._expire:
            await self.take_turn()
            await asyncio.sleep(self._every)

    async def take_turn(self) -> None:
        """Delete all that is old by now: a batch of each job in turn, so that a table
        with millions of old rows holds up no other. A fault ends the job's turn."""
        marks = dict.fromkeys(self._expire, _START)
        while marks:
            for name, mark in tuple(marks.items()):
                started = time.monotonic()
                more_from = await self._delete(name, mark)
                if more_from is None:
                    del marks[name]
                else:
                    marks[name] = more_from
                    # As long as it took: at most half of what one connection can do.
                    await asyncio.sleep(time.monotonic() - started)

    async def _delete(self, name: str, mark: str) -> str | None:
        """One batch; where the next one starts, None where that was the last."""
        try:
            plan = _batch(self._expire[name], mark)
            deleted, more_from = await self._care.run(plan)
        except FAULTS as error:
            LOGGER.warning("%s: old rows are not deleted: %s", name, told(error))
            return None
        self._stats.expired += deleted
        return more_from


def _batch(expire: LiteralString, mark: str) -> Plan[tuple[int, str | None]]:
    rows = yield Execute(expire, (BATCH, mark))
    (row,) = rows.all()
    deleted: int = row[0]
    more_from: str | None = row[1]
    return deleted, more_from
