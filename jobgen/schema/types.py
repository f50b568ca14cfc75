"""PostgreSQL types that a column may have, and what each is in Python.

Stage: schema. The table below is the whole truth: a type that is not in it is
refused, so that no generated annotation is ever a guess. `typenames` reads what the
user writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum as PythonEnum


class Family(PythonEnum):
    """How a type behaves in generated code: one branch of the emitter for each."""

    INTEGER = "integer"
    FLOAT = "float"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    TEXT = "text"
    CITEXT = "citext"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    TIMESTAMPTZ = "timestamptz"
    TIMESTAMP = "timestamp"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    INET = "inet"
    CIDR = "cidr"
    ENUM = "enum"
    RANGE = "range"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One row of the table of types.

    `sql` is the spelling of PostgreSQL's `format_type`; `python` the annotation;
    `dump` the name under which psycopg knows the type's dumper (COPY, literals).
    """

    sql: str
    python: str
    family: Family
    dump: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """The type of one column.

    `sql` is complete (`numeric(10,2)[]`), schema-qualified for an enum of the
    file; `element` the row of the table that it is made of.
    """

    sql: str
    element: Scalar
    array: bool = False
    enum: str | None = None  # name of the enum in the schema file


def _scalar(sql: str, python: str, family: Family, dump: str) -> Scalar:
    return Scalar(sql=sql, python=python, family=family, dump=dump)


_INET = "IPv4Interface | IPv6Interface | IPv4Address | IPv6Address"

SCALARS: tuple[Scalar, ...] = (
    _scalar("smallint", "int", Family.INTEGER, "int2"),
    _scalar("integer", "int", Family.INTEGER, "int4"),
    _scalar("bigint", "int", Family.INTEGER, "int8"),
    _scalar("real", "float", Family.FLOAT, "float4"),
    _scalar("double precision", "float", Family.FLOAT, "float8"),
    _scalar("numeric", "Decimal", Family.NUMERIC, "numeric"),
    _scalar("boolean", "bool", Family.BOOLEAN, "bool"),
    _scalar("text", "str", Family.TEXT, "text"),
    _scalar("character varying", "str", Family.TEXT, "text"),
    _scalar("citext", "str", Family.CITEXT, "text"),
    _scalar("bytea", "bytes", Family.BYTES, "bytea"),
    _scalar("date", "date", Family.DATE, "date"),
    _scalar("time without time zone", "time", Family.TIME, "time"),
    _scalar("timestamp with time zone", "datetime", Family.TIMESTAMPTZ, "timestamptz"),
    _scalar("timestamp without time zone", "datetime", Family.TIMESTAMP, "timestamp"),
    _scalar("interval", "timedelta", Family.INTERVAL, "interval"),
    _scalar("uuid", "UUID", Family.UUID, "uuid"),
    _scalar("json", "JsonValue", Family.JSON, "text"),
    _scalar("jsonb", "JsonValue", Family.JSON, "text"),
    _scalar("inet", _INET, Family.INET, "inet"),
    _scalar("cidr", "IPv4Network | IPv6Network", Family.CIDR, "cidr"),
    _scalar("int4range", "Range[int]", Family.RANGE, "int4range"),
    _scalar("int8range", "Range[int]", Family.RANGE, "int8range"),
    _scalar("numrange", "Range[Decimal]", Family.RANGE, "numrange"),
    _scalar("daterange", "Range[date]", Family.RANGE, "daterange"),
    _scalar("tstzrange", "Range[datetime]", Family.RANGE, "tstzrange"),
)
