"""Types as the user writes them."""

import pytest

from tests.schema.examples import column, column_codes


@pytest.mark.parametrize(
    ("written", "sql", "python"),
    [
        ("int", "integer", "int"),
        ("float", "double precision", "float"),
        ("double precision", "double precision", "float"),
        ("bool", "boolean", "bool"),
        ("decimal", "numeric", "Decimal"),
        ("numeric(12, 2)", "numeric(12,2)", "Decimal"),
        ("numeric(5)", "numeric(5,0)", "Decimal"),
        ("varchar(20)", "character varying(20)", "str"),
        ("character varying", "character varying", "str"),
        ("timestamptz", "timestamp with time zone", "datetime"),
        ("timestamp with time zone", "timestamp with time zone", "datetime"),
        ("time", "time without time zone", "time"),
        ("citext", "citext", "str"),
        ("tstzrange", "tstzrange", "Range[datetime]"),
        ("mail_kind", "public.mail_kind", "MailKind"),
    ],
)
def test_a_type_becomes_its_catalogue_spelling(
    written: str, sql: str, python: str
) -> None:
    """Aliases and modifiers are resolved once, here."""
    found = column(written)
    assert (found.type.sql, found.type.element.python) == (sql, python)
    assert not found.nullable


def test_a_question_mark_makes_the_short_form_nullable() -> None:
    """In the long form it is a key."""
    assert column("text?").nullable
    assert column("{type: text, nullable: true}").nullable
    assert column('"integer[]?"').type.sql == "integer[]"


def test_an_array_of_an_enum_knows_its_enum() -> None:
    """The emitter needs both."""
    found = column("mail_kind[]")
    assert found.type.array
    assert found.type.enum == "mail_kind"
    assert found.type.sql == "public.mail_kind[]"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("BIGINT", "unknown-type"),
        ("text text", "unknown-type"),
        ("numeric((1)", "unknown-type"),
        ("money", "refused-type"),
        ("hstore", "refused-type"),
        ("char(3)", "refused-type"),
        ("integer[3]", "refused-type"),
        ("integer[][]", "refused-type"),
        ("text(3)", "bad-type-modifier"),
        ("mail_kind(3)", "unknown-type"),
        ("varchar(x)", "bad-type-modifier"),
        ("timestamptz(3)", "bad-type-modifier"),
    ],
)
def test_any_other_type_is_refused(written: str, code: str) -> None:
    """A type that is not in the table would need a guessed annotation."""
    assert column_codes(written) == [code]
