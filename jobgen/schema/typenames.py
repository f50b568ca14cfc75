"""A type as the user writes it → `ColumnType`, or why not.

Stage: schema. In: `numeric(12,2)[]?` and the enums of the file. Knows every
spelling that is accepted, and why some types are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from jobgen.schema.codes import Code
from jobgen.schema.diagnostics import shown
from jobgen.schema.quoting import qualified
from jobgen.schema.types import SCALARS, ColumnType, Family, Scalar

_BY_NAME = {scalar.sql: scalar for scalar in SCALARS}

ALIASES: Mapping[str, str] = {
    "int": "integer",
    "float": "double precision",
    "decimal": "numeric",
    "bool": "boolean",
    "varchar": "character varying",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
}

TYPE_NAMES = frozenset(_BY_NAME) | frozenset(ALIASES)
"""Every name of a type; an enum of the file must have another one."""

REFUSED: Mapping[str, tuple[str, str]] = {
    # name: (why not, what instead)
    "money": ("its meaning depends on the server's locale", "numeric"),
    "char": ("it is padded with spaces", "text"),
    "character": ("it is padded with spaces", "text"),
    "bpchar": ("it is padded with spaces", "text"),
    "serial": ("the id of a job is made by jobgen", "bigint"),
    "bigserial": ("the id of a job is made by jobgen", "bigint"),
    "smallserial": ("the id of a job is made by jobgen", "smallint"),
    "timetz": ("a zone without a date has no offset", "timestamptz"),
    "time with time zone": ("a zone without a date has no offset", "timestamptz"),
    "xml": ("Python has no type for it", "text"),
    "bit": ("Python has no type for it", "bytea"),
    "bit varying": ("Python has no type for it", "bytea"),
    "varbit": ("Python has no type for it", "bytea"),
    "hstore": ("its values have no types", "jsonb"),
    "tsrange": ("its bounds have no time zone", "tstzrange"),
    "record": ("composite types are not supported", "jsonb"),
}

_SHAPE = re.compile(
    r"(?P<name>[^()\[\]?]*?) *(?:\( *(?P<modifiers>[^()]*?) *\))?"
    r" *(?P<arrays>(?:\[[0-9]*\] *)*)"
)


class TypeProblem(NamedTuple):
    """Why a text is no type of a column."""

    code: Code
    message: str
    help: str | None = None


def parse_type(
    text: str, enums: Mapping[str, str], schema: str
) -> ColumnType | TypeProblem:
    """The type that `text` (without the `?`) names.

    `enums` gives the class of each enum of the file, `schema` where they live.
    """
    parts = _parts(text)
    if parts is None:
        return _unknown(text)
    name, modifiers, arrays = parts
    if name in REFUSED and name not in enums:
        reason, instead = REFUSED[name]
        return TypeProblem(
            code="refused-type",
            message=f"the type {shown(name)} is not supported: {reason}",
            help=f"use '{instead}'",
        )
    column_type = _scalar_type(name, modifiers, enums, schema)
    if column_type is None:
        return _unknown(name)
    if isinstance(column_type, TypeProblem):
        return column_type
    return _with_array(column_type, arrays)


@cache  # most columns have one of a few types
def _parts(text: str) -> tuple[str, str | None, str] | None:
    """Name, modifiers and brackets, without the spaces that do not matter."""
    shape = _SHAPE.fullmatch(" ".join(text.split()))  # else spaces match in many ways
    if shape is None:
        return None
    return shape["name"], shape["modifiers"], shape["arrays"].replace(" ", "")


def _unknown(name: str) -> TypeProblem:
    return TypeProblem(
        code="unknown-type",
        message=f"{shown(name)} is not a PostgreSQL type that jobgen knows",
    )


def _scalar_type(
    name: str, modifiers: str | None, enums: Mapping[str, str], schema: str
) -> ColumnType | TypeProblem | None:
    if name in enums:
        if modifiers is not None:
            return _no_modifiers(name)
        return _enum_type(name, enums[name], schema)
    return _built_in(name, modifiers)


@cache
def _built_in(name: str, modifiers: str | None) -> ColumnType | TypeProblem | None:
    scalar = _BY_NAME.get(ALIASES.get(name, name))
    if scalar is None:
        return None
    if modifiers is None:
        return ColumnType(sql=scalar.sql, element=scalar)
    if scalar.sql == "numeric":
        return _numeric(scalar, name, modifiers)
    if scalar.sql == "character varying":
        return _varchar(scalar, name, modifiers)
    return _no_modifiers(name)


def _enum_type(name: str, class_name: str, schema: str) -> ColumnType:
    sql = qualified(schema, name)
    element = Scalar(sql=sql, python=class_name, family=Family.ENUM, dump="text")
    return ColumnType(sql=sql, element=element, enum=name)


def _no_modifiers(name: str) -> TypeProblem:
    return TypeProblem(
        code="bad-type-modifier",
        message=f"the type {shown(name)} takes nothing in parentheses",
        help=f"write '{name}'",
    )


def _numbers(modifiers: str) -> list[int] | None:
    parts = [part.strip() for part in modifiers.split(",")]
    if all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        return [int(part) for part in parts]
    return None


def _numeric(scalar: Scalar, name: str, modifiers: str) -> ColumnType | TypeProblem:
    match _numbers(modifiers):
        case [precision] if 1 <= precision <= 1000:
            return ColumnType(sql=f"numeric({precision},0)", element=scalar)
        case [precision, scale] if 1 <= precision <= 1000 and scale <= precision:
            return ColumnType(sql=f"numeric({precision},{scale})", element=scalar)
        case _:
            return TypeProblem(
                code="bad-type-modifier",
                message=f"{shown(f'{name}({modifiers})')} has no such precision and scale",
                help=f"write '{name}(p,s)' with p from 1 to 1000 and s from 0 to p",
            )


def _varchar(scalar: Scalar, name: str, modifiers: str) -> ColumnType | TypeProblem:
    match _numbers(modifiers):
        case [length] if 1 <= length <= 10_485_760:
            return ColumnType(sql=f"character varying({length})", element=scalar)
        case _:
            return TypeProblem(
                code="bad-type-modifier",
                message=f"{shown(f'{name}({modifiers})')} has no such length",
                help=f"write '{name}(n)' with n from 1 to 10485760, or 'text'",
            )


def _with_array(column_type: ColumnType, arrays: str) -> ColumnType | TypeProblem:
    if not arrays:
        return column_type
    if arrays != "[]":
        return TypeProblem(
            code="refused-type",
            message="arrays have one dimension and no length",
            help="write '[]' once, or use 'jsonb' for nested lists",
        )
    return replace(column_type, sql=column_type.sql + "[]", array=True)
