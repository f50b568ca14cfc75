"""Texts of scalar values → comparable Python values, by PostgreSQL's rules.

Stage: schema. Pure. Strict on purpose: `today` or `10:30 PM` mean something to
PostgreSQL, but another thing each time or in each locale.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from ipaddress import ip_interface, ip_network
from typing import TYPE_CHECKING

from jobgen.schema.durations import parse_duration

if TYPE_CHECKING:
    from uuid import UUID

INTEGER_BITS = {"smallint": 16, "integer": 32, "bigint": 64}

# No leading zero: YAML 1.1 reads 010 as 8.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,1000})?")
_FLOAT = re.compile(
    r"-?(?:0|[1-9][0-9]{0,399})(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,3})?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")
_ZONE = re.compile(r"(?P<local>.*?) ?(?P<zone>Z|[+-](?:0[0-9]|1[0-5])(?::?[0-9]{2})?)")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BYTES = re.compile(r"\\x(?:[0-9a-fA-F]{2})*")
_CLOCK = r"-?[0-9]{1,6}:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_OF_CLOCK = {"microsecond", "millisecond", "second", "minute", "hour"}
_UNIT = "(?:microsecond|millisecond|second|minute|hour|day|week|month|year)s?"
_UNSIGNED = re.compile(r"(?<!\S)(?=[0-9])")
_INTERVAL = re.compile(rf"(?:-?[0-9]{{1,6}} {_UNIT}(?: |$))*(?:{_CLOCK})?")


def integer(text: str, sql: str) -> int | None:
    """A whole number that fits in the integer type `sql`."""
    if not _INTEGER.fullmatch(text):
        return None
    value, half = int(text), 1 << (INTEGER_BITS[sql] - 1)
    return value if -half <= value < half else None


def numeric(text: str, precision: int | None, scale: int) -> Decimal | None:
    """A decimal number that `numeric(precision, scale)` keeps as it is."""
    if not _DECIMAL.fullmatch(text):
        return None
    whole, _, fraction = text.lstrip("-").partition(".")
    if precision is not None and (
        len(fraction) > scale or len(whole.lstrip("0")) > precision - scale
    ):
        return None
    return Decimal(text)


def real(text: str, sql: str) -> str | None:
    """A floating-point number in range, as SQL writes it."""
    if text in ("NaN", "Infinity", "-Infinity"):
        return text
    if not _FLOAT.fullmatch(text):
        return None
    size = abs(float(text))
    largest, smallest = (3.4028e38, 1.2e-38) if sql == "real" else (1.79e308, 2.3e-308)
    return text if size == 0 or smallest <= size <= largest else None


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def clock(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def instant(text: str) -> datetime | None:
    """A time with a zone."""
    match = _ZONE.fullmatch(text)
    if match is None or local_time(match["local"]) is None:
        return None
    try:
        return datetime.fromisoformat(_padded(match["local"]) + match["zone"])
    except ValueError:
        return None


def local_time(text: str) -> datetime | None:
    """A date and a time without a zone."""
    if not (_DATE.fullmatch(text[:10]) and text[10:11] in ("T", " ")):
        return None
    try:
        return datetime.fromisoformat(_padded(text)) if clock(text[11:]) else None
    except ValueError:
        return None


def _padded(text: str) -> str:
    """Fractions of a second with six digits, as older Pythons want them."""
    head, dot, fraction = text.partition(".")
    return head + dot + fraction.ljust(6, "0") if dot else head


def interval(text: str) -> str | None:
    """An interval as PostgreSQL writes it: `1 day 02:30:00`; durations too.

    With a sign on each part where one is negative: a session whose `IntervalStyle` is
    `sql_standard` takes the first for all that have none.
    """
    duration = parse_duration(text)
    if duration is not None:
        seconds = Decimal(duration.seconds) + Decimal(duration.microseconds) / 1_000_000
        return f"{duration.days} days {seconds.normalize():f} seconds"
    words = " ".join(text.split())
    if not words or not _INTERVAL.fullmatch(words):
        return None
    units = [unit.removesuffix("s") for unit in re.findall("[a-z]+", words)]
    twice = len(set(units)) < len(units) or (":" in words and _OF_CLOCK & {*units})
    if twice:
        return None
    return _UNSIGNED.sub("+", words) if "-" in words else words


def uuid(text: str) -> UUID | None:
    if not _UUID.fullmatch(text):
        return None
    from uuid import UUID  # slow to import, and seldom needed

    return UUID(text)


def binary(text: str) -> str | None:
    """Bytes in PostgreSQL's hexadecimal form."""
    return text if _BYTES.fullmatch(text) else None


def address(text: str) -> str | None:
    """An address of a host, with or without a mask."""
    try:
        return None if "%" in text else str(ip_interface(text)) and text
    except ValueError:
        return None


def network(text: str) -> str | None:
    """A network: no bits to the right of its mask."""
    try:
        return None if "%" in text else str(ip_network(text)) and text
    except ValueError:
        return None


_RANGE = re.compile(
    r"(?P<opening>[\[(])(?P<lower>[^,\[\]()]*),(?P<upper>[^,\[\]()]*)(?P<closing>[\])])"
)
_HIGHEST = {
    "int4range": Decimal((1 << 31) - 1),
    "int8range": Decimal((1 << 63) - 1),
    "daterange": Decimal(date.max.toordinal()),
}
"""The last value of each type whose values have a next one."""


def is_range(text: str, sql: str) -> bool:
    """Whether `text` is a range such as `[1,10)` of the range type `sql`."""
    if text == "empty":
        return True
    match = _RANGE.fullmatch(text)
    if match is None:
        return False
    lower, upper = _bounds(match, sql)
    if isinstance(lower, bool) or isinstance(upper, bool):
        return lower is not False and upper is not False
    return lower <= upper


def is_range_too_high(text: str, sql: str) -> bool:
    """Whether the range has a bound with no next value, which it would need.

    PostgreSQL keeps whole numbers and dates as `[lower,upper)`: `[1,9]` becomes
    `[1,10)`, and `(1,9)` becomes `[2,9)`. An empty range has no bounds.
    """
    match = _RANGE.fullmatch(text)
    if match is None or sql not in _HIGHEST:
        return False
    lower, upper = _bounds(match, sql)
    inclusive = match["opening"] + match["closing"] == "[]"
    if lower == upper and not isinstance(lower, bool) and not inclusive:
        return False
    moved = (lower, match["opening"] == "("), (upper, match["closing"] == "]")
    return any(bound == _HIGHEST[sql] for bound, moves in moved if moves)


def _bounds(match: re.Match[str], sql: str) -> tuple[Decimal | bool, Decimal | bool]:
    return _bound(match["lower"], sql), _bound(match["upper"], sql)


def _bound(written: str, sql: str) -> Decimal | bool:
    """A bound as a number to compare; True where open, False where it is none."""
    if not written:
        return True
    quoted = re.fullmatch(' *"([^"]*)" *', written)
    text = quoted[1] if quoted else written.strip(" ")
    if sql == "daterange":
        whole_day = day(text)
        return False if whole_day is None else Decimal(whole_day.toordinal())
    if sql == "tstzrange":
        moment = instant(text)
        return False if moment is None else Decimal(repr(moment.timestamp()))
    if sql == "numrange":
        number = numeric(text, None, 0)
        return False if number is None else number
    whole = integer(text, "integer" if sql == "int4range" else "bigint")
    return False if whole is None else Decimal(whole)
