"""Rows that run under a worker's name though it knows nothing of them.

A fetch that failed may still have taken rows: the server can commit it and its
answer be lost, or commit it only later. They would run under the name of a worker
that lives, and nobody would rescue them. After such a fetch the worker therefore
looks for rows that it holds and knows nothing of, as `doubt` says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg import errors

from jobgen.runtime import plans, worker_plans
from jobgen.runtime.doubt import Doubt
from jobgen.runtime.job import Fence
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, is_connection_lost
from jobgen.runtime.table import Table


class Strays:
    """Those of one worker, on the connection that fetches.

    known: the rows of which it knows; pause: seconds between the first looks.
    """

    def __init__(
        self,
        link: Link,
        worker_id: UUID,
        tables: Sequence[Table],
        known: Callable[[], Collection[Fence]],
        pause: float,
    ) -> None:
        self._link = link
        self._worker_id = worker_id
        self._tables = tables
        self._known = known
        self._doubt = Doubt(pause)

    def __bool__(self) -> bool:
        """Whether there may be any."""
        return bool(self._doubt)

    @property
    def are_due(self) -> bool:
        """Whether it is time to look for them."""
        return bool(self._doubt) and time.monotonic() >= self._doubt.look_at

    @contextmanager
    def suspected(self) -> Generator[None]:
        """Within, rows are taken or let go: where that fails, some may be strays."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, psycopg.Error) and not is_connection_lost(error):
                self._doubt.answered(time.monotonic())
            else:
                self._doubt.lost(time.monotonic(), self._link.session)
            raise

    async def give_back(self) -> bool:
        """Undo the fetches that took them; whether none is left, nor can come yet.

        Between two fetches only: each row that one took is then known. A row whose
        result is written meanwhile is protected by its fence. Raises what `Link` does.
        """
        alive = await self._alive()  # before: what they do until then is seen
        complete = True
        for table in self._tables:
            try:
                complete = await self._give_back(table) and complete
            except FAULTS as error:
                if is_connection_lost(error):
                    raise
                complete = False  # somebody locks it, say: the others do not wait
        self._doubt.looked(time.monotonic(), alive, complete=complete)
        return complete and not self._doubt

    async def _alive(self) -> Collection[int]:
        """Which sessions of lost fetches are there still; in doubt, all of them."""
        sessions = self._doubt.sessions
        if not sessions:
            return ()
        try:
            return await self._link.run(worker_plans.alive(sessions))
        except FAULTS as error:
            if is_connection_lost(error):
                raise
            return sessions

    async def _give_back(self, table: Table) -> bool:
        """The same for one table, but for rows that somebody locks."""
        statements = table.job.statements
        known = frozenset(self._known())  # before: what is held may finish meanwhile
        held = await table.run(
            self._link, worker_plans.held(statements, self._worker_id)
        )
        locked = 0
        for fence in set(held) - known:
            plan = plans.give_back(statements, fence)
            try:
                if locked:
                    await self._link.briefly(plan)
                else:
                    await table.run(self._link, plan)
            except errors.LockNotAvailable:
                locked += 1
            else:
                LOGGER.warning(
                    "%s %s was fetched without an answer: given back",
                    table.job.name,
                    fence.id,
                )
        return locked == 0
