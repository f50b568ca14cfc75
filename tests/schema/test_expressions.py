"""SQL expressions of the schema stay inside their parentheses."""

import pytest

from jobgen.schema.expressions import problem_in, settled


@pytest.mark.parametrize(
    "expression",
    [
        "width BETWEEN 100 AND 4000",
        "email <> 'it''s; -- )'",
        "gen_random_uuid()",
        "kind IN ('a', 'b') AND (x OR y)",
        r"name <> E'\'; --'",
        "body <> $$ ; ) $$",
        "body <> $tag$ $$ ) $tag$",
        '"we;ird" > 0',
        "tags[1] = 'x'",
        "a = $1",
        "a$b$ = $$ ) $$",
        "note LIKE'%\\'",
        "tags[1:2] = tags[low : high] AND note::text <> ':x'",
    ],
)
def test_an_expression_may_contain_anything_quoted(expression: str) -> None:
    """What looks dangerous within quotes is data."""
    assert problem_in(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "true) OR (true",
        "(a > 0",
        "a[1)",
        "1; DROP TABLE users",
        "1, 2",
        "true -- rest",
        "true /* rest",
        "'open",
        '"open',
        "$$ open",
        r"E'a\'",
        r"note$e'\' ); DROP TABLE users; --'",
        r"🙂e'\' ); DROP TABLE users; --'",
        "1$$'$$ ); DROP TABLE users; --'",
        "E'a'\n'\\' || ' ); DROP TABLE users; --'",
    ],
)
def test_an_expression_cannot_leave_its_parentheses(expression: str) -> None:
    """No matter how its quotes and brackets are arranged."""
    assert problem_in(expression) is not None


def test_an_expression_has_no_carriage_return() -> None:
    """Generated files have LF alone, so a text must escape the other one."""
    assert problem_in("note <> 'a\rb'") is not None
    assert problem_in(r"note <> E'a\rb'") is None


@pytest.mark.parametrize(
    "expression",
    [
        r"note > 0 \! date",
        r"note > 0 \gexec",
        "note = :USER",
        "note = :'HOST'",
        'note = :"DBNAME"',
        "note = :{?PORT}",
        "tags[1:PORT] = tags",
    ],
)
def test_an_expression_says_nothing_to_psql(expression: str) -> None:
    """The script is data for psql: no command, and none of its variables."""
    assert problem_in(expression) is not None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"'\x00'", r"E'\\x00'"),
        (r"x ~ '\d' OR x = 'it''s \'", r"x ~ E'\\d' OR x = E'it''s \\'"),
        (r"('\')", r"(E'\\')"),
        ("x = 'a'", "x = 'a'"),
        (r"x = E'\n'", r"x = E'\n'"),
        (r"x = U&'\0041'", r"x = U&'\0041'"),
        (r"x = $$\d$$", r"x = $$\d$$"),
        (r'"a\b" > 0', r'"a\b" > 0'),
        ("x = '\\'\n'\\'", "x = '\\'\n'\\'"),
    ],
)
def test_a_backslash_means_itself_in_every_session(
    expression: str, expected: str
) -> None:
    """Also where `standard_conforming_strings` is off."""
    assert settled(expression) == expected
