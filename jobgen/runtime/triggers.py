"""The triggers that announce new rows: looked at, and mended without waiting.

Never waits in a queue of locks: behind a dump's lock, a waiting CREATE TRIGGER
would hold up every INSERT. What cannot be had at once is tried again later.

While a release is rolled out, workers of the one before know their own triggers only,
and would put them back, each time. They are left to them until they are gone: what
another release announces is heard by this one as well.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, Error, errors, sql

from jobgen.runtime.aio import run
from jobgen.runtime.cursor import AsyncCursor
from jobgen.runtime.job import JobType, Notifications
from jobgen.runtime.log import LOGGER, is_connection_lost, told
from jobgen.runtime.package import Package
from jobgen.runtime.plans import Execute, Plan

REFUSED_SECONDS: Final = 600.0
"""Until what the database refused is tried again: nobody is told of it each time."""

# One statement for all tables. The search path is set first, because definitions are
# printed under it: the part that sets it is read before what depends on it.
_STATE_SQL: LiteralString = """\
WITH path AS MATERIALIZED (
    SELECT set_config('search_path', 'pg_catalog', true)
)
SELECT
    wanted.place::integer,
    (SELECT prosrc FROM pg_proc
        WHERE proname = wanted.function AND pronamespace = class.relnamespace
            AND pronargs = 0),
    coalesce((SELECT array_agg(tgname || ' ' || pg_get_triggerdef(oid))
        FROM pg_trigger
        WHERE tgrelid = class.oid AND NOT tgisinternal
            AND tgenabled IN ('O', 'A')), '{}'),
    pg_has_role(current_user, class.relowner, 'USAGE')
FROM path
CROSS JOIN unnest($1::text[], $2::text[])
    WITH ORDINALITY AS wanted(name, function, place)
INNER JOIN pg_class AS class ON class.oid = to_regclass(wanted.name)
"""

# The key that IHP's installer takes as well.
_TRY_LOCK_SQL: LiteralString = """\
SELECT pg_try_advisory_xact_lock(
    hashtext($1::text), hashtext($2::name::text)
)
"""

_ELDERS_SQL: LiteralString = """\
SELECT FROM {}.jobgen_workers
WHERE protocol < $1 AND $2 = ANY (jobs) AND heartbeat_at > clock_timestamp() - $3
LIMIT 1
"""


class Triggers:
    """Looks after the triggers of a package's tables, again and again.

    dead_after: how long a worker may say nothing until it counts as gone.
    """

    def __init__(self, package: Package, dead_after: timedelta) -> None:
        self._package = package
        self._dead_after = dead_after
        self._reported: dict[str, list[str]] = {}
        self._again_at: dict[str, float] = {}
        """When to try again to mend what could not be."""

    async def keep_healthy(
        self, conn: AsyncConnection[object], jobs: Sequence[JobType[Any, Any, Any]]
    ) -> None:
        """Report triggers that are missing, disabled or different; mend our own.

        A fault is reported once, however often it is looked at, and that it cannot be
        mended, too: a right may be missing. Raises what a lost connection does.
        """
        announced = [
            (job, job.notifications) for job in jobs if job.notifications is not None
        ]
        for place, faults, owner in await run(conn, _faults(announced)):
            job, wanted = announced[place]
            if faults and await self._has_elders(conn, job):
                continue
            if faults != self._reported.get(job.name):
                self._again_at.pop(job.name, None)
            self._report(job, faults, owner=owner)
            if faults and owner and self._may_mend(job):
                await self._mend(conn, job, wanted)

    def _may_mend(self, job: JobType[Any, Any, Any]) -> bool:
        return time.monotonic() >= self._again_at.get(job.name, 0.0)

    async def _mend(
        self,
        conn: AsyncConnection[object],
        job: JobType[Any, Any, Any],
        wanted: Notifications,
    ) -> None:
        try:
            await _mend(conn, self._package.schema, job, wanted)
        except Error as error:
            if is_connection_lost(error):
                raise
            if job.name not in self._again_at:
                LOGGER.warning("%s: triggers not mended: %s", job.table, told(error))
            self._again_at[job.name] = time.monotonic() + REFUSED_SECONDS

    async def _has_elders(
        self, conn: AsyncConnection[object], job: JobType[Any, Any, Any]
    ) -> bool:
        """Whether workers of an earlier protocol serve the job, and want it as it is."""
        query = sql.SQL(_ELDERS_SQL).format(sql.Identifier(self._package.schema))
        parameters = (self._package.protocol, job.name, self._dead_after)
        cursor = await AsyncCursor(conn).execute(query, parameters)
        return await cursor.fetchone() is not None

    def _report(
        self, job: JobType[Any, Any, Any], faults: list[str], *, owner: bool
    ) -> None:
        if faults and faults != self._reported.get(job.name):
            LOGGER.warning(
                "%s: %s; new jobs are found by polling until it is mended",
                job.table,
                ", ".join(faults),
            )
            if not owner:
                LOGGER.warning("%s: only its owner can mend that", job.table)
        self._reported[job.name] = faults


def _faults(
    announced: Sequence[tuple[JobType[Any, Any, Any], Notifications]],
) -> Plan[list[tuple[int, list[str], bool]]]:
    """Of each table that exists: its place, what is wrong, whether we may mend it."""
    tables = [job.table for job, _ in announced]
    functions = [wanted.function for _, wanted in announced]
    rows = yield Execute(_STATE_SQL, (tables, functions))
    found: list[tuple[int, list[str], bool]] = []
    for place, body, triggers, owner in rows.all():
        at: int = place - 1
        _, wanted = announced[at]
        found.append((at, _differences(wanted, body, triggers), bool(owner)))
    return found


def _differences(
    wanted: Notifications, body: str | None, triggers: Sequence[str]
) -> list[str]:
    faults: list[str] = []
    if body != wanted.body:
        what = "is missing" if body is None else "differs"
        faults.append(f"function {wanted.function} {what}")
    for name, definition in wanted.triggers:
        if f"{name} {definition}" not in triggers:
            faults.append(f"trigger {name} is missing, disabled or different")
    return faults


async def _mend(
    conn: AsyncConnection[object],
    schema: str,
    job: JobType[Any, Any, Any],
    wanted: Notifications,
) -> None:
    lock: LiteralString = (
        "LOCK TABLE " + job.table + " IN SHARE ROW EXCLUSIVE MODE NOWAIT"
    )
    try:
        async with conn.transaction():
            key = (schema, wanted.function)
            if not await run(conn, _locked(key)):
                return
            await conn.execute(lock)
            await conn.execute(wanted.install_sql, prepare=False)
    except errors.LockNotAvailable:
        LOGGER.info("%s is locked: its triggers are mended later", job.table)
    else:
        LOGGER.warning("%s: triggers mended", job.table)


def _locked(key: tuple[str, str]) -> Plan[bool]:
    rows = yield Execute(_TRY_LOCK_SQL, key)
    row = rows.first()
    return row is not None and bool(row[0])
