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


def test_an_index_may_be_told_apart_by_its_condition() -> None:
    """Eight digits of it, the same for ever: a change would rename indexes."""
    plain = names.payload_index("mail_jobs", ("a", "b"), unique=True)
    named = names.payload_index("mail_jobs", ("a", "b"), unique=True, where="a > 0")
    assert (plain, named) == ("mail_jobs_a_b_key", "mail_jobs_a_b_4ead0c05_key")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("class", "class_"), ("import", "import_"), ("type", "type"), ("self", "self")],
)
def test_only_hard_keywords_give_way(name: str, expected: str) -> None:
    """Builtins and soft keywords stay as they are."""
    assert names.attribute(name) == expected


@pytest.mark.parametrize(
    ("job", "expected"),
    [("import", "import_"), ("aux", "aux_"), ("com1", "com1_"), ("com", "com")],
)
def test_a_module_is_a_file_on_every_system(job: str, expected: str) -> None:
    """Windows takes some names for devices, whatever follows a dot."""
    assert names.module(job) == expected
