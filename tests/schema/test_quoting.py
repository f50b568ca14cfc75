"""Text and names on their way into SQL."""

import pytest

from jobgen.schema.quoting import qualified, quote_identifier, quote_literal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("welcome", "'welcome'"),
        ("", "''"),
        ("it's", "'it''s'"),
        ("a\\b", r"E'a\\b'"),
        ("it's\n%", r"E'it''s\n%'"),
        ("\t\r", r"E'\t\r'"),
        ("$$ -- */", "'$$ -- */'"),
        ("é😀", "'é😀'"),
        ("\x07", r"E'\U00000007'"),
        ("\xa0\ufe0f", r"E'\U000000A0\U0000FE0F'"),
        ("\u1c89\u0378", "'\u1c89\u0378'"),  # a letter since Unicode 16, and none
    ],
)
def test_a_literal_is_data_whatever_is_in_it(text: str, expected: str) -> None:
    """What does not show takes the E form, the same in every version of Python."""
    assert quote_literal(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kind", "kind"),
        ("_x1", "_x1"),
        ("order", '"order"'),
        ("values", '"values"'),
        ("Kind", '"Kind"'),
        ('a"b', '"a""b"'),
        ("1st", '"1st"'),
        ("", '""'),
    ],
)
def test_an_identifier_is_quoted_only_where_needed(name: str, expected: str) -> None:
    """Lower case that is no keyword stays as it is."""
    assert quote_identifier(name) == expected


def test_both_parts_of_a_qualified_name_are_quoted() -> None:
    """Each for itself."""
    assert qualified("user", "order") == '"user"."order"'
