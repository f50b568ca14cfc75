"""Defaults: YAML values as literals of SQL."""

import re

import psycopg
import pytest
from psycopg.errors import NumericValueOutOfRange

from tests.schema.examples import column, column_codes, load

ACCEPTED = [
    ("bigint", "9223372036854775807", "9223372036854775807"),
    ("smallint", "-32768", "-32768"),
    ("real", "0.5", "0.5"),
    ("float", "1e300", "1e300"),
    ("float", "NaN", "'NaN'::double precision"),
    ("numeric", "1.500", "1.500"),
    ("boolean", "true", "true"),
    ("text", "no", "'no'::text"),
    ("text", "1.0", "'1.0'::text"),
    ("text", "12:30", "'12:30'::text"),
    ("text", '"it\'s \\\\ \\n"', r"E'it''s \\ \n'::text"),
    ("text", '""', "''::text"),
    ("varchar(3)", "abc", "'abc'::character varying(3)"),
    ("citext", "Ab", "'Ab'::citext"),
    ("bytea", r"'\x00fF'", r"E'\\x00fF'::bytea"),
    ("date", "2026-01-31", "'2026-01-31'::date"),
    ("time", "22:30:05.5", "'22:30:05.5'::time without time zone"),
    (
        "timestamptz",
        "2026-01-31T12:00:00.5Z",
        "'2026-01-31T12:00:00.5Z'::timestamp with time zone",
    ),
    (
        "timestamp",
        "2026-01-31 12:00",
        "'2026-01-31 12:00'::timestamp without time zone",
    ),
    ("interval", "1h30m", "'0 days 5400 seconds'::interval"),
    ("interval", "2 days 03:00", "'2 days 03:00'::interval"),
    ("interval", "-1 day 5 seconds", "'-1 day +5 seconds'::interval"),
    ("interval", "1 day -03:00", "'+1 day -03:00'::interval"),
    (
        "interval",
        "1 week 1 day 1 second 1 millisecond",
        "'1 week 1 day 1 second 1 millisecond'::interval",
    ),
    (
        "uuid",
        "00000000-0000-0000-0000-000000000001",
        "'00000000-0000-0000-0000-000000000001'::uuid",
    ),
    ("inet", "192.0.2.1/24", "'192.0.2.1/24'::inet"),
    ("cidr", "2001:db8::/32", "'2001:db8::/32'::cidr"),
    ("int4range", '"[1,10)"', "'[1,10)'::int4range"),
    ("int4range", "'[ \"1\",10 )'", "'[ \"1\",10 )'::int4range"),
    ("daterange", '"[2026-01-01,)"', "'[2026-01-01,)'::daterange"),
    ("mail_kind", "welcome", "'welcome'::public.mail_kind"),
    ("integer[]", "[1, 2]", "'{1,2}'::integer[]"),
    ("text[]", "[]", "'{}'::text[]"),
    (
        "text[]",
        "[a b, 'NULL', 'x\"y', \"\"]",
        r"""E'{"a b","NULL","x\\"y",""}'::text[]""",
    ),
    (
        "mail_kind[]",
        '[welcome, "it\'s, {odd}"]',
        "'{welcome,\"it''s, {odd}\"}'::public.mail_kind[]",
    ),
    (
        "jsonb",
        "{a: [1.0, no, null, true]}",
        """'{"a": [1.0, "no", null, true]}'::jsonb""",
    ),
    ("jsonb", "null", "'null'::jsonb"),
    ("json", "[]", "'[]'::json"),
    ("jsonb[]", "[{a: 1}]", r"""E'{"{\\"a\\": 1}"}'::jsonb[]"""),
]


@pytest.mark.parametrize(("type_", "written", "expected"), ACCEPTED)
def test_a_default_is_a_typed_literal(type_: str, written: str, expected: str) -> None:
    """Quoted by the one function that quotes, and cast to the column's type."""
    found = column(f'{{type: "{type_}", default: {written}}}')
    assert found.default == expected


def test_the_server_takes_every_literal(database: str) -> None:
    """And reads a value of the very type from it."""
    with psycopg.connect(database) as conn:
        conn.execute("CREATE EXTENSION citext")
        conn.execute("CREATE TYPE public.mail_kind AS ENUM ('welcome', 'it''s, {odd}')")
        for type_, written, _ in ACCEPTED:
            found = column(f'{{type: "{type_}", default: {written}}}')
            assert found.default is not None
            table = f"CREATE TEMP TABLE t (c {found.type.sql} DEFAULT {found.default})"
            conn.execute(table.encode())
            conn.execute("INSERT INTO t DEFAULT VALUES")
            conn.execute("DROP TABLE t")


_HIGHEST = [("int4range", 2**31 - 1), ("int8range", 2**63 - 1)]


@pytest.mark.parametrize("written", ["[1,{n}]", "[{n},{n}]", "(,{n}]", "({n},)"])
@pytest.mark.parametrize(("type_", "n"), _HIGHEST)
def test_a_bound_that_needs_a_higher_value_is_refused(
    database: str, type_: str, n: int, written: str
) -> None:
    """As the server does, which keeps `[1,9]` as `[1,10)`."""
    text = written.format(n=n)
    with psycopg.connect(database) as conn, pytest.raises(NumericValueOutOfRange):
        conn.execute(f"SELECT '{text}'::{type_}".encode())
    assert column_codes(f'{{type: {type_}, default: "{text}"}}') == ["bad-default"]


@pytest.mark.parametrize("written", ["[1,{n})", "({n},{n}]", "[{n},{n})", "[,{n})"])
@pytest.mark.parametrize(("type_", "n"), _HIGHEST)
def test_the_highest_value_may_be_a_bound_as_it_is(
    database: str, type_: str, n: int, written: str
) -> None:
    """Nothing is above it that would be needed."""
    found = column(f'{{type: {type_}, default: "{written.format(n=n)}"}}')
    with psycopg.connect(database) as conn:
        conn.execute(f"SELECT {found.default}".encode())


def test_null_is_no_default_for_a_nullable_column() -> None:
    """NULL is what such a column has anyway."""
    assert column("{type: text, nullable: true, default: null}").default is None


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        ("boolean", "no"),
        ("boolean", "'true'"),
        ("smallint", "32768"),
        ("integer", "1_000"),
        ("integer", "0x10"),
        ("bigint", "9" * 4400),
        ("real", "1e39"),
        ("numeric(4,2)", "123.45"),
        ("numeric(4,2)", "1.234"),
        ("date", "2026-02-30"),
        ("date", "infinity"),
        ("timestamptz", "2026-01-31 12:00:00"),
        ("timestamp", "2026-01-31 12:00:00Z"),
        ("timestamptz", "2026-01-31 12:00:00+16"),
        ("time", "25:00"),
        ("uuid", "123"),
        ("cidr", "10.0.0.1/8"),
        ("inet", "fe80::1%eth0"),
        ("int4range", '"[1,x)"'),
        ("int4range", '"[9,1)"'),
        ("daterange", '"[2026-01-01,9999-12-31]"'),
        ("int4range", "'[\"\",2)'"),
        ("int4range", "'[ ,2)'"),
        ("int4range", "'[1\",2)'"),
        ("interval", "1 day 1 days"),
        ("interval", "1 hour 02:00"),
        ("interval", "00:60"),
        ("interval", "999999999d999999999h"),
        ("tstzrange", '"[2026-01-01 00:00,)"'),
        ("bytea", "abc"),
        ("integer[]", "1"),
        ("integer[]", "[null]"),
        ("integer", "[1]"),
        ("text", "null"),
        ("text", "{a: b}"),
        ("jsonb", "1e999"),
        ("jsonb", ".nan"),
        ("jsonb", "[1, {a: -.Inf}]"),
    ],
)
def test_a_value_of_another_type_is_refused(type_: str, written: str) -> None:
    """The server would refuse it when the schema is applied, or read it otherwise."""
    assert column_codes(f'{{type: "{type_}", default: {written}}}') == ["bad-default"]


@pytest.mark.parametrize(
    "written",
    [
        *("integer", "real", "numeric", "bytea", "date", "time", "timestamptz"),
        *("timestamp", "interval", "inet", "cidr", "int4range", "int8range"),
        *("numrange", "daterange", "tstzrange", "tstzrange[]"),
    ],
)
def test_the_example_in_the_advice_on_a_default_is_one_of_the_type(
    written: str,
) -> None:
    """Whoever writes it gets on, whatever the type."""
    default = "[%s]" if written.endswith("[]") else "%s"
    text = f"jobs: {{j: {{columns: {{c: {{type: '{written}', default: {default}}}}}}}}}"
    (found,) = load(text % "'soon?'").diagnostics
    example = re.search(r"(?:such as|first:) ('.+'|\".+\"|[^,]+)", found.help or "")
    assert example is not None, found.help
    assert load(text % example[1]).diagnostics == ()


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("numeric(5,2)", "at most 3 digits before the point and at most 2 digits"),
        ("numeric(3,2)", "at most 1 digit before the point and at most 2 digits"),
        ("numeric(2,2)", "nothing but 0 before the point and at most 2 digits"),
        ("numeric(4)", "at most 4 digits before the point and nothing but 0"),
    ],
)
def test_a_number_with_too_many_digits_is_told_how_many_there_may_be(
    written: str, advice: str
) -> None:
    """An example would fit some precisions only."""
    text = f"jobs: {{j: {{columns: {{c: {{type: '{written}', default: 12345.678}}}}}}}}"
    (found,) = load(text).diagnostics
    assert found.help == f"write a number with {advice} behind"
