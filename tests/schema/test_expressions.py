"""SQL expressions of the schema stay inside their parentheses."""

import pytest

from jobgen.schema.expressions import problem_in


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
