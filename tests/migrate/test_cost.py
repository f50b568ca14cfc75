"""What PostgreSQL does at once, told from the text of a type or a default."""

from __future__ import annotations

import pytest

from jobgen.migrate.defaults import is_instant
from jobgen.migrate.widening import is_widening


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ("character varying(5)", "character varying(6)", True),
        ("character varying(6)", "character varying(5)", False),
        ("character varying(5)", "character varying", True),
        ("character varying", "character varying(5)", False),
        ("character varying(5)", "text", True),
        ("text", "character varying", True),
        ("text", "character varying(9)", False),
        ("character varying(5)[]", "character varying(6)[]", False),
        ("numeric(5,2)", "numeric(6,2)", True),
        ("numeric(5,2)", "numeric(6,3)", False),
        ("numeric(5,2)", "numeric(4,2)", False),
        ("numeric(5,2)", "numeric", True),
        ("numeric", "numeric(5,2)", False),
        ("cidr", "inet", True),
        ("inet", "cidr", False),
        ("integer", "bigint", False),
        ("text", "jsonb", False),
        ("text", "public.mood", False),
        ("citext", "text", False),
    ],
)
def test_a_type_is_wider_where_every_value_stays_as_it_is(
    old: str, new: str, wider: bool
) -> None:
    """And only there it is changed in place."""
    assert is_widening(old, new) == wider


@pytest.mark.parametrize(
    ("default", "instant"),
    [
        (None, True),
        ("5", True),
        ("-1.5", True),
        ("true", True),
        ("'it''s'::text", True),
        (r"E'a\'b'::text", True),
        ("'{1,2}'::integer[]", True),
        ("'x'::\"order\".mood", True),
        ("'a'::character varying(5)", True),
        ("now()", True),
        ("(NULL)", True),
        ("(CURRENT_TIMESTAMP)", True),
        ("gen_random_uuid()", False),
        ("clock_timestamp()", False),
        ("(now() + interval '1 day')", False),
        ("('a'::text || random())", False),
        ("('a' || f('b'))", False),
        ("nextval('s')", False),
    ],
)
def test_a_default_is_instant_where_it_surely_is_the_same_for_all_rows(
    default: str | None, instant: bool
) -> None:
    """Where one cannot tell, it is filled in by batches."""
    assert is_instant(default) == instant
