"""Tables of 200,000 rows as they are found in the wild."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

ROWS: Final = 200_000

SCHEMA: Final = """\
jobgen: 1
package: sample
output: ../sample
jobs:
  plain:
    columns: {user_id: bigint, email: text}
    indexes: [{columns: [user_id], unique: true, where: user_id < 0}]
    retention: {succeeded: 7d, failed: 30d}
  urgent:
    id: uuid
    columns: {user_id: bigint, email: text}
    indexes: [{columns: [user_id], unique: true, where: user_id < 0}]
    priority: true
    on_success: delete
    retention: {failed: 30d}
"""

WORKERS: Final[LiteralString] = """
INSERT INTO jobgen_workers
SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, '', 1, now(),
    now() - CASE WHEN n > 7 THEN interval '1 hour' ELSE '0s' END, '{}', 1
FROM generate_series(0, 9) AS n
"""
"""Ten workers, of which two are dead."""

# Random by a hash, the same each time. Rows of one mixture lie mixed on the disk.
_FILL: LiteralString = """
WITH chances AS (
    SELECT n, abs(hashint4(n)) % 1000 AS chance FROM generate_series(1, $1) AS n
), rows AS (
    SELECT n, CASE
        WHEN chance < $2 THEN 'job_status_not_started'
        WHEN chance < $2 + $3 THEN 'job_status_running'
        WHEN chance % 20 = 0 THEN 'job_status_failed'
        ELSE 'job_status_succeeded'
    END::job_status AS status
    FROM chances
)
"""
_COLUMNS: LiteralString = """
    status, CASE status WHEN 'job_status_not_started' THEN 0 ELSE 1 END,
    now() - interval '1 day' + interval '0.1s' * (n % 20000),
    CASE WHEN status <> 'job_status_not_started' THEN now() - interval '5 minutes' END,
    CASE WHEN status = 'job_status_running'
        THEN ('00000000-0000-0000-0000-' || lpad((n % 12)::text, 12, '0'))::uuid END,
    n, n || '@example.org'
"""
_TARGET: LiteralString = (
    "status, attempts_count, run_at, locked_at, locked_by, user_id, email"
)

FILLS: Final[tuple[LiteralString, ...]] = (
    f"{_FILL} INSERT INTO plain_jobs ({_TARGET}) SELECT {_COLUMNS} FROM rows",
    f"{_FILL} INSERT INTO urgent_jobs (priority, {_TARGET})"
    f" SELECT n % 5, {_COLUMNS} FROM rows",
)
"""Parameters: how many rows, and how many of a thousand are ready, and running."""

SCHEDULED: Final[LiteralString] = """
INSERT INTO urgent_jobs (priority, run_at, user_id, email)
SELECT n % 5, now() + interval '1 day', n, n || '@example.org'
FROM generate_series(1, $1) AS n
UNION ALL
SELECT 5, now(), n, n || '@example.org' FROM generate_series(1, 20) AS n
"""
"""Parameter: how many rows stand before twenty that are due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """How many of a thousand rows are ready, and running; the rest are finished."""

    ready: int
    running: int


MIXTURES: Final = {
    "all ready": Mixture(ready=1000, running=0),
    "mostly finished": Mixture(ready=10, running=5),
    "many running": Mixture(ready=10, running=300),
}
