"""The job tables as the demo looks at them: how far each job is."""

from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg
from psycopg.rows import class_row, scalar_row

import generated_example as jobs

TABLES: Final[dict[str, LiteralString]] = {
    "send_mail": jobs.send_mail.TABLE,
    "post_webhook": jobs.post_webhook.TABLE,
    "import_contacts": jobs.import_contacts.TABLE,
    "render_report": jobs.render_report.TABLE,
    "prune_charts": jobs.prune_charts.TABLE,
}
"""Those that the demo's worker serves, by the name of the job."""

_STATE: LiteralString = """
    SELECT
        count(*) FILTER (WHERE status = 'job_status_not_started') AS waiting,
        count(*) FILTER (WHERE status = 'job_status_running') AS running,
        count(*) FILTER (WHERE status = 'job_status_retry') AS retrying,
        count(*) FILTER (WHERE status = 'job_status_failed') AS failed,
        count(*) FILTER (WHERE status = 'job_status_timed_out') AS timed_out
    FROM """


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How many rows of a table are where. Those that succeeded may be deleted."""

    waiting: int
    running: int
    retrying: int
    failed: int
    timed_out: int

    @property
    def left(self) -> int:
        """How many are not done, one way or the other."""
        return self.waiting + self.running + self.retrying


def states(conn: psycopg.Connection[object]) -> dict[str, State]:
    """The state of each table, by the name of the job."""
    with conn.cursor(row_factory=class_row(State)) as cursor:
        return {
            name: cursor.execute(_STATE + table).fetchall()[0]
            for name, table in TABLES.items()
        }


def running_ids(conn: psycopg.Connection[object]) -> dict[str, frozenset[str]]:
    """The ids of the rows that are running, by the name of the job."""
    running: LiteralString = " WHERE status = 'job_status_running'"
    with conn.cursor(row_factory=scalar_row) as cursor:
        return {
            name: frozenset(
                cursor.execute("SELECT id::text FROM " + table + running).fetchall()
            )
            for name, table in TABLES.items()
        }


def rescued(conn: psycopg.Connection[object]) -> int:
    """How many rows were taken from a dead worker and have not failed since."""
    lost: LiteralString = " WHERE last_error = 'Worker lost'"
    return sum(
        conn.execute("SELECT FROM " + table + lost).rowcount
        for table in TABLES.values()
    )


def other_sessions(conn: psycopg.Connection[object]) -> int:
    """How many clients the server still has besides us."""
    query: LiteralString = """
        SELECT FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    """
    return conn.execute(query).rowcount
