"""Every text comes out as data, in Python and in SQL."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgen.emit.literals import block, comment, docstring, dollar_quoted, string

NASTY = [
    "",
    '"""',
    "'''",
    '""""""" "',
    'ends with a quote"',
    "\\",
    '\\\\"',
    "\\N{DASH} \\x41 \\u0041 \\",
    "{{ x }} {% y %} {# z #}",
    "$$ $jobgen$ $jobgen1$",
    "*/ -- ; '",
    "🙂 \u202e \u200b \ufeff \x00 \x7f \x85 \u2028",
    "a\r\nb\rc\n\td",
    "%s %(x)s {0}",
]
texts = st.one_of(st.sampled_from(NASTY), st.text())


@given(texts)
def test_a_string_means_its_text(text: str) -> None:
    """On one line, in ASCII-safe escapes where a character does not show."""
    literal = string(text)
    assert ast.literal_eval(literal) == text
    assert len(literal.splitlines()) == 1


@given(texts)
def test_a_block_means_its_text(text: str) -> None:
    """Line by line as it is."""
    assert ast.literal_eval(block(text)) == text


@given(texts, st.sampled_from([0, 4]))
def test_a_docstring_says_the_words_of_its_text(text: str, indent: int) -> None:
    """Wrapped, so only white space may differ."""
    literal = docstring(text, indent)
    if not text.split():
        assert literal == ""
        return
    assert ast.literal_eval(literal).split() == text.split()


@given(texts)
def test_a_comment_stays_on_its_line(text: str) -> None:
    """What follows a banner is code."""
    assert len(comment(text).splitlines()) <= 1


@given(texts)
def test_a_dollar_quoted_body_cannot_end_early(text: str) -> None:
    """Its tag is one that the body does not contain."""
    quoted = dollar_quoted(text)
    tag = quoted[: quoted.index("$", 1) + 1]
    assert quoted == tag + text + tag
    assert tag not in text


@pytest.mark.parametrize("text", NASTY)
def test_nothing_invisible_is_written(text: str) -> None:
    """A reviewer sees every character that there is."""
    for literal in (string(text), block(text), docstring(text), comment(text)):
        assert all(each.isprintable() or each == "\n" for each in literal)
