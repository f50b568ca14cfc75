"""The backoff in SQL is the backoff in Python, for every attempt there can be."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import psycopg
import pytest

from jobgen.emit.backoff import backoff_sql, interval_sql
from jobgen.runtime.backoff import Backoff as RuntimeBackoff
from jobgen.runtime.backoff import retry_delay
from jobgen.schema.durations import LONGEST
from jobgen.schema.model import Backoff, Strategy

ATTEMPTS = [
    -(2**31),
    -1,
    *range(70),
    1000,
    86_399,
    86_400,
    86_401,
    2**31 - 1,
    2_000_000_000,
]

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
DELAYS = (
    0 * SECOND,
    SECOND / 1000,
    SECOND / 2,
    7 * SECOND,
    10 * SECOND,
    2 * DAY,
    LONGEST,
)
MAXIMA = (SECOND / 1000, 61 * SECOND, DAY, LONGEST)

STRATEGIES: tuple[Strategy, ...] = ("constant", "linear", "exponential")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_sql_and_python_wait_equally_long(database: str, strategy: Strategy) -> None:
    """To the microsecond, and without an overflow."""
    with psycopg.connect(database) as conn:
        for delay, maximum in product(DELAYS, MAXIMA):
            sql = backoff_sql(Backoff(strategy=strategy, delay=delay, max=maximum))
            rows = conn.execute(
                f"SELECT attempts_count, {sql}"
                " FROM unnest(%s::integer[]) AS attempts_count".encode(),
                [ATTEMPTS],
            ).fetchall()
            runtime = RuntimeBackoff(
                strategy=strategy, delay=delay, max=maximum, jitter=0.0
            )
            assert rows == [(n, retry_delay(runtime, n)) for n in ATTEMPTS]


def test_jitter_shortens_by_its_share_at_most(database: str) -> None:
    """Between 1 − jitter and 1 of the delay, and not always the same."""
    sql = backoff_sql(Backoff(delay=timedelta(seconds=100), jitter=0.25))
    with psycopg.connect(database) as conn:
        query = f"SELECT {sql} FROM generate_series(1, 1000)".encode()
        found = [row[0] / timedelta(seconds=1) for row in conn.execute(query)]
    assert 75 <= min(found) < 76
    assert 99 < max(found) <= 100


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(0), "interval '0 seconds'"),
        (timedelta(days=7), "interval '168 hours'"),
        (timedelta(hours=1), "interval '1 hour'"),
        (timedelta(minutes=90), "interval '90 minutes'"),
        (timedelta(seconds=90), "interval '90 seconds'"),
        (timedelta(milliseconds=1500), "interval '1.5 seconds'"),
        (timedelta(microseconds=1), "interval '0.000001 seconds'"),
    ],
)
def test_an_interval_is_in_seconds(length: timedelta, expected: str) -> None:
    """A day of 25 hours and a month of 28 days have no say."""
    assert interval_sql(length) == expected
