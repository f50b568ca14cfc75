"""The worker's own settings keep its statements on the index that serves them."""

import asyncio
from types import ModuleType
from typing import Final, LiteralString

import pytest

from generated_example import post_webhook, prune_charts, send_mail
from jobgen.runtime.link import open_connection

_PREPARE: LiteralString = "PREPARE take (uuid, bigint) AS "
_FILL: LiteralString = """
INSERT INTO send_mail_jobs (user_id, email, status)
SELECT n, '', CASE WHEN n % 10 = 0 THEN 'job_status_not_started'
    ELSE 'job_status_succeeded' END::job_status
FROM generate_series(1, 20000) AS n;
INSERT INTO post_webhook_jobs (event, url, payload, priority)
SELECT 'paid', '', '{}', n % 5 FROM generate_series(1, 20000) AS n;
ANALYZE
"""


_EXPLAIN: LiteralString = """
EXPLAIN (COSTS OFF)
EXECUTE take ('00000000-0000-0000-0000-000000000001', 10)
"""


@pytest.mark.parametrize("fetch", [send_mail.FETCH_SQL, post_webhook.FETCH_SQL])
def test_a_prepared_fetch_uses_the_index_of_ready_rows(
    jobs_dsn: str, fetch: LiteralString
) -> None:
    """A generic plan does not know the LIMIT, and would read the whole table."""
    plan = asyncio.run(_generic_plan(jobs_dsn, _FILL, _PREPARE + fetch, _EXPLAIN))
    assert "_jobs_ready on" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


_EMPTY: LiteralString = "VACUUM ANALYZE"

_SUCCEED: Final = ("uuid, bigint[], timestamptz[], integer[]", "NULL, NULL, NULL, NULL")
_FETCH: Final = ("uuid, bigint", "NULL, 10")
_ABOVE: Final = ("uuid, bigint, timestamptz, bigint", "NULL, 10, NULL, NULL")
_RESCUE: Final = ("interval, bigint", "NULL, 10")


@pytest.mark.parametrize("fill", [_FILL, _EMPTY], ids=["filled", "empty"])
@pytest.mark.parametrize("job", [send_mail, prune_charts], ids=["keep", "delete"])
@pytest.mark.parametrize(
    ("statement", "signature"),
    [
        ("FETCH_SQL", _FETCH),
        ("FETCH_ABOVE_SQL", _ABOVE),
        ("SUCCEED_MANY_SQL", _SUCCEED),
        ("RESCUE_SQL", _RESCUE),
        ("RELEASE_SQL", _RESCUE),
    ],
)
def test_rows_are_found_by_id_though_the_table_seemed_empty_or_idle(
    jobs_dsn: str,
    fill: LiteralString,
    job: ModuleType,
    statement: str,
    signature: tuple[LiteralString, LiteralString],
) -> None:
    """The planner believes what it saw last: no row at all, or none that runs. Such a
    plan stays until the next ANALYZE, whatever has come since."""
    types, arguments = signature
    sql: LiteralString = getattr(job, statement)
    plan = asyncio.run(
        _generic_plan(
            jobs_dsn,
            fill,
            "PREPARE take (" + types + ") AS " + sql,
            "EXPLAIN (COSTS OFF) EXECUTE take (" + arguments + ")",
        )
    )
    assert "Index Cond: (id = ANY (ARRAY[" in plan
    assert "Seq Scan" not in plan


async def _generic_plan(
    dsn: str, fill: LiteralString, prepare: LiteralString, explain: LiteralString
) -> str:
    conn = await open_connection(dsn, "jobgen test")
    async with conn:
        await conn.execute(fill, prepare=False)
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        await conn.execute(prepare)
        cursor = await conn.execute(explain)
        return "\n".join(str(line) for line in await cursor.fetchall())
