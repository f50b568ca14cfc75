"""The worker's own settings keep its statements on the index that serves them."""

import asyncio
from typing import LiteralString

import pytest

from generated_example import post_webhook, send_mail
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
    plan = asyncio.run(_generic_plan(jobs_dsn, fetch))
    assert "_jobs_ready on" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan


async def _generic_plan(dsn: str, fetch: LiteralString) -> str:
    conn = await open_connection(dsn, "jobgen test")
    async with conn:
        await conn.execute(_FILL)
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        await conn.execute(_PREPARE + fetch)
        cursor = await conn.execute(_EXPLAIN)
        return "\n".join(str(line) for line in await cursor.fetchall())
