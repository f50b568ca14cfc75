"""The `default` of a column: a YAML value → the SQL text of a literal of its type.

Stage: schema. Out comes SQL that is typed and quoted (`'welcome'::public.mail_kind`,
`5`, `'{1,2}'::integer[]`) or a problem; nothing of what the user wrote reaches SQL
without having been recognised as a value of the type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from itertools import islice
from typing import NamedTuple

from jobgen.schema import booleans, values
from jobgen.schema.diagnostics import Span, listed, shown
from jobgen.schema.digits import advice, in_decimal
from jobgen.schema.guesses import Guesses
from jobgen.schema.json_text import json_text
from jobgen.schema.labels import Labels
from jobgen.schema.nodes import Node, Scalar, Sequence
from jobgen.schema.quoting import quote_literal
from jobgen.schema.types import ColumnType, Family

_UNQUOTED = (Family.INTEGER, Family.FLOAT, Family.BOOLEAN)
_NUMBERS = (Family.INTEGER, Family.NUMERIC, Family.FLOAT)

_WANTED: MappingABC[Family, str] = {
    Family.INTEGER: "write a whole number, such as 10",
    Family.FLOAT: "write a number, such as 0.5",
    Family.NUMERIC: "write a number, such as 19.90",
    Family.BYTES: r"write hexadecimal digits, such as '\x00ff'",
    Family.DATE: "write a date, such as 2026-01-31",
    Family.TIME: 'write a time, such as "22:30"',
    Family.TIMESTAMPTZ: "write a time with its zone, such as 2026-01-31 12:00:00+00",
    Family.TIMESTAMP: "write a time without a zone, such as 2026-01-31 12:00:00",
    Family.INTERVAL: "write an interval, such as 1 day 02:30:00, or 30s",
    Family.UUID: "write a UUID of 32 digits with hyphens; or use 'default_sql'",
    Family.INET: "write an address, such as 192.0.2.1",
    Family.CIDR: "write a network, such as 10.0.0.0/8",
}

_RANGES: MappingABC[str, str] = {
    "int4range": "[1,10)",
    "int8range": "[1,10)",
    "numrange": "[0.5,10)",
    "daterange": "[2026-01-01,2026-02-01)",
    "tstzrange": "[2026-01-01 00:00:00+00,2026-02-01 00:00:00+00)",
}
"""One of each type, for those who write what is none."""

_NULLS = ("null", "none", "nil")
"""NULL as other notations spell it; in ours, where it is `null` or `~`, a text."""

_MOST = 100
"""Wrong elements of one list that are reported: with more, it is another list."""

_CALL = re.compile(r"[a-z_][a-z0-9_.]*\(.*\)|current_[a-z]+", re.IGNORECASE)
"""What is no literal but would be SQL."""
_SPECIAL = {"now": "now()", "today": "current_date"}
"""Literals whose value is that of the moment in which the table is made."""


class LiteralProblem(NamedTuple):
    """Why a value is none of the type, and where it stands."""

    span: Span
    message: str
    help: str | None


def literal(
    node: Node, column_type: ColumnType, labels: Labels, guesses: Guesses
) -> str | list[LiteralProblem]:
    """The SQL literal for `node`; `labels` are those of the type's enum."""
    if column_type.array:
        return _array(node, column_type, labels, guesses)
    text = _element(node, column_type, labels, guesses)
    if isinstance(text, LiteralProblem):
        return [text]
    return text if _stands_alone(text, column_type) else _typed(text, column_type)


def _typed(text: str, column_type: ColumnType) -> str:
    return f"{quote_literal(text)}::{column_type.sql}"


def _stands_alone(text: str, column_type: ColumnType) -> bool:
    """Whether `text` is a constant of SQL as it is."""
    family = column_type.element.family
    return family in (Family.INTEGER, Family.BOOLEAN, Family.NUMERIC) or (
        family is Family.FLOAT and text not in ("NaN", "Infinity", "-Infinity")
    )


def _array(
    node: Node, column_type: ColumnType, labels: Labels, guesses: Guesses
) -> str | list[LiteralProblem]:
    if not isinstance(node, Sequence):
        message = f"this is not a list, which {column_type.sql} needs"
        return [LiteralProblem(node.span, message, "write the values in [ ]")]
    found = [_element(item, column_type, labels, guesses) for item in node.items]
    problems = [each for each in found if isinstance(each, LiteralProblem)]
    texts = [_array_element(each) for each in found if isinstance(each, str)]
    return problems[:_MOST] or _typed("{" + ",".join(texts) + "}", column_type)


def _array_element(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.:/+-]+", text) and text.lower() != "null":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _element(
    node: Node, column_type: ColumnType, labels: Labels, guesses: Guesses
) -> str | LiteralProblem:
    """The text of one value, as PostgreSQL's input function takes it."""
    family, sql = column_type.element.family, column_type.element.sql
    if family is Family.JSON:
        return _json(node)
    if not isinstance(node, Scalar) or node.empty:
        message = f"this is not one value of {sql}"
        other = "" if column_type.array else f", or make the type {sql}[]"
        return LiteralProblem(node.span, message, f"write one value{other}")
    if node.plain and node.text in ("null", "~") and column_type.array:
        message = "an element of an array must not be NULL"
        return LiteralProblem(node.span, message, "leave it out")
    if family is Family.ENUM:
        return _label(node, column_type.enum or sql, labels, guesses)
    text = _recognised(node.text, family, sql, column_type.sql)
    quoted = not node.plain and family in _UNQUOTED
    if text is not None and not quoted:
        return text
    message = f"{shown(node.text)} is not a value of {_name(column_type)}"
    if text is not None:
        return LiteralProblem(node.span, message, "remove the quotes")
    help = _spelt(node, column_type) or _help(node, family, sql, column_type.sql)
    return LiteralProblem(node.span, message, help)


def _spelt(node: Scalar, column_type: ColumnType) -> str | None:
    """How to write a value that is spelt as elsewhere, if it is one of the type."""
    family, sql, text = column_type.element.family, column_type.element.sql, node.text
    if node.plain and text.lower() in _NULLS and not column_type.array:
        return "write null, if the column is nullable"
    if family is Family.BOOLEAN:
        return booleans.advice(text)
    decimal = in_decimal(text) if family in _NUMBERS else None
    if decimal is None or not _recognised(decimal, family, sql, column_type.sql):
        return None
    return advice(text, decimal)


def _name(column_type: ColumnType) -> str:
    return column_type.sql.removesuffix("[]")


def _json(node: Node) -> str | LiteralProblem:
    text = json_text(node)
    if isinstance(text, str):
        return text
    message = "this number does not fit in JSON as other programs read it"
    return LiteralProblem(text, message, "write it in quotes, as a text")


def _label(
    node: Scalar, enum: str, labels: Labels, guesses: Guesses
) -> str | LiteralProblem:
    known = labels.deprecated
    if node.text in known or not known:  # none are known: reported at the enum
        return node.text
    message = f"{shown(node.text)} is not a label of {enum}"
    few = f"write {listed(islice(known, 10))}"
    help = guesses.did_you_mean(node.text, labels.words) or few
    return LiteralProblem(node.span, message, help)


def _help(node: Scalar, family: Family, sql: str, full: str) -> str | None:
    bits = values.INTEGER_BITS.get(sql)
    if bits is not None and re.fullmatch(r"-?[0-9]+", node.text):
        half = 1 << (bits - 1)
        return f"write a number from {-half} to {half - 1}"
    if family is Family.RANGE and values.is_range_too_high(node.text, sql):
        return "leave the bound out: PostgreSQL needs the value after it to keep it"
    expression = _SPECIAL.get(node.text.lower(), node.text)
    if _CALL.fullmatch(expression):
        return f"it is an expression: write 'default_sql: {expression}'"
    if family is Family.TEXT:
        return "shorten it, or allow more characters in the type"
    if family is Family.RANGE:
        return f"write a range in quotes, the lower bound first: '{_RANGES[sql]}'"
    return _fewer_digits(full) if "(" in full else _WANTED.get(family)


def _fewer_digits(sql: str) -> str:
    """What fits into a `numeric(12,2)`, and so needs no example."""
    precision, scale = _precision(sql)
    whole = (precision or 0) - scale
    before, behind = _digits(whole), _digits(scale)
    return f"write a number with {before} before the point and {behind} behind"


def _digits(count: int) -> str:
    if not count:
        return "nothing but 0"
    return "at most 1 digit" if count == 1 else f"at most {count} digits"


def _recognised(text: str, family: Family, sql: str, full: str) -> str | None:
    """`text` in the spelling that goes into SQL; None where it is no such value."""
    match family:
        case Family.INTEGER:
            number = values.integer(text, sql)
            return None if number is None else str(number)
        case Family.NUMERIC:
            return text if values.numeric(text, *_precision(full)) is not None else None
        case Family.FLOAT:
            return values.real(text, sql)
        case Family.BOOLEAN:
            return text if text in ("true", "false") else None
        case Family.TEXT | Family.CITEXT:
            return text if len(text) <= _length(full) else None
        case Family.BYTES:
            return values.binary(text)
        case Family.INTERVAL:
            return values.interval(text)
        case Family.INET:
            return values.address(text)
        case Family.CIDR:
            return values.network(text)
        case Family.RANGE:
            fits = not values.is_range_too_high(text, sql)
            return text if fits and values.is_range(text, sql) else None
        case _:
            return text if _is_moment_or_uuid(text, family) else None


def _is_moment_or_uuid(text: str, family: Family) -> bool:
    match family:
        case Family.DATE:
            return values.day(text) is not None
        case Family.TIME:
            return values.clock(text) is not None
        case Family.TIMESTAMPTZ:
            return values.instant(text) is not None
        case Family.TIMESTAMP:
            return values.local_time(text) is not None
        case Family.UUID:
            return values.uuid(text) is not None
        case _:
            return False


def _precision(sql: str) -> tuple[int | None, int]:
    """Precision and scale of `numeric(12,2)`; no precision where there is none."""
    match = re.search(r"\(([0-9]+),([0-9]+)\)", sql)
    return (None, 0) if match is None else (int(match[1]), int(match[2]))


def _length(sql: str) -> int:
    """The most characters of `character varying(20)`; of `text`, what is sane."""
    match = re.search(r"\(([0-9]+)\)", sql)
    return 1_000_000 if match is None else int(match[1])
