"""Columns as Python sees them: annotations, `_values` and `_decode`.

Stage: emit. One branch for each family of types; the annotation is what really
arrives, and every check that the server would pass over in silence is a call of
`jobgen.runtime.values`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jobgen.emit import layout
from jobgen.emit.imports import Imports
from jobgen.emit.literals import string
from jobgen.schema.model import Column
from jobgen.schema.types import Family

_HOMES: Mapping[str, str] = {
    "bool": "builtins",
    "bytes": "builtins",
    "float": "builtins",
    "int": "builtins",
    "list": "builtins",
    "str": "builtins",
    "date": "datetime",
    "datetime": "datetime",
    "time": "datetime",
    "timedelta": "datetime",
    "Decimal": "decimal",
    "IPv4Address": "ipaddress",
    "IPv4Interface": "ipaddress",
    "IPv4Network": "ipaddress",
    "IPv6Address": "ipaddress",
    "IPv6Interface": "ipaddress",
    "IPv6Network": "ipaddress",
    "Default": "jobgen.runtime",
    "JobStatus": "jobgen.runtime",
    "JsonValue": "jobgen.runtime",
    "Range": "psycopg.types.range",
    "UUID": "uuid",
}
"""Where each name of an annotation is imported from."""

# In `values`: what takes one value, and what takes a list of them. Both are told the
# column, for what they say of a value that they refuse.
_NAMED = {
    "smallint": ("integer", "integers"),
    "integer": ("integer", "integers"),
    "bigint": ("integer", "integers"),
    "real": ("real", "reals"),
    "double precision": ("real", "reals"),
    "date": ("day", "days"),
    "time without time zone": ("clock", "clocks"),
    "timestamp with time zone": ("aware", "aware_items"),
    "timestamp without time zone": ("naive", "naive_items"),
    "daterange": ("day_range", "day_ranges"),
    "tstzrange": ("aware_range", "aware_ranges"),
    "json": ("json_text", "json_texts"),
    "jsonb": ("json_text", "json_texts"),
}


def name_in_class(imports: Imports, name: str) -> str:
    """A name of an annotation, imported, by what it is called in a class body."""
    return imports.in_class(_HOMES[name], name)


def annotation(imports: Imports, column: Column) -> list[str]:
    """The members of the union that a value of the column is of, NULL apart."""
    if column.typed_json is not None:
        return [imports.user(column.typed_json.python)]
    if column.type.enum is not None:
        union = [column.type.element.python]
        imports.own(".enums", *union)
    else:
        union = _union(imports, column.type.element.python)
    if column.type.array:
        return [f"{name_in_class(imports, 'list')}[{' | '.join(union)}]"]
    return union


def _union(imports: Imports, python: str) -> list[str]:
    if python in _HOMES:  # a lone name, as most are
        return [name_in_class(imports, python)]
    names = re.sub(r"\w+", lambda match: name_in_class(imports, match[0]), python)
    return names.split(" | ")


def new_field(imports: Imports, column: Column) -> str:
    """The field of the class that a producer fills in."""
    union = annotation(imports, column) + (["None"] if column.nullable else [])
    default = "None" if column.nullable else ""
    if column.server_default is not None:
        union.append(name_in_class(imports, "Default"))
        default = imports.use("jobgen.runtime", "DEFAULT")
    return layout.annotated(4, column.attribute, union, default)


def row_field(imports: Imports, column: Column) -> str:
    """The field of the class that a worker gets."""
    union = annotation(imports, column) + (["None"] if column.nullable else [])
    return layout.annotated(4, column.attribute, union)


def value(imports: Imports, column: Column) -> str:
    """An item of what `_values` returns."""
    given = f"new.{column.attribute}"
    if column.typed_json is not None:
        encode = imports.user(column.typed_json.encode)
        encoded = "encoded_or_null" if column.nullable else "encoded"
        arguments = [string(column.name), given, encode]
        return layout.call(8, f"values.{encoded}(", arguments, "),")
    many = int(column.type.array)
    named = _NAMED.get(column.type.element.sql)
    if named is not None:
        arguments = [string(column.name), given]
        if column.type.element.family is Family.JSON and column.nullable and not many:
            arguments.append("nullable=True")
        return layout.call(8, f"values.{named[many]}(", arguments, "),")
    if many:
        return layout.call(8, "values.items(", [string(column.name), given], "),")
    return f"{given},"


def decoded(imports: Imports, column: Column, position: int) -> str:
    """An argument of the row class in `_decode`."""
    raw = f"row[{position}]"
    read = _read(imports, column, raw)
    if read is None:
        return f"{column.attribute}={raw},"
    if column.nullable:
        return layout.optional(8, column.attribute, raw, read)
    start, *arguments, end = read
    return layout.call(8, f"{column.attribute}={start}", arguments, f"{end},")


def labels_constant(enum: str) -> str:
    """The private name of an enum's labels in a module."""
    return f"_{enum.upper()}"


def _read(imports: Imports, column: Column, raw: str) -> list[str] | None:
    """A call, in parts, that makes the value from what psycopg gives; None: as is."""
    name, enum, is_json = (
        string(column.name),
        column.type.enum,
        column.type.element.family is Family.JSON,
    )
    if column.typed_json is not None:
        decode = imports.user(column.typed_json.decode)
        return [f"{decode}(", f"values.json_value({raw})", ")"]
    if column.type.array:
        if enum is not None:
            return [f"{labels_constant(enum)}.members(", name, raw, ")"]
        reader = "json_values" if is_json else "elements"
        return [f"values.{reader}(", name, raw, ")"]
    if enum is not None:
        return [f"{labels_constant(enum)}[", raw, "]"]
    return ["values.json_value(", raw, ")"] if is_json else None
