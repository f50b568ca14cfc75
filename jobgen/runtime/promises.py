"""Promises to go on looking at a table, so that nobody need be notified meanwhile.

`watch` says when to promise and when to settle; here is what the server is told of
it, on the connection that fetches. Only a promise can be broken, by a worker that
dies or whose loop is blocked, and it runs out by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from psycopg import errors

from jobgen.runtime import plans, worker_plans
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, is_connection_lost, told
from jobgen.runtime.table import Table
from jobgen.runtime.watch import PROMISE


class Promises:
    """Those of one worker. Its methods raise what `Link` does."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def renew(self, table: Table) -> None:
        """Promise, if it is time to; before a look for which there is room."""
        now = time.monotonic()
        lease, watch = table.lease, table.watch
        if lease is None or not watch.may_promise(now):
            return
        if await self._on_lease(table, worker_plans.promise(lease, PROMISE)):
            watch.promised(now)
            table.transaction = None
            if table.may_call(now):  # others that sleep may help
                await self._link.run(worker_plans.notify(table.job.channel))

    async def are_settled(self, table: Table) -> bool:
        """Whether all have ended who may have read a promise of this worker.

        Withdraws it first, so that nobody else reads it.
        """
        lease = table.lease
        if lease is None:
            return True
        if table.transaction is None:
            if not await self._on_lease(table, worker_plans.withdraw(lease)):
                return True
            table.watch.withdrawn()
            # By itself, also where each plan is one transaction: see there.
            table.transaction = await table.run(self._link, worker_plans.transaction())
        barrier = worker_plans.barrier(lease, table.transaction)
        return await table.run(self._link, barrier)

    async def withdraw(self, tables: Iterable[Table]) -> None:
        """At the end: others need not wait until a promise has run out."""
        for table in tables:
            if table.lease is not None and table.watch.is_promising(time.monotonic()):
                try:
                    await self._link.run(worker_plans.withdraw(table.lease))
                    await self._link.run(worker_plans.notify(table.job.channel))
                except FAULTS as error:
                    LOGGER.info("a promise runs out by itself: %s", told(error))

    async def _on_lease(self, table: Table, plan: plans.Plan[None]) -> bool:
        """False where there is no lease to be had: then nothing is promised."""
        try:
            await table.run(self._link, plan)
        except FAULTS as error:
            if is_connection_lost(error) or isinstance(error, errors.LockNotAvailable):
                raise
            LOGGER.warning("%s: no promises: %s", table.job.table, told(error))
            table.give_up_lease()
            return False
        return True
