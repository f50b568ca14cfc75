"""A script is split where psql would split it."""

from __future__ import annotations

import pytest

from jobgen.migrate.statements import split


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("", ()),
        ("-- a;b\n\n", ()),
        ("SELECT 1;\n-- c;\nSELECT 2", ("SELECT 1", "SELECT 2")),
        ("SELECT ';''', \"a;b\";", ("SELECT ';''', \"a;b\"",)),
        (r"SELECT E'\';', 'b\'; SELECT 2;", (r"SELECT E'\';', 'b\'", "SELECT 2")),
        ("DO $$ a; -- 'b\n $$; X", ("DO $$ a; -- 'b\n $$", "X")),
        ("DO $a$ $$;$$ $a$;", ("DO $a$ $$;$$ $a$",)),
        ("SELECT 'a--b' -- c'\n, 1;", ("SELECT 'a--b' \n, 1",)),
        ("SELECT a--b\nAND c;", ("SELECT a\nAND c",)),
    ],
)
def test_a_semicolon_ends_a_statement(script: str, statements: tuple[str, ...]) -> None:
    """Where it is no part of a text, a name, a body or a comment."""
    assert split(script) == statements
