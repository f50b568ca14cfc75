"""How values travel: the adapters of jobgen's own cursors.

Those that psycopg had when jobgen was imported, whatever the application registers
for itself, but for bytes, intervals, and the arrays of a bulk INSERT. A setting of
the session has no say in what they send.

A bulk INSERT sends one array for each column and unnests it. unnest takes arrays of
arrays apart to the last element, so a value that is an array, or a range, travels as
the text of its literal, which a cast turns back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg
from psycopg import BaseConnection, abc
from psycopg.abc import AdaptContext, Buffer, DumperKey
from psycopg.adapt import AdaptersMap, Dumper, PyFormat, Transformer
from psycopg.errors import DataError, NumericValueOutOfRange
from psycopg.pq import Format
from psycopg.types.datetime import TimedeltaBinaryDumper
from psycopg.types.string import BytesBinaryDumper

ADAPTERS: Final = AdaptersMap(psycopg.adapters)
"""A copy, so that adapters registered globally later change nothing either."""


class HexDumper(Dumper):
    """Bytes as text, `\\x…`, whatever the connection.

    psycopg's own escapes for a string literal as well, if the session has
    `standard_conforming_strings` off; an array, a COPY and a parameter are none,
    so that the bytes would arrive changed.
    """

    oid = ADAPTERS.types["bytea"].oid

    def dump(self, obj: bytes | bytearray | memoryview) -> Buffer:
        return b"\\x" + obj.hex().encode("ascii")


class UnitsDumper(Dumper):
    """Intervals as text, with a sign on each unit.

    Without them a first one counts for all units if the session's `IntervalStyle`
    is `sql_standard`; psycopg's own forgets that within an array.
    """

    oid = ADAPTERS.types["interval"].oid

    def dump(self, obj: timedelta) -> Buffer:
        units = f"{obj.days:+} day {obj.seconds:+} second {obj.microseconds:+} us"
        return units.encode("ascii")


class Array(NamedTuple):
    """The values of many rows in one column; `element` is psycopg's name of their type."""

    element: str
    values: Sequence[object]


_WIDEST: Final[Mapping[str, str]] = {
    "int2": "int8",
    "int4": "int8",
    "float4": "float8",
}
"""As what numbers are sent, so that it is the server that finds one too large."""


class ArrayDumper(Dumper):
    """Arrays in binary: as text, NULL is a word if the session has `array_nulls` off.

    Of the type that is said. psycopg goes by the values: it knows no type for an array
    of nothing but NULL, and sends an interface as the address that it looks like.
    """

    format = Format.BINARY

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        # Not the context itself: it may be a transformer, which keeps this dumper.
        self._context = Transformer(context)

    def get_key(self, obj: Array, format: PyFormat) -> DumperKey:
        return (self.cls, _dumper_of_lists(obj.element))

    def upgrade(self, obj: Array, format: PyFormat) -> Dumper:
        return _TypedArrayDumper(obj.element, self._context)

    def dump(self, obj: Array) -> Buffer | None:
        return self.upgrade(obj, PyFormat.BINARY).dump(obj)


class _TypedArrayDumper(Dumper):
    format = Format.BINARY

    def __init__(self, element: str, context: AdaptContext) -> None:
        super().__init__(Array, context)
        self._element = element
        self._lists = _dumper_of_lists(element)(list, context)
        self.oid = self._lists.oid

    def dump(self, obj: Array) -> Buffer | None:
        try:
            return self._lists.dump(obj.values)
        except (struct.error, OverflowError) as error:
            message = f"a value is out of range for type {self._element}"
            raise NumericValueOutOfRange(message) from error


class Moments(NamedTuple):
    """An array of timestamps, each of which has a time zone."""

    values: Sequence[datetime | None]


class MomentsDumper(Dumper):
    """In binary, at a fifth of the cost: a worker sends one for each job it has run.

    An array's head is its dimensions, a flag for NULL, the type of its elements, their
    number and the first index; an element is its length and microseconds since 2000
    (`array_recv` and `timestamptz_recv` in PostgreSQL's source).
    """

    format = Format.BINARY

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        # Not of the class: psycopg would take it for all lists of that type.
        self.oid = ADAPTERS.types["timestamptz"].array_oid

    def dump(self, obj: Moments) -> Buffer:
        times = [_since_2000(each) for each in obj.values]
        head = _ARRAY_HEAD.pack(1, 0, _TIMESTAMPTZ, len(times), 1)
        elements = [8] * (2 * len(times))
        elements[1::2] = times
        return head + struct.pack("!" + "iq" * len(times), *elements)


def _since_2000(moment: datetime | None) -> int:
    """Microseconds, exactly."""
    if moment is None:
        raise DataError("a row that runs has no time of its fetch")
    return (moment - _YEAR_2000) // _MICROSECOND


_ARRAY_HEAD: Final = struct.Struct("!iiIii")
_TIMESTAMPTZ: Final = ADAPTERS.types["timestamptz"].oid
_YEAR_2000: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def _dumper_of_lists(element: str) -> type[abc.Dumper]:
    array = ADAPTERS.types[_WIDEST.get(element, element)].array_oid
    return ADAPTERS.get_dumper_by_oid(array, Format.BINARY)


ADAPTERS.register_dumper(timedelta, UnitsDumper)
ADAPTERS.register_dumper(timedelta, TimedeltaBinaryDumper)
for _class in (bytes, bytearray, memoryview):
    ADAPTERS.register_dumper(_class, HexDumper)
    # The last one is taken where either format will do, and this one is shorter.
    ADAPTERS.register_dumper(_class, BytesBinaryDumper)
ADAPTERS.register_dumper(Array, ArrayDumper)
ADAPTERS.register_dumper(Moments, MomentsDumper)


class _Context:
    """psycopg's adaptation without a connection: UTF-8, and our own adapters."""

    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS

    @property
    def connection(self) -> BaseConnection[object] | None:
        return None


def literals(dump: str, values: Iterable[object]) -> list[str | None]:
    """The literal of each value, None for NULL; `dump` is psycopg's type name."""
    dumper = Transformer(_Context())
    dumper.set_dumper_types([ADAPTERS.types.get_oid(dump)], Format.TEXT)
    found: list[str | None] = []
    for value in values:
        (data,) = dumper.dump_sequence((value,), (PyFormat.TEXT,))
        found.append(None if data is None else bytes(data).decode("utf-8"))
    return found
