"""The fetch loop: one connection that looks, promises, listens and sleeps.

Strictly one thing after the other. `watch` says when to look at which table,
`promises` does what has to be done before.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, LiteralString
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, errors

from jobgen.runtime import plans, worker_plans
from jobgen.runtime.arrivals import Arrivals
from jobgen.runtime.attempts import Attempts
from jobgen.runtime.handlers import Bound
from jobgen.runtime.heartbeat import Heartbeat
from jobgen.runtime.job import Key
from jobgen.runtime.link import Connect, Link
from jobgen.runtime.listener import Listener, pause
from jobgen.runtime.log import FAULTS, LOGGER, is_connection_lost, told
from jobgen.runtime.pauses import Pauses
from jobgen.runtime.promises import Promises
from jobgen.runtime.results import Results
from jobgen.runtime.stats import Stats
from jobgen.runtime.strays import Strays
from jobgen.runtime.table import BATCH, Table
from jobgen.runtime.times import Times
from jobgen.runtime.watch import State

MOST_UNWRITTEN: Final = 4 * BATCH
"""Results of a job on their way, beyond which it is not fetched: the server cannot
follow."""

_UNSEEN_PAUSE: Final = 0.01
"""Seconds before asking again whether the heartbeat has been written."""

PROBE_SECONDS: Final = 3.0
"""A connection that said nothing for so long is asked whether it is still alive."""

_SHORTEST_POLL: Final = 0.005
"""Seconds between looks at tables that announce nothing, while they are busy."""


class Fetching:
    """Takes rows of `bound` for the worker `worker_id` until `stop`."""

    def __init__(
        self,
        connect: Connect,
        worker_id: UUID,
        bound: Sequence[Bound],
        attempts: Attempts,
        results: Results,
        heartbeat: Heartbeat,
        stats: Stats,
        times: Times,
        *,
        listen: bool,
        died: Callable[[], None],
    ) -> None:
        self._worker_id = worker_id
        self._attempts = attempts
        attempts.on_free = self._freed
        self._arrivals = Arrivals(attempts)
        self._results = results
        self._heartbeat = heartbeat
        self._stats = stats
        self._times = times
        self._wake = asyncio.Event()
        self._tables = [Table(each, listens=listen) for each in bound]
        self._in_order = tuple(self._tables)
        self._of_channel = {table.job.channel: table for table in self._tables}
        self._listener = Listener(
            [table.job.channel for table in self._tables if table.is_heard], self._hear
        )
        self.link = Link(
            connect,
            f"jobgen worker {worker_id}",
            jobs=len(self._tables),
            pooled=not listen,
            opened=self._connected,
            died=died,
        )
        self._promises = Promises(self.link)
        self._stopping = asyncio.Event()
        self._strays = Strays(
            self.link,
            worker_id,
            self._in_order,
            lambda: attempts.fences,
            times.heartbeat_interval,
        )
        self._tick_at = -math.inf
        self._probe_at = math.inf
        self._poll = times.poll_interval
        self._waits_for_room = False

    def look_at(self, bound: Iterable[Bound]) -> None:
        """These jobs may have rows that are ready, and behind their marks too."""
        for each in bound:
            table = self._of_channel[each.job.channel]
            table.mark.forget()
            table.watch.wake(time.monotonic())
        self._wake.set()

    def stop(self) -> None:
        """Take no more rows."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Fetch until `stop`; faults of the database are logged and waited out."""
        pauses = Pauses()
        while not self._stopping.is_set():
            if not self._may_fetch():
                await pause(self._stopping, _UNSEEN_PAUSE)
                continue
            self._wake.clear()
            try:
                await self._round()
            except FAULTS as error:
                wait = pauses.failed()
                LOGGER.warning("fetch failed, again in %.1f s: %s", wait, told(error))
                await pause(self._stopping, wait)
            else:
                pauses.succeeded()
        self._unpack_early()
        with contextlib.suppress(*FAULTS):  # then they are given back
            await self._reject()
        await self._promises.withdraw(self._tables)

    async def give_back_unknown(self) -> bool:
        """Undo fetches of which this worker knows nothing; whether none is left, nor
        can come yet. Raises what `Link` does."""
        self._unpack_early()
        return await self._strays.give_back()

    @property
    def in_doubt(self) -> bool:
        """Whether a fetch has failed, so that rows may be held unknown."""
        return bool(self._strays)

    # --- one round

    def _may_fetch(self) -> bool:
        """Only a worker that others see alive takes rows."""
        return self._heartbeat.registered and not self._heartbeat.lost

    async def _round(self) -> None:
        """Look where it is time to, or sleep until it is."""
        if self.link.conn is None:  # nothing is heard without one: do not wait
            await self.link.open()
        await self._reject()
        if self._strays.are_due:
            await self.give_back_unknown()
        now = time.monotonic()
        looked = await self._look_where_due(now)
        if now >= self._tick_at:
            await self._tick()
        elif now >= self._probe_at:
            await self.link.run(worker_plans.probe())
        elif not looked:
            self._unpack()
            await self._sleep(now)
            return
        self._probe_at = time.monotonic() + PROBE_SECONDS

    async def _look_where_due(self, now: float) -> bool:
        """Whether any table was looked at. Others are first next time."""
        looked = self._waits_for_room = False
        for table in tuple(self._tables):
            if self._stopping.is_set():
                break
            if table.watch.look_at > now:
                continue
            wanted = self._room(table)
            if wanted:
                looked = True
                await self._look(table, wanted)
                self._tables.remove(table)
                self._tables.append(table)
            else:
                self._waits_for_room = True
        return looked

    def _room(self, table: Table) -> int:
        if self._results.backlog(table.job) > MOST_UNWRITTEN:
            return 0
        wanted = self._attempts.wanted(table.bound, self._arrivals.coming)
        return min(wanted, table.batch)

    async def _sleep(self, now: float) -> None:
        """Until a table is due, something is heard, or there is room again."""
        times = [table.watch.look_at for table in self._tables]
        # What is due already was not looked at: it waits for room.
        asked = min(self._tick_at, self._probe_at)
        next_look = min([asked, *(when for when in times if when > now)])
        seconds = max(next_look - time.monotonic(), 0.0)
        conn = self.link.conn
        if conn is None:
            await pause(self._wake, seconds)
            return
        try:
            await self._listener.sleep(conn, self._wake, seconds)
        except psycopg.Error:
            await self.link.drop()
            raise

    def _freed(self) -> None:
        """There may be room for rows again."""
        if self._waits_for_room:
            self._wake.set()

    # --- one table

    async def _look(self, table: Table, wanted: int) -> None:
        try:
            await self._look_and_take(table, wanted)
            if table.watch.asks_due:
                # From when it was asked: the fetch takes as long to the server.
                asked = time.monotonic()
                due = await table.run(self.link, table.next_due())
                table.watch.due(asked, due)
        except FAULTS as error:
            if is_connection_lost(error):
                raise
            self._shut(table, error)

    async def _look_and_take(self, table: Table, wanted: int) -> None:
        settled, above = False, None
        if table.watch.state is State.SETTLING:
            settled = await self._promises.are_settled(table)
        else:
            above = table.mark.key(time.monotonic())
            await self._promises.renew(table)
        started = time.monotonic()
        taken = await self._fetch(table, wanted, above)
        now = time.monotonic()
        self._unpack()  # what the fetch before brought, had it not been yet
        if table.is_shut:
            LOGGER.info("%s: fetched from again", table.job.table)
            table.is_shut = False
        table.fetched(taken.number, taken.rows.size)
        self._arrivals.add(table, taken, started)
        if taken.number == wanted:  # there is more: the next fetch is sent first
            asyncio.get_running_loop().call_soon(self._unpack_early)
        else:
            self._unpack()
        if 0 < taken.number < wanted:
            # Nobody waits for the next look: handlers begin first.
            await asyncio.sleep(0)
        if taken.number == wanted:
            if taken.last:
                table.mark.full(now, taken.last, now - started)
        elif above is not None:
            table.mark.forget()
            return  # that was not all there is: look again at once, from the beginning
        table.watch.found(now, taken.number, wanted, settled=settled)
        if taken.number and not table.is_heard:
            self._poll = _SHORTEST_POLL
            self._tick_at = min(self._tick_at, now + self._poll)

    async def _fetch(self, table: Table, limit: int, above: Key | None) -> plans.Taken:
        plan = plans.take(table.job, self._worker_id, limit, above)
        with self._strays.suspected():
            return await table.run(self.link, plan)

    def _unpack(self) -> None:
        with self._strays.suspected():
            self._arrivals.unpack()

    def _unpack_early(self) -> None:
        with contextlib.suppress(Exception):  # the fetch loop meets it again
            self._arrivals.unpack()
        if self._arrivals:
            self._wake.set()

    async def _reject(self) -> None:
        """Write rows that cannot be decoded as failed."""
        for table, rows in self._arrivals.take_lost():
            plan = plans.reject(table.job.statements, self._worker_id, rows)
            try:
                with self._strays.suspected():
                    await table.run(self.link, plan)
            except FAULTS as error:
                if is_connection_lost(error):
                    raise
                self._shut(table, error)
            else:
                self._count_lost(table, len(rows))

    def _count_lost(self, table: Table, rows: int) -> None:
        """Rows that failed at once, because they cannot be decoded."""
        self._stats.fetched += rows
        self._stats.failed += rows
        LOGGER.warning("%s: %d rows cannot be decoded: failed", table.job.name, rows)

    def _shut(self, table: Table, error: BaseException) -> None:
        """Leave the table alone for a while, and the others at work.

        Somebody locks the whole of it, or it is not as its statements need it.
        """
        is_locked = isinstance(error, errors.LockNotAvailable)
        if not table.is_shut:
            fault = "is locked" if is_locked else f"fetch failed ({told(error)})"
            LOGGER.warning("%s %s: it is tried again and again", table.job.table, fault)
        table.is_shut = True
        table.watch.shut(time.monotonic(), faulty=not is_locked)

    # --- the guard tick

    async def _tick(self) -> None:
        """Ask all tables at once when their next row falls due.

        It covers what no notification tells: a promise that was broken, a row that
        was locked, tables without triggers. It also proves that the connection lives.
        """
        open_ = [table for table in self._in_order if not table.is_shut]
        asked = time.monotonic()
        try:
            due: dict[str, float | None] = {}
            if open_:
                due = await self.link.run(worker_plans.next_due(_joined(open_)))
        except FAULTS as error:
            if is_connection_lost(error):
                raise
            await self._find_shut(open_)
            due = {}
        now = time.monotonic()
        known = [seconds for seconds in due.values() if seconds is not None]
        self._stats.lag = max(0.0, -min(known, default=0.0))
        for table in open_:
            if table.watch.state is State.ASLEEP and table.job.name in due:
                table.watch.due(asked, due[table.job.name])
        if any(not table.is_heard for table in self._tables):
            self._tick_at = now + self._poll
            self._poll = min(2 * self._poll, self._times.poll_interval)
        else:
            self._tick_at = now + self._times.poll_interval

    async def _find_shut(self, tables: Iterable[Table]) -> None:
        for table in tables:
            try:
                await self.link.briefly(table.next_due())
            except FAULTS as error:
                if is_connection_lost(error):
                    raise
                self._shut(table, error)

    # --- the connection

    async def _connected(self, conn: AsyncConnection[object]) -> None:
        await self._listener.subscribe(conn)
        now = time.monotonic()
        self._tick_at = now + self._times.poll_interval
        for table in self._tables:
            table.reconnected(now)

    def _hear(self, channel: str) -> None:
        table = self._of_channel.get(channel)
        if table is not None:
            table.watch.wake(time.monotonic())
            self._wake.set()


def _joined(tables: Sequence[Table]) -> LiteralString:
    return "\nUNION ALL\n".join(
        "(" + table.job.statements.next_due + ")" for table in tables
    )
