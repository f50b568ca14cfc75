"""Values on their way into and out of a row, one function for each kind of column.

Generated `_values` and `_decode` functions call these; every check that
PostgreSQL or psycopg would pass over in silence stands here, so that single,
bulk and COPY enqueueing refuse the same values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time
from enum import Enum, StrEnum
from operator import index
from typing import Final, TypeAlias, TypeGuard, TypeVar

from psycopg.types.range import Range

from jobgen.runtime.errors import DecodeError
from jobgen.runtime.status import JobStatus


class Default(Enum):
    """The type of `DEFAULT`."""

    DEFAULT = "DEFAULT"

    def __repr__(self) -> str:
        return "DEFAULT"


DEFAULT: Final = Default.DEFAULT
"""Let the server fill the column in; None would mean NULL."""

JsonValue: TypeAlias = (
    bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
)
"""What a `json` or `jsonb` column holds."""

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


# --- into the row -----------------------------------------------------------


def integer(column: str, value: int | Default | None, /) -> int | Default | None:
    """A plain int: psycopg would send True as a boolean.

    Raises `TypeError` for what is no whole number, such as 1.9 or "12".
    """
    if type(value) is int:  # nearly always, and quick
        return value
    if value is None or isinstance(value, Default):
        return value
    return _whole(column, value)


def integers(
    column: str, value: Iterable[int] | Default | None, /
) -> list[int] | Default | None:
    if value is None or isinstance(value, Default):
        return value
    return [_whole(column, item) for item in value]


def _whole(column: str, value: int) -> int:
    try:
        return int(index(value))  # index() leaves True as it is
    except TypeError:
        raise TypeError(f"{column}: {value!r} is not a whole number") from None


def real(column: str, value: float | Default | None, /) -> float | Default | None:
    """A plain float: an int passes every type checker for one.

    Raises `TypeError` for what is no number.
    """
    if type(value) is float or value is None or isinstance(value, Default):
        return value
    return _number(column, value)


def reals(
    column: str, value: Iterable[float] | Default | None, /
) -> list[float] | Default | None:
    if value is None or isinstance(value, Default):
        return value
    return [_number(column, item) for item in value]


def _number(column: str, value: float) -> float:
    try:
        return float(value)
    except TypeError:
        raise TypeError(f"{column}: {value!r} is not a number") from None


def items(
    column: str, value: Iterable[T] | Default | None, /
) -> list[T] | Default | None:
    """A list of its own: psycopg dumps other sequences as composites.

    Raises `ValueError` for None among the elements, which no fetch could read, and
    `TypeError` for one text, which is a sequence of texts as well.
    """
    if value is None or isinstance(value, Default):
        return value
    if isinstance(value, str | bytes):
        raise TypeError(f"{column}: {value!r} is no list; pass [{value!r}]")
    found = list(value)
    if any(item is None for item in found):
        raise ValueError(f"{column}: None is among the elements of {found!r}")
    return found


def aware(
    column: str, value: datetime | Default | None, /
) -> datetime | Default | None:
    """A datetime with a time zone. Raises `ValueError` for a naive one, and for one
    that PostgreSQL would keep and no Python could read."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(
                f"{column}: {value!r} is naive; pass a datetime with a time zone,"
                " such as datetime.now(timezone.utc)"
            )
        if value.year in (MINYEAR, MAXYEAR):
            _check_utc(column, value)
    return value


def _check_utc(column: str, value: datetime) -> None:
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            f"{column}: {value!r} is outside of the years 1 to 9999 in UTC"
        ) from None


def aware_items(
    column: str, value: Iterable[datetime] | Default | None, /
) -> list[datetime] | Default | None:
    found = items(column, value)
    if isinstance(found, list):
        for item in found:
            aware(column, item)
    return found


def aware_range(
    column: str, value: Range[datetime] | Default | None, /
) -> Range[datetime] | Default | None:
    """A range whose bounds have a time zone."""
    if isinstance(value, Range):
        aware(column, value.lower)
        aware(column, value.upper)
    return value


def aware_ranges(
    column: str, value: Iterable[Range[datetime]] | Default | None, /
) -> list[Range[datetime]] | Default | None:
    found = items(column, value)
    if isinstance(found, list):
        for item in found:
            aware_range(column, item)
    return found


def naive(
    column: str, value: datetime | Default | None, /
) -> datetime | Default | None:
    """A datetime without a time zone. Raises `ValueError` for an aware one."""
    if isinstance(value, datetime) and value.utcoffset() is not None:
        raise ValueError(
            f"{column}: {value!r} has a time zone, and the column is a timestamp"
            " without one; pass value.replace(tzinfo=None) in the zone you mean"
        )
    return value


def naive_items(
    column: str, value: Iterable[datetime] | Default | None, /
) -> list[datetime] | Default | None:
    found = items(column, value)
    if isinstance(found, list):
        for item in found:
            naive(column, item)
    return found


def day(column: str, value: date | Default | None, /) -> date | Default | None:
    """A date that is no datetime, whose time the server would drop."""
    if isinstance(value, datetime):
        raise ValueError(f"{column}: {value!r} is a datetime; pass value.date()")
    return value


def days(
    column: str, value: Iterable[date] | Default | None, /
) -> list[date] | Default | None:
    found = items(column, value)
    if isinstance(found, list):
        for item in found:
            day(column, item)
    return found


def day_range(
    column: str, value: Range[date] | Default | None, /
) -> Range[date] | Default | None:
    """A range of dates. PostgreSQL keeps it as `[)`, so that a last day needs a next."""
    if isinstance(value, Range):
        day(column, value.lower)
        day(column, value.upper)
        if (value.upper == date.max and value.upper_inc) or (
            value.lower == date.max and not value.lower_inc
        ):
            raise ValueError(
                f"{column}: {value!r} needs the day after {date.max};"
                " pass None for that bound"
            )
    return value


def day_ranges(
    column: str, value: Iterable[Range[date]] | Default | None, /
) -> list[Range[date]] | Default | None:
    found = items(column, value)
    if isinstance(found, list):
        for item in found:
            day_range(column, item)
    return found


def clock(column: str, value: time | Default | None, /) -> time | Default | None:
    """A time of day without a zone, which the server would drop."""
    if isinstance(value, time) and value.tzinfo is not None:
        raise ValueError(
            f"{column}: {value!r} has a time zone; pass value.replace(tzinfo=None)"
        )
    return value


def clocks(
    column: str, value: Iterable[time] | Default | None, /
) -> list[time] | Default | None:
    found = items(column, value)
    if isinstance(found, list):
        for item in found:
            clock(column, item)
    return found


def json_text(
    column: str, value: JsonValue | Default, /, *, nullable: bool = False
) -> str | Default | None:
    """JSON as text. None is NULL where the column is nullable, else JSON null.

    Raises `ValueError` for NaN and infinities, which JSON does not have, and for
    lists in lists a thousand deep, which no fetch could read; `TypeError` for what
    is no `JsonValue`.
    """
    if isinstance(value, Default) or (value is None and nullable):
        return value
    try:
        return json.dumps(value, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{column}: {error}") from None
    except RecursionError:
        raise ValueError(
            f"{column}: this JSON has more levels of lists and mappings than Python"
            " reads; pass a flatter value"
        ) from None


def json_texts(
    column: str, value: Iterable[JsonValue] | Default | None, /
) -> list[str | Default | None] | Default | None:
    if value is None or isinstance(value, Default):
        return value
    return [json_text(column, item) for item in value]


def encoded(
    column: str, value: T | Default, encode: Callable[[T], JsonValue], /
) -> str | Default | None:
    """What the user's function makes of a value, as JSON text.

    Raises whatever `encode` raises, and what `json_text` does.
    """
    if isinstance(value, Default):
        return value
    return json_text(column, encode(value))


def encoded_or_null(
    column: str, value: T | Default | None, encode: Callable[[T], JsonValue], /
) -> str | Default | None:
    """The same in a nullable column: `encode` is spared None, which is NULL."""
    return None if value is None else encoded(column, value, encode)


def _plain(value: object) -> object:
    """What `json` does not know itself: mappings and sequences of other classes."""
    if _is_mapping(value):
        return dict(value)
    if _is_sequence(value):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray)


# --- out of the row ---------------------------------------------------------


class Labels(dict[str, E]):
    """The members of an enum by label; an unknown label is a `DecodeError`."""

    def __init__(self, enum: type[E], /) -> None:
        super().__init__({member.value: member for member in enum})
        self._name = enum.__name__

    def __missing__(self, label: str) -> E:
        raise DecodeError(f"{label!r} is not a label of {self._name}")

    def members(self, column: str, value: list[str | None], /) -> list[E]:
        """The members for an array of labels."""
        return [self[label] for label in elements(column, value)]


STATUSES: Final = Labels(JobStatus)


def elements(column: str, value: list[T | None], /) -> list[T]:
    """The elements of an array of one dimension, none of them NULL.

    Raises `DecodeError` otherwise: PostgreSQL's array types promise neither.
    """
    found: list[T] = []
    for item in value:
        if item is None or isinstance(item, list):
            what = "a NULL element" if item is None else "more than one dimension"
            raise DecodeError(f"{column}: the array has {what}")
        found.append(item)
    return found


def json_value(text: str, /) -> JsonValue:
    """The value of a `json` or `jsonb` column that was read as text."""
    value: JsonValue = json.loads(text)
    return value


def json_values(column: str, value: list[str | None], /) -> list[JsonValue]:
    """The elements of an array of `json` or `jsonb` that was read as text."""
    return [json_value(text) for text in elements(column, value)]
