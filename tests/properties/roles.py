"""Roles of a database: names as odd as PostgreSQL allows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psycopg
from hypothesis import strategies as st
from psycopg import sql

from tests.properties.cases import RolesCase

NAMES = (
    "app_web",
    "App Worker",
    "select",
    'it\'s "quoted" $$ % {{ x }} -- */',
    "🙂" * 15 + "abc",  # 63 bytes
)

_MADE = (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation)
"""Before, or by another process at the same moment."""


def create(dsn: str, names: Iterable[str] = NAMES) -> None:
    """Makes `names` exist; they belong to the whole server, and stay."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for name in names:
            with suppress(*_MADE):
                conn.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))


def roles() -> st.SearchStrategy[RolesCase]:
    several = st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(
        lambda names: (*names,)
    )
    return st.builds(RolesCase, producer=several, worker=several)


@st.composite
def node(draw: st.DrawFn, case: RolesCase) -> dict[str, object]:
    """`case` as it is written; one role may stand alone."""
    found: dict[str, object] = {}
    for key, names in (("producer", case.producer), ("worker", case.worker)):
        empty = draw(st.booleans())
        if names or empty:
            found[key] = draw(_written(names))
    return found


def _written(names: tuple[str, ...]) -> st.SearchStrategy[object]:
    several = st.just([*names])
    return several | st.just(names[0]) if len(names) == 1 else several
