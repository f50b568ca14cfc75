"""Tables of millions of rows, made by the server itself."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, LiteralString

from psycopg import sql

from benchmarks.bench import Bench
from benchmarks.server import Database
from benchmarks.subject import Subject

_FILL: Final = """
INSERT INTO public.{table} (user_id, email, subject, campaign_id{columns})
SELECT number, 'ada.lovelace@example.org', 'Your receipt is ready', 4711{values}
FROM generate_series(1, {count}) AS number
"""
_FINISHED: Final = (
    ", status, attempts_count, locked_at",
    ", 'job_status_succeeded', 1, now()",
)


@contextmanager
def holding(
    bench: Bench, subject: Subject, *, ready: int, finished: int = 0
) -> Generator[Database]:
    """A database with so many jobs of the subject; the finished ones are older."""
    table = f"{subject.options[0]}_jobs"
    with bench.empty(subject) as database:
        with database.connect() as conn:
            # Nobody listens yet, and a notification for each row takes long.
            conn.execute("SET session_replication_role = replica")
            conn.execute(_statement(table, finished, *_FINISHED))
            conn.execute(_statement(table, ready))
            conn.execute("VACUUM ANALYZE")
            conn.execute("CHECKPOINT")
        yield database


def _statement(
    table: str, count: int, columns: LiteralString = "", values: LiteralString = ""
) -> sql.Composed:
    return sql.SQL(_FILL).format(
        table=sql.Identifier(table),
        columns=sql.SQL(columns),
        values=sql.SQL(values),
        count=sql.Literal(count),
    )
