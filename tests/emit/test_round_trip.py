"""Values of every type go into a row and come back as what the annotation says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from importlib import import_module
from ipaddress import IPv4Network, IPv6Network, ip_interface
from itertools import product
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import TupleRow
from psycopg.types.range import Range

from jobgen.runtime import DEFAULT
from tests.emit.schemas import DEFAULTS, every_type, files, write
from tests.unseen import Drawn, Unseen

WORKER = uuid4()

VALUES: dict[str, list[object]] = {
    "smallint": [-32768, 32767, True],
    "integer": [-(2**31), 2**31 - 1],
    "bigint": [-(2**63), 0, 2**63 - 1],
    "real": [0.5, float("inf"), 3],
    "double precision": [1e300, -0.0, 2],
    "numeric": [Decimal("1.50"), Decimal("-1e-20"), Decimal("Infinity")],
    "numeric(10,2)": [Decimal("12.25"), Decimal("-0.01")],
    "boolean": [True, False],
    "text": ["", 'it\'s "quoted" \\ {a,b} NULL 🙂\n\t%s $1', "NULL"],
    "varchar": ["x"],
    "varchar(5)": ["abcde", ""],
    "citext": ["Mixed", ""],
    "bytea": [b"", bytes(range(256))],
    "date": [date.min, date(9999, 12, 31)],
    "time": [time.min, time(23, 59, 59, 999999)],
    "timestamptz": [
        datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
    "timestamp": [datetime(2026, 1, 31, 12, 0, 0, 999999)],
    "interval": [timedelta(days=-1, microseconds=1), timedelta(0)],
    "uuid": [uuid4(), UUID(int=0)],
    "json": [None, {"a": [1, 2.5, None, "\\\"'{}"]}, [], "", True],
    "jsonb": [None, {"ä": {"🙂": []}}, 2**70, "x,y"],
    "inet": [
        ip_interface("10.1.2.3/8"),
        ip_interface("192.0.2.1").ip,
        ip_interface("::1").ip,
    ],
    "cidr": [IPv4Network("10.0.0.0/8"), IPv6Network("::/0")],
    "mood": ["good", "so-so", 'it\'s "bad", {no}'],
    "int4range": [Range(1, 10, "[)"), Range(empty=True), Range(None, 5, "()")],
    "int8range": [Range(-(2**63), 2**62, "[)"), Range(None, None, "()")],
    "numrange": [Range(Decimal("1.5"), Decimal("2.5"), "(]")],
    "daterange": [Range(date(2026, 1, 1), date(2026, 2, 1), "[)")],
    "tstzrange": [
        Range(datetime(2026, 1, 1, tzinfo=UTC), None, "[)"),
        Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), "[]"),
    ],
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unseen]:
    write(files(every_type()), tmp_path / "round_trip")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield import_module("round_trip")
    for name in [name for name in sys.modules if name.startswith("round_trip")]:
        del sys.modules[name]


@pytest.fixture
def conn(database: str, package: Unseen) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(database) as conn:
        conn.execute(package.SCHEMA_SQL)
        yield conn


def member(package: Unseen, type_: str, value: object) -> object:
    return package.Mood(value) if type_ == "mood" else value


def news(package: Unseen) -> list[Unseen]:
    """Jobs that together carry every value in every kind of column."""
    found: list[Unseen] = []
    for turn in range(max(map(len, VALUES.values()))):
        fields: dict[str, object] = {}
        for number, type_ in enumerate(DEFAULTS):
            values = [member(package, type_, each) for each in VALUES[type_]]
            one = values[turn % len(values)]
            many = [b"", b"ascii"] if type_ == "bytea" else values[: turn + 1]
            fields[f"one{number}_given"], fields[f"many{number}_given"] = one, many
            if turn % 2:
                fields[f"one{number}_null"], fields[f"many{number}_null"] = one, many
                fields[f"one{number}_both"], fields[f"many{number}_both"] = None, None
            if turn % 3 == 1:
                fields[f"one{number}_default"] = one
                fields[f"many{number}_default"] = []
        fields["run_at"] = datetime(2026, 1, 1 + turn, tzinfo=UTC)
        found.append(package.Everything(**fields))
    return found


def kinds(value: Drawn) -> str:
    """The types in a value; a number is what its column makes of it."""
    name = type(value).__name__
    if name == "list":
        return f"[{', '.join(map(kinds, value))}]"
    return "number" if name in ("bool", "int", "float") else name


def check(jobs: list[Unseen], rows: list[Unseen]) -> None:
    """Equal values, of the types that the annotations name."""
    assert len(jobs) == len(rows)
    for job, row in zip(jobs, rows, strict=True):
        for name in job.__slots__:
            given, found = getattr(job, name), getattr(row, name)
            if given is not DEFAULT:
                assert (name, found, kinds(found)) == (name, given, kinds(given))


@pytest.mark.parametrize("way", ["enqueue", "enqueue_many", "enqueue_copy"])
def test_every_value_comes_back(
    conn: psycopg.Connection[TupleRow], package: Unseen, way: str
) -> None:
    """One by one, in bulk, and by COPY."""
    jobs, module = news(package), package.everything
    if way == "enqueue":
        ids = [module.enqueue(conn, job) for job in jobs]
    else:
        ids = getattr(module, way)(conn, jobs)
    rows = module.fetch_many(conn, WORKER, 100)
    check(jobs, rows)
    assert ids in ([row.id for row in rows], len(rows))


@pytest.mark.parametrize("way", ["enqueue", "enqueue_many", "enqueue_copy"])
def test_all_bytes_come_back_from_an_array(
    conn: psycopg.Connection[TupleRow], package: Unseen, way: str
) -> None:
    """Each of the 256, on each way in."""
    good = news(package)[0]
    number = list(DEFAULTS).index("bytea")
    every = [bytes(range(256)), b""]
    job = replace(good, **{f"many{number}_given": every})
    getattr(package.everything, way)(conn, job if way == "enqueue" else [job])
    row = package.everything.fetch(conn, WORKER)
    assert getattr(row, f"many{number}_given") == every


def test_a_default_is_the_server_s(
    conn: psycopg.Connection[TupleRow], package: Unseen
) -> None:
    """Three ways to leave a column out give three times the same row."""
    job, module = news(package)[0], package.everything
    module.enqueue(conn, job)
    module.enqueue_many(conn, [job])
    module.enqueue_copy(conn, [job])
    rows = module.fetch_many(conn, WORKER, 100)
    seen = [
        [getattr(row, name) for name in job.__slots__ if name != "run_at"]
        for row in rows
    ]
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]
    number = list(DEFAULTS).index("varchar(5)")
    assert getattr(rows[0], f"one{number}_default") == "abc"
    assert getattr(rows[0], f"many{number}_both") == ["abc"]


REFUSED: dict[str, object] = {
    "smallint": 70000,
    "integer": 2**40,
    "bigint": 2**63,
    "real": 1e39,
    "numeric(10,2)": Decimal(10) ** 9,
    "varchar(5)": "abcdef",
    "text": "nul \0",
    "date": datetime(2026, 1, 1),
    "timestamptz": datetime(2026, 1, 1),
    "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    "time": time(1, tzinfo=UTC),
    "jsonb": float("nan"),
    "tstzrange": Range(datetime(2026, 1, 1), None),
}


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


UNREADABLE: dict[str, list[object]] = {
    "timestamptz": [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
    ],
    "daterange": [Range(None, date.max, "(]"), Range(date.max, None, "()")],
    "jsonb": [_nested(100_000)],
}


@pytest.mark.parametrize("way", ["enqueue", "enqueue_many", "enqueue_copy"])
def test_a_value_that_would_be_changed_is_refused(
    conn: psycopg.Connection[TupleRow], package: Unseen, way: str
) -> None:
    """Nothing is cut, rounded off the scale, or moved to another zone in silence."""
    good, enqueue = news(package)[0], getattr(package.everything, way)
    for (type_, value), kind in product(REFUSED.items(), ("one", "many")):
        name = f"{kind}{list(DEFAULTS).index(type_)}_given"
        job = replace(good, **{name: [value] if kind == "many" else value})
        with pytest.raises((ValueError, psycopg.DataError)), conn.transaction():
            enqueue(conn, job if way == "enqueue" else [job])


@pytest.mark.parametrize("way", ["enqueue", "enqueue_many", "enqueue_copy"])
def test_a_value_that_nobody_could_read_is_refused(
    conn: psycopg.Connection[TupleRow], package: Unseen, way: str
) -> None:
    """PostgreSQL would keep it, and the job fail when it is fetched."""
    good, enqueue = news(package)[0], getattr(package.everything, way)
    for type_, values in UNREADABLE.items():
        for value, kind in product(values, ("one", "many")):
            name = f"{kind}{list(DEFAULTS).index(type_)}_given"
            job = replace(good, **{name: [value] if kind == "many" else value})
            with pytest.raises(ValueError, match=name):
                enqueue(conn, job if way == "enqueue" else [job])
