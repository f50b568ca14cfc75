"""Every type of a column: its values, how they are written, what comes back.

One `Kind` for each row of jobgen's table of types; a test proves that none is
missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_interface,
    ip_network,
)
from typing import Literal, TypeAlias, TypeGuard
from uuid import UUID

from hypothesis import strategies as st
from psycopg.types.range import Range

from tests.properties.json_classes import JsonObject
from tests.properties.texts import texts
from tests.unseen import Drawn

Values: TypeAlias = st.SearchStrategy[Drawn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`values` are what a producer may pass, and `bad` what must be refused;
    `loaded` is what a worker gets for one, of exactly one of `classes`; `written`
    is a `plain` value as YAML would have it."""

    sql: str
    values: Values
    classes: tuple[type, ...]
    bad: tuple[object, ...] = ()
    plain: Values | None = None  # those that a default may be, if not all
    written: Callable[[Drawn], object] = str
    loaded: Callable[[Drawn], Drawn] = lambda value: value
    expressions: tuple[str, ...] = ()
    indexable: bool = True

    @property
    def defaults(self) -> Values:
        return self.values if self.plain is None else self.plain


def _same(value: Drawn) -> Drawn:
    return value


def _integers(sql: str, bits: int) -> Kind:
    half = 1 << (bits - 1)
    edges = st.sampled_from([-half, -half + 1, -1, 0, 1, half - 1])
    numbers = st.integers(-half, half - 1)
    return Kind(
        sql=sql,
        values=st.one_of(edges, numbers, st.booleans()),
        plain=st.one_of(edges, numbers),
        classes=(int,),
        bad=(half, -half - 1, 1 << 70),
        written=_same,
        loaded=int,
        expressions=("1 + 1", "length('abc')"),
    )


def _floats(sql: str, width: Literal[32, 64]) -> Kind:
    largest, smallest = (2.0**127, 2.0**-125) if width == 32 else (1.7e308, 2.3e-308)
    numbers = st.floats(smallest, largest, width=width, allow_subnormal=False)
    return Kind(
        sql=sql,
        values=st.one_of(st.floats(width=width), st.integers(-1000, 1000)),
        plain=st.one_of(
            st.sampled_from([0.0, float("nan"), float("inf"), -float("inf")]),
            numbers,
            numbers.map(lambda number: -number),
        ),
        classes=(float,),
        bad=(1e39, -1e300) if width == 32 else (),
        written=_same,
        loaded=float,
        expressions=("1", "0.5", "random() * 2"),
    )


def _numerics() -> Kind:
    finite = st.decimals(allow_nan=False, allow_infinity=False)
    return Kind(
        sql="numeric",
        values=st.one_of(finite, st.decimals().filter(_is_quiet)),
        plain=finite.filter(_is_short).map(lambda number: Decimal(f"{number:f}")),
        classes=(Decimal,),
        written=_digits,
        expressions=("1", "0.1::numeric"),
    )


def _scaled(sql: str, precision: int, scale: int) -> Kind:
    highest = 10**precision - 1
    finite = st.integers(-highest, highest).map(
        lambda number: Decimal(number).scaleb(-scale)
    )
    return Kind(
        sql=sql,
        values=st.one_of(finite, st.just(Decimal("NaN"))),
        plain=finite,
        classes=(Decimal,),
        bad=(Decimal(10) ** (precision - scale), Decimal("Infinity")),
        written=_digits,
        expressions=("1", "0.1::numeric"),
    )


def _digits(number: Decimal) -> str:
    return f"{number:f}"


def _is_quiet(number: Decimal) -> bool:
    """PostgreSQL has one NaN, without a sign."""
    return not number.is_nan() or str(number) == "NaN"


def _is_short(number: Decimal) -> bool:
    return len(f"{number:f}") < 900


def _strings(sql: str, longest: int | None = None) -> Kind:
    given = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    values = st.one_of(given, texts())
    return Kind(
        sql=sql,
        values=values.map(lambda text: text[:longest]),
        plain=texts(longest or 400),
        classes=(str,),
        bad=("nul \0", *(() if longest is None else ("x" * (longest + 1),))),
        expressions=("lower('X')", "'it''s'"),
        indexable=False,
    )


_ZONES = st.one_of(
    st.just(UTC),
    st.integers(-15 * 60, 15 * 60).map(lambda n: timezone(timedelta(minutes=n))),
    st.just(timezone(timedelta(hours=-12, minutes=-30))),
)
_NAIVE = datetime(2026, 1, 1, 12)
_AWARE = datetime(2026, 1, 1, 12, tzinfo=UTC)
_TOO_EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
_TOO_LATE = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))
_INSTANTS = st.datetimes(
    datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59, 999999), timezones=_ZONES
)
_DATES = st.dates()
_TIMES = st.times()


def _clock(value: timedelta) -> str:
    """An interval as PostgreSQL's units."""
    return (
        f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
    )


def _addresses() -> Values:
    plain = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
    masked = plain.flatmap(
        lambda ip: st.integers(0, ip.max_prefixlen).map(
            lambda bits: ip_interface((ip, bits))
        )
    )
    return st.one_of(plain, masked)


def _address(value: Drawn) -> Drawn:
    """An interface with a full mask is an address."""
    if isinstance(value, IPv4Interface | IPv6Interface):
        return value if value.network.num_addresses > 1 else value.ip
    return value


_NETWORKS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).flatmap(
    lambda ip: st.integers(0, ip.max_prefixlen).map(
        lambda bits: ip_network((ip, bits), strict=False)
    )
)

_TEXT_IN_JSON = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
_JSON_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**80), 10**80),
    st.floats(-1e15, 1e15, allow_subnormal=False),
    _TEXT_IN_JSON,
    texts(),
)


def _deep(depth: int, leaf: object) -> object:
    value = leaf
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


def _nested(leaves: Values, keys: Values) -> Values:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=8,
    )


_JSON = st.one_of(
    _nested(_JSON_LEAVES, _TEXT_IN_JSON),
    st.builds(_deep, st.integers(1, 300), st.sampled_from([None, 1, "x"])),
)
_JSON_TEXTS = texts(40)
_PLAIN_JSON = _nested(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda n: round(n, 3)),
        _JSON_TEXTS,
    ),
    _JSON_TEXTS,
)


def _jsons(sql: str) -> Kind:
    return Kind(
        sql=sql,
        values=_JSON,
        plain=_PLAIN_JSON,
        classes=(type(None), bool, int, float, str, list, dict),
        bad=(float("nan"), {"a": [float("-inf")]}, {1, 2}, b"bytes")
        + (("nul \0",) if sql == "jsonb" else ()),
        written=_same,
        expressions=(f"""'{{"a": 1}}'::{sql}""", f"to_{sql}(1)"),
        indexable=False,
    )


def _ranges(sql: str, bounds: Values, step: Drawn, bad: tuple[object, ...]) -> Kind:
    """Ranges whose values have a next one, after `step`, are kept as `[)`."""
    pairs = st.tuples(st.none() | bounds, st.none() | bounds)
    values = st.one_of(
        st.builds(_range, pairs, st.sampled_from(["[]", "[)", "(]", "()"])),
        st.just(Range[Drawn](empty=True)),
    )
    return Kind(
        sql=sql,
        values=values,
        classes=(Range,),
        bad=bad,
        written=_range_text,
        loaded=lambda value: _canonical(value, step),
        expressions=("'empty'",),
    )


def _range(pair: tuple[Drawn, Drawn], signs: str) -> Range[Drawn]:
    lower, upper = pair
    if lower is not None and upper is not None and upper < lower:
        lower, upper = upper, lower
    return Range(lower, upper, signs)


def _range_text(value: Range[Drawn]) -> str:
    if value.isempty:
        return "empty"
    lower = "" if value.lower is None else _bound_text(value.lower)
    upper = "" if value.upper is None else _bound_text(value.upper)
    return f"{value.bounds[0]}{lower},{upper}{value.bounds[1]}"


def _bound_text(bound: object) -> str:
    return f"{bound:f}" if isinstance(bound, Decimal) else str(bound)


def _canonical(value: Range[Drawn], step: Drawn) -> Range[Drawn]:
    if value.isempty:
        return value
    lower, upper = value.lower, value.upper
    opening, closing = value.bounds[0], value.bounds[1]
    if step is not None:
        if lower is not None and opening == "(":
            lower, opening = lower + step, "["
        if upper is not None and closing == "]":
            upper, closing = upper + step, ")"
    opening = "(" if lower is None else opening
    closing = ")" if upper is None else closing
    if lower is not None and upper is not None:
        empty = lower == upper and opening + closing != "[]"
        if lower > upper or empty:
            return Range(empty=True)
    return Range(lower, upper, opening + closing)


def _range_kinds() -> tuple[Kind, ...]:
    day = timedelta(days=1)
    decimals = st.decimals(-(10**20), 10**20, places=3)
    halves = {sql: 1 << bits for sql, bits in (("int4range", 31), ("int8range", 63))}
    whole = (
        _ranges(
            sql,
            st.integers(-half, half - 2),
            1,
            (Range(2, 1), Range(1, half), Range(1, half - 1, "[]")),
        )
        for sql, half in halves.items()
    )
    return (
        *whole,
        _ranges("numrange", decimals, None, (Range(Decimal(2), Decimal(1)),)),
        _ranges(
            "daterange",
            st.dates(max_value=date(9999, 12, 30)),
            day,
            (
                Range(_NAIVE, None),
                Range(date(2026, 1, 2), date(2026, 1, 1)),
                Range(None, date.max, "(]"),
                Range(date.max, None, "()"),
            ),
        ),
        _ranges(
            "tstzrange", _INSTANTS, None, (Range(_NAIVE, None), Range(None, _NAIVE))
        ),
    )


KINDS: Mapping[str, Kind] = {
    kind.sql: kind
    for kind in (
        _integers("smallint", 16),
        _integers("integer", 32),
        _integers("bigint", 64),
        _floats("real", 32),
        _floats("double precision", 64),
        _numerics(),
        _scaled("numeric(12,3)", 12, 3),
        _scaled("numeric(5)", 5, 0),
        Kind(
            sql="boolean",
            values=st.booleans(),
            classes=(bool,),
            written=_same,
            expressions=("1 > 2", "NOT true"),
        ),
        _strings("text"),
        _strings("varchar"),
        _strings("varchar(7)", 7),
        _strings("citext"),
        Kind(
            sql="bytea",
            values=st.binary(),
            classes=(bytes,),
            written=lambda value: "\\x" + value.hex(),
            expressions=("'\\x00'",),
            indexable=False,
        ),
        Kind(
            sql="date",
            values=_DATES,
            classes=(date,),
            bad=(_NAIVE, _AWARE),
            expressions=("CURRENT_DATE",),
        ),
        Kind(
            sql="time",
            values=_TIMES,
            classes=(time,),
            bad=(time(1, tzinfo=UTC),),
            expressions=("LOCALTIME",),
        ),
        Kind(
            sql="timestamptz",
            values=_INSTANTS,
            classes=(datetime,),
            bad=(_NAIVE, _TOO_EARLY, _TOO_LATE),
            expressions=("now()", "now() + interval '1 day'", "CURRENT_TIMESTAMP"),
        ),
        Kind(
            sql="timestamp",
            values=st.datetimes(),
            classes=(datetime,),
            bad=(_AWARE,),
            expressions=("LOCALTIMESTAMP",),
        ),
        Kind(
            sql="interval",
            values=st.timedeltas(),
            plain=st.timedeltas(timedelta(days=-999_999), timedelta(days=999_999)),
            classes=(timedelta,),
            written=_clock,
            expressions=("interval '1 hour'", "now() - now()"),
        ),
        Kind(
            sql="uuid",
            values=st.uuids() | st.just(UUID(int=0)),
            classes=(UUID,),
            expressions=("gen_random_uuid()",),
        ),
        _jsons("json"),
        _jsons("jsonb"),
        Kind(
            sql="inet",
            values=_addresses(),
            classes=(IPv4Interface, IPv6Interface, IPv4Address, IPv6Address),
            loaded=_address,
            expressions=("inet '::1'",),
        ),
        Kind(
            sql="cidr",
            values=_NETWORKS,
            classes=(IPv4Network, IPv6Network),
            expressions=("cidr '10.0.0.0/8'",),
        ),
        *_range_kinds(),
    )
}


def array_of(kind: Kind) -> Kind:
    """The kind whose values are lists of those of `kind`."""
    return Kind(
        sql=kind.sql + "[]",
        values=st.lists(kind.values, max_size=4),
        plain=st.lists(kind.defaults.filter(_is_something), max_size=3),
        classes=(list,),
        bad=tuple([value] for value in kind.bad),
        written=lambda values: [kind.written(value) for value in values],
        loaded=lambda values: [kind.loaded(value) for value in values],
        expressions=("'{}'",),
        indexable=kind.indexable,
    )


def _is_something(value: object) -> bool:
    """A default that is an array has no NULL in it, nor JSON's null."""
    return value is not None


def enum_kind(name: str, labels: tuple[str, ...]) -> Kind:
    """The kind of an enum, whose values are labels."""
    return Kind(
        sql=name, values=st.sampled_from(labels), classes=(str,), expressions=()
    )


def key(value: object) -> object:
    """What is equal for values that are the same: NaN is, and 1 is not True."""
    if is_list(value):
        return [key(item) for item in value]
    if is_mapping(value):
        return {name: key(item) for name, item in value.items()}
    if isinstance(value, JsonObject):
        return "object", key(value.value)
    if _is_range(value):
        return "range", value.isempty, value.lower, value.upper, value.bounds
    return type(value), "NaN" if value != value else value


def is_list(value: object) -> TypeGuard[list[Drawn]]:
    return isinstance(value, list)


def is_mapping(value: object) -> TypeGuard[dict[str, Drawn]]:
    return isinstance(value, dict)


def _is_range(value: object) -> TypeGuard[Range[Drawn]]:
    return isinstance(value, Range)
