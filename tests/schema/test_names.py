"""Names derived from the user's."""

import pytest

from jobgen.schema import names


@pytest.mark.parametrize(
    ("name", "expected"),
    [("send_mail", "SendMail"), ("http2_push", "Http2Push"), ("a__b", "AB")],
)
def test_a_class_is_in_capitals(name: str, expected: str) -> None:
    """Each word begins with one."""
    assert names.class_name(name) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("web form", "WEB_FORM"),
        ("--a--b--", "A_B"),
        ("2nd", "VALUE_2ND"),
        ("straße", "STRASSE"),
        ("???", ""),
        ("名前", ""),
    ],
)
def test_a_member_keeps_letters_and_digits(label: str, expected: str) -> None:
    """Every other run of characters is one underscore, and none at the ends."""
    assert names.enum_member(label) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("class", "class_"), ("import", "import_"), ("type", "type"), ("self", "self")],
)
def test_only_hard_keywords_give_way(name: str, expected: str) -> None:
    """Builtins and soft keywords stay as they are."""
    assert names.attribute(name) == expected
