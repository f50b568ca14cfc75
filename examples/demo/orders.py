"""The orders of the last year, which the reports draw."""

from datetime import date, timedelta
from typing import LiteralString

import psycopg
from psycopg.types.range import Range

# A busy December, quiet weekends, and growth: a chart that looks like a shop's.
# The server draws lots, from a seed, so that every demo shows the same charts.
_YEAR: LiteralString = """
    INSERT INTO orders (ordered_at, email, amount)
    SELECT
        day + random() * interval '1 day',
        'customer' || (random() * 900)::int || '@example.org',
        round((5 + 120 * random() * random())::numeric, 2)
    FROM generate_series(
            %(first)s::date, %(last)s::date - 1, interval '1 day'
        ) AS day,
        generate_series(1, (
            (6 + 4 * random())
            * CASE WHEN extract(isodow FROM day) > 5 THEN 0.5 ELSE 1 END
            * CASE WHEN extract(month FROM day) = 12 THEN 1.5 ELSE 1 END
            * (0.6 + 0.4 * (day::date - %(first)s::date) / 365.0)
        )::integer)
"""


def insert_year(conn: psycopg.Connection[object], months: list[Range[date]]) -> None:
    """Fill the table with the orders of these months, which follow each other."""
    conn.execute("SELECT setseed(0.42)")
    conn.execute(_YEAR, {"first": months[0].lower, "last": months[-1].upper})


def last_months(today: date, count: int = 12) -> list[Range[date]]:
    """The months that are over, the latest one last."""
    months: list[Range[date]] = []
    end = today.replace(day=1)
    for _ in range(count):
        start = (end - timedelta(days=1)).replace(day=1)
        months.append(Range(start, end))
        end = start
    return months[::-1]


def place(conn: psycopg.Connection[object], email: str, amount: int) -> None:
    """One order, now."""
    conn.execute("INSERT INTO orders (email, amount) VALUES (%s, %s)", (email, amount))
