"""The results of attempts on their way to the server: successes in batches.

While one batch is being written, what succeeds meanwhile makes the next; so a
lone success is written at once, and many cost one statement. Everything else is
written by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from jobgen.runtime import plans
from jobgen.runtime.acknowledge import Unwritten, acknowledge
from jobgen.runtime.decide import Acknowledgement, Succeed
from jobgen.runtime.job import Fence, Statements
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, Backoff, is_connection_lost, told
from jobgen.runtime.status import JobStatus

BATCH: Final = 1_000
"""Successes in one statement, so that it holds its locks briefly."""

Written: TypeAlias = JobStatus | Unwritten
"""What a row is after its result, or why there was nothing to write."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt, and whom to tell when it is written."""

    name: str
    statements: Statements
    fence: Fence
    acknowledgement: Acknowledgement
    on_written: Callable[[Written], None]


class Results:
    """Writes results on one connection until it is closed; none is given up."""

    def __init__(self, link: Link, worker_id: UUID) -> None:
        self._link = link
        self._worker_id = worker_id
        self._successes: dict[str, list[Result]] = {}
        self._alone: set[asyncio.Task[None]] = set()
        self._some = asyncio.Event()
        self.backlog = 0
        """Results that are not written yet."""

    def write(self, result: Result) -> None:
        """Write it soon; `on_written` is called once it is."""
        self.backlog += 1
        if isinstance(result.acknowledgement, Succeed):
            self._successes.setdefault(result.name, []).append(result)
            self._some.set()
        else:
            self._write_alone(result)

    async def run(self) -> None:
        """Write the successes, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            successes, self._successes = self._successes, {}
            for results in successes.values():
                results.sort(key=lambda result: result.fence.id)
                for start in range(0, len(results), BATCH):
                    await self._write_many(results[start : start + BATCH])

    async def close(self) -> None:
        """Stop writing: what is not written now never will be."""
        for task in self._alone:
            task.cancel()
        await asyncio.gather(*self._alone, return_exceptions=True)

    async def _write_many(self, results: Sequence[Result]) -> None:
        """One statement; one by one where it fails, so that none holds up others."""
        fences = [result.fence for result in results]
        plan = plans.succeed_many
        written: set[int | UUID] = set()
        backoff = Backoff()
        while True:
            try:
                written = await self._link.run(
                    plan(results[0].statements, self._worker_id, fences)
                )
                break
            except FAULTS as error:
                if not is_connection_lost(error):
                    break
                wait = backoff.failed()
                LOGGER.warning(
                    "%s: %d results are not written yet, again in %.1f s: %s",
                    results[0].name,
                    len(results),
                    wait,
                    told(error),
                )
                await asyncio.sleep(wait)
        for result in results:
            if result.fence.id in written:
                self._written(result, JobStatus.SUCCEEDED)
            else:
                self._write_alone(result)

    def _write_alone(self, result: Result) -> None:
        task = asyncio.create_task(self._acknowledge(result))
        self._alone.add(task)
        task.add_done_callback(self._alone.discard)

    async def _acknowledge(self, result: Result) -> None:
        written = await acknowledge(
            self._link,
            result.name,
            result.statements,
            result.fence,
            result.acknowledgement,
        )
        self._written(result, written)

    def _written(self, result: Result, written: Written) -> None:
        self.backlog -= 1
        result.on_written(written)
