"""The triggers that announce new rows: looked at, and mended without waiting.

Never waits in a queue of locks: behind a dump's lock, a waiting CREATE TRIGGER
would hold up every INSERT. What cannot be had at once is tried again later.
"""

from __future__ import annotations

from typing import Any, LiteralString

from psycopg import AsyncConnection, errors

from jobgen.runtime.aio import run
from jobgen.runtime.job import JobType, Notifications
from jobgen.runtime.log import LOGGER
from jobgen.runtime.plans import Execute, Plan

_STATE_SQL: LiteralString = """\
SELECT
    (SELECT prosrc FROM pg_proc
        WHERE proname = $2::text AND pronamespace = class.relnamespace
            AND pronargs = 0),
    coalesce((SELECT array_agg(tgname || ' ' || pg_get_triggerdef(oid))
        FROM pg_trigger
        WHERE tgrelid = class.oid AND NOT tgisinternal
            AND tgenabled IN ('O', 'A')), '{}'),
    pg_has_role(current_user, class.relowner, 'USAGE')
FROM pg_class AS class
WHERE class.oid = to_regclass($1::text)
"""

# The key that IHP's installer takes as well.
_TRY_LOCK_SQL: LiteralString = """\
SELECT pg_try_advisory_xact_lock(
    hashtext($1::text), hashtext($2::name::text)
)
"""


class Triggers:
    """Looks after the triggers of the tables in one schema, again and again."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._reported: dict[str, list[str]] = {}

    async def keep_healthy(
        self, conn: AsyncConnection[object], job: JobType[Any, Any, Any]
    ) -> None:
        """Report triggers that are missing, disabled or different; mend our own.

        A fault is reported once, however often it is looked at. Raises
        `psycopg.Error` for what is not a lock that somebody else holds.
        """
        wanted = job.notifications
        if wanted is None:
            return
        async with conn.transaction():
            faults, owner = await run(conn, _faults(job, wanted))
        if faults and faults != self._reported.get(job.name):
            LOGGER.warning(
                "%s: %s; new jobs are found by polling until it is mended",
                job.table,
                ", ".join(faults),
            )
            if not owner:
                LOGGER.warning("%s: only its owner can mend that", job.table)
        self._reported[job.name] = faults
        if faults and owner:
            await _mend(conn, self._schema, job, wanted)


def _faults(
    job: JobType[Any, Any, Any], wanted: Notifications
) -> Plan[tuple[list[str], bool]]:
    """What is wrong with the triggers, and whether we may mend it."""
    yield Execute("SELECT set_config('search_path', 'pg_catalog', true)")
    rows = yield Execute(_STATE_SQL, (job.table, wanted.function))
    row = rows.first()
    if row is None:
        return [], False
    body, triggers, owner = row
    faults: list[str] = []
    if body != wanted.body:
        what = "is missing" if body is None else "differs"
        faults.append(f"function {wanted.function} {what}")
    for name, definition in wanted.triggers:
        if f"{name} {definition}" not in triggers:
            faults.append(f"trigger {name} is missing, disabled or different")
    return faults, bool(owner)


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
