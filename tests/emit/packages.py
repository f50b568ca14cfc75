"""Packages that are hard to get right, for the linter and the type checkers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TypeAlias

from jobgen.emit import emit
from jobgen.schema.model import Column, Enum, Job, Schema
from tests.emit.schemas import (
    DEFAULTS,
    HEAD,
    SOURCE,
    every_type,
    files,
    load,
    one_job,
)

Files: TypeAlias = dict[str, str]

DOC = (
    'Long “doc” with "quotes", \'\'\'single\'\'\' and """triple""" \\ backslash \\n'
    ' $$ {{ x }} {% if %} */ -- 🙂 – and so many words that it does not fit "in one"'
)

HIDING = """
    datetime list int str float bool bytes date time timedelta type self cls
    dataclass class import job conn new row values sync fetch run none default
    range uuid field print match object super order select table user position n
    p1 next labels any final datetime_
"""
"""Columns that hide a name of Python's or are a word of SQL's."""

CLASSES = """
    AsyncConnection Any Backoff Connection Decimal Default Final Handler
    Handlers Input Iterable IPv4Address JobType JsonValue Labels LiteralString
    Notifications Package Policy Producer Range Sequence Shape Statements UUID
"""
"""Names that a generated module imports."""

JOBS = """
    bind list datetime print sync values typing schema job job2 job10 job1 job01
    class x x1 y2 psycopg jobgen runtime import
"""
"""Names of modules that meet others, or sort in a way of their own."""


def packages() -> dict[str, Files]:
    return {
        "every_type": files(every_type()),
        "empty": files(one_job({})),
        "elsewhere": files(one_job({}, worker="elsewhere")),
        "settings": files(
            one_job(
                {"x": "int"},
                id="uuid",
                priority=True,
                notify="never",
                on_success="delete",
                timeout="1500ms",
            )
        ),
        "long": files(_long()),
        "hiding": files(_hiding()),
        "meeting": emit(_meeting(), source=SOURCE),
        "jobs": files(
            HEAD + "jobs:\n" + "".join(_entry(name) for name in JOBS.split())
        ),
    }


def _entry(name: str, columns: object = None, **settings: object) -> str:
    job = {"columns": columns or {"a": "text"}, **settings}
    return f"  {name}: {json.dumps(job, ensure_ascii=False)}\n"


def _forty(start: str) -> str:
    return (start + "_is_a_name_of_forty_bytes_and_not_one_more")[:40]


def _long() -> str:
    """Names of 40 bytes with every annotation that there is."""
    enum = _forty("enum")
    columns: dict[str, object] = {}
    for number, name in enumerate(DEFAULTS):
        for array in ("", "[]"):
            for kind in ("given", "null", "default", "both"):
                column: dict[str, object] = {
                    "type": (enum if name == "mood" else name) + array,
                    "nullable": kind in ("null", "both"),
                }
                if kind in ("default", "both"):
                    column["default_sql"] = "NULL"
                columns[_forty(f"c{number}{'s' if array else ''}_{kind}")] = column
    head = HEAD + f"enums: {{{enum}: [a, b]}}\njobs:\n"
    jobs = _entry(_forty("first"), columns, doc=DOC), _entry(_forty("second"))
    return head + "".join(jobs)


def _hiding() -> str:
    columns = {
        name: {
            "type": list(DEFAULTS)[number % len(DEFAULTS)],
            "nullable": number % 2 == 0,
            "doc": DOC,
        }
        for number, name in enumerate(HIDING.split())
    }
    return HEAD + "enums: {mood: [good]}\njobs:\n" + _entry("work", columns)


def _meeting() -> Schema:
    """Classes with the names of what their modules import.

    The names are given after loading, so that the checks have no say in it.
    """
    columns = {
        "a": {"type": "enum_0", "default": "a"},
        "b": "enum_1[]",
        "c": {"type": "uuid", "default_sql": "gen_random_uuid()"},
        "d": {"type": "inet", "nullable": True},
        "e": {"type": "numeric", "default": 1},
        "f": "jsonb",
        "g": "int4range",
    }
    numbers = range(len(CLASSES.split()))
    text = HEAD + "enums: {enum_0: [a], enum_1: [a]}\njobs:\n"
    text += "".join(
        _entry(f"job_{n}", columns, priority=n % 3 == 0, id=("uuid", "bigint")[n % 2])
        for n in numbers
    )
    schema = load(text)
    enums: dict[str, str] = {"enum_0": "StrEnum", "enum_1": "JsonValue"}
    return replace(
        schema,
        enums=tuple(_named(enum, enums[enum.name]) for enum in schema.enums),
        jobs=tuple(
            _renamed(job, name, enums)
            for job, name in zip(schema.jobs, CLASSES.split(), strict=True)
            if name not in enums.values()
        ),
    )


def _named(enum: Enum, class_name: str) -> Enum:
    return replace(enum, class_name=class_name)


def _renamed(job: Job, class_name: str, enums: dict[str, str]) -> Job:
    return replace(
        job,
        class_name=class_name,
        row_class_name=f"{class_name}Job",
        columns=tuple(_retyped(column, enums) for column in job.columns),
    )


def _retyped(column: Column, enums: dict[str, str]) -> Column:
    if column.type.enum is None:
        return column
    element = replace(column.type.element, python=enums[column.type.enum])
    return replace(column, type=replace(column.type, element=element))
