"""Names who keeps vacuum from cleaning the job tables, and since when.

Each job leaves dead rows at the end of the index where fetch begins. While anybody
holds an old snapshot they stay, and all work becomes slower, which nobody would look
for in a forgotten transaction elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobgen.runtime.handlers import Bound
from jobgen.runtime.link import Link
from jobgen.runtime.log import FAULTS, LOGGER, told
from jobgen.runtime.plans import Execute, Plan

DEAD_ROWS: Final = 1_000
"""Dead rows of all job tables together below which there is nothing to tell: fewer do
not make a vacuum come (`autovacuum_vacuum_threshold` of a job table)."""

# What the statistics say, so that it costs next to nothing.
_DEAD_SQL: Final = """\
SELECT coalesce(sum(n_dead_tup), 0)::bigint
FROM pg_catalog.pg_stat_user_tables
WHERE relid = ANY (
    SELECT to_regclass(name) FROM unnest($1::text[]) AS job(name)
)
"""

# The oldest first. Of a session the older of its snapshot and its own transaction. A
# vacuum's own snapshot holds back no other vacuum. Of a replication slot, xmin and not
# catalog_xmin: that one keeps rows of the catalogue alone. No datname: a standby that
# sends feedback without a slot, and not a session that begins. What a process does is
# hidden from a role without rights.
_HOLDERS_SQL: Final = """\
WITH holder AS (
    SELECT
        coalesce(nullif(backend_type, 'client backend'), 'session')
            || ' ' || pid || coalesce(' (' || nullif(application_name, '') || ')', '')
            AS who,
        xact_start AS since,
        CASE
            WHEN backend_xid IS NULL OR age(backend_xmin) > age(backend_xid)
                THEN backend_xmin
            ELSE backend_xid
        END AS xid
    FROM pg_catalog.pg_stat_activity
    WHERE (
            datname = current_database()
            OR datname IS NULL AND coalesce(backend_type, 'walsender') = 'walsender'
        )
        AND pid <> pg_backend_pid()
        AND pid NOT IN (SELECT pid FROM pg_catalog.pg_stat_progress_vacuum)
    UNION ALL
    SELECT 'replication slot ' || slot_name, NULL, xmin
    FROM pg_catalog.pg_replication_slots
    UNION ALL
    SELECT 'prepared transaction ' || gid, prepared, transaction
    FROM pg_catalog.pg_prepared_xacts
    WHERE database = current_database()
)
SELECT who, xid::text, coalesce(since, now()), since IS NULL
FROM holder
WHERE xid IS NOT NULL
ORDER BY age(xid) DESC
LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whoever keeps all that was dead when transaction `xid` began."""

    who: str
    xid: str


@dataclass(slots=True)
class _Sighting:
    """since: when its transaction began, or when we first saw it (`is_guess`)."""

    since: datetime
    is_guess: bool
    is_reported: bool = False


class VacuumWatch:
    """Looks every `every` seconds, and warns once of each who is seen twice.

    So it has held the same transaction id for at least that long: a session that goes
    from statement to statement moves on. A role that may not see other sessions
    (`pg_monitor`) learns less of them: not since when, but since when we know.
    """

    def __init__(self, care: Link, bound: Sequence[Bound], *, every: float) -> None:
        self._care = care
        self._tables = [each.job.table for each in bound]
        self._every = every
        self._seen: dict[_Holder, _Sighting] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except FAULTS as error:
                LOGGER.warning("not seen who holds back vacuum: %s", told(error))
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Warn of those seen before, if there is anything to clean.

        Raises `psycopg.Error` or `TimeoutError`.
        """
        dead = await self._care.run(_dead_rows(self._tables))
        found = await self._care.run(_holders()) if dead >= DEAD_ROWS else {}
        again = {each: self._seen[each] for each in found if each in self._seen}
        for holder, sighting in again.items():
            if not sighting.is_reported:
                sighting.is_reported = True
                _warn(holder, sighting, dead)
        self._seen = found | again


def _dead_rows(tables: Sequence[str]) -> Plan[int]:
    rows = yield Execute(_DEAD_SQL, (list(tables),))
    (row,) = rows.all()
    dead: int = row[0]
    return dead


def _holders() -> Plan[dict[_Holder, _Sighting]]:
    rows = yield Execute(_HOLDERS_SQL)
    return {
        _Holder(who, xid): _Sighting(since, is_guess)
        for who, xid, since, is_guess in rows.all()
    }


def _warn(holder: _Holder, sighting: _Sighting, dead: int) -> None:
    LOGGER.warning(
        "%s keeps vacuum from cleaning the job tables (%d dead rows), since %s%s",
        holder.who,
        dead,
        sighting.since.isoformat(" ", "seconds"),
        " or before" if sighting.is_guess else "",
    )
