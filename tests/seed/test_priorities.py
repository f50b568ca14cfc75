"""The fetch of a job with priorities, which goes from one priority to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import RawCursor

from generated_example import PostWebhook, post_webhook
from tests.seed.kit import Connection

_HOOK: Final = PostWebhook(event="sale", url="http://example.org", payload=None)
_PAST: Final = datetime(2020, 1, 1, tzinfo=UTC)
_FUTURE: Final = datetime(2200, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)


@pytest.fixture
def other(jobs_dsn: str) -> Iterator[Connection]:
    """Another session, which waits for no lock."""
    with closing(psycopg.connect(jobs_dsn)) as conn:
        conn.execute("SET lock_timeout = '100ms'")
        yield conn


def _enqueue(conn: Connection, *jobs: tuple[int, datetime]) -> list[int]:
    """The ids of new jobs of these priorities and times, committed."""
    news = [replace(_HOOK, priority=level, run_at=when) for level, when in jobs]
    ids = post_webhook.enqueue_many(conn, news)
    conn.commit()
    return ids


def _fetch(conn: Connection, limit: int = 100) -> list[int]:
    found = post_webhook.fetch_many(conn, uuid4(), limit)
    return [job.id for job in found]


def _pick(ids: Sequence[int], *places: int) -> list[int]:
    return [ids[place] for place in places]


def test_the_most_urgent_of_those_that_are_due_come_first(conn: Connection) -> None:
    ids = _enqueue(
        conn,
        (32767, _PAST - _DAY),
        (1, _PAST),
        (-32768, _FUTURE),
        (-32768, _PAST),
        (1, _PAST - _DAY),
        (0, _FUTURE),
    )
    assert _fetch(conn) == _pick(ids, 3, 4, 1, 0)


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_a_limit_ends_within_a_priority_or_at_its_end(
    conn: Connection, limit: int
) -> None:
    ids = _enqueue(conn, *[(level, _PAST) for level in (0, 0, 1, 1, 1)])
    assert _fetch(conn, limit) == ids[:limit]
    assert _fetch(conn) == ids[limit:]


def test_infinite_times_are_skipped_or_fetched_like_others(conn: Connection) -> None:
    early, late, behind = _enqueue(conn, (0, _PAST), (0, _PAST), (1, _PAST))
    set_time = "UPDATE post_webhook_jobs SET run_at = %s WHERE id = %s"
    conn.execute(set_time, ["infinity", late])
    conn.execute(set_time, ["-infinity", early])
    RawCursor(conn).execute(post_webhook.FETCH_SQL, (uuid4(), 9))
    running = "SELECT id FROM post_webhook_jobs WHERE locked_by IS NOT NULL ORDER BY id"
    assert conn.execute(running).fetchall() == [(early,), (behind,)]


def test_fetchers_share_the_rows_without_waiting(
    conn: Connection, other: Connection
) -> None:
    """No row more is locked than is taken, in no priority."""
    ids = _enqueue(conn, *[(level, _PAST) for level in (0, 0, 0, 1, 1, 2)])
    assert _fetch(conn, 2) == ids[:2]
    assert _fetch(other, 2) == ids[2:4]
    assert _fetch(conn, 9) == ids[4:]
    assert _fetch(other, 9) == []


def test_a_priority_that_somebody_else_holds_all_of_is_passed_over(
    conn: Connection, other: Connection
) -> None:
    ids = _enqueue(conn, (0, _PAST), (0, _PAST), (5, _PAST))
    assert _fetch(conn, 2) == ids[:2]  # uncommitted
    assert _fetch(other) == ids[2:]
