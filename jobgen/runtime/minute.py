"""One line a minute of what a worker did, for whoever reads its log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jobgen.runtime.log import LOGGER
from jobgen.runtime.stats import Stats


class Minute:
    """Logs what `stats` counted in each `every` seconds; nothing where that is none."""

    def __init__(self, stats: Callable[[], Stats], *, every: float) -> None:
        self._stats = stats
        self._every = every
        self._last = Stats()

    async def run(self) -> None:
        """Log line after line, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            self.report()

    def report(self) -> None:
        """One line about the time since the last call."""
        now = self._stats()
        done, self._last = now.since(self._last), now
        if done.any_work:
            LOGGER.info("in %.0f s: %s", self._every, done)
