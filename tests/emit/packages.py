"""Packages that are hard to get right, for the linter and the type checkers."""

from __future__ import annotations

import json
import re
from typing import TypeAlias

from jobgen.emit.typed_json import GENERATED
from tests.emit import users
from tests.emit.schemas import (
    DEFAULTS,
    HEAD,
    every_type,
    files,
    one_job,
)

Files: TypeAlias = dict[str, str]

JUST_TOO_LONG = "abc_" * 9 + "ab_a"
"""A job of 40 bytes whose handler would fit on a line but for the comma."""

LONG_LABELS = (
    "a label of more than forty bytes, but not by far",
    "a wide label beside its member 日本語日本語日本語日",
    "a narrow label beside its member " + "\u0301" * 15,
)
"""Labels that may not fit on the line of their member."""

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
    AsyncConnection Any Backoff ClassVar Connection Decimal Default Enum Exception
    Final Generic Handler Handlers InitVar Input Iterable IPv4Address IPv4Interface
    IPv4Network IPv6Address IPv6Interface IPv6Network JobType Labels Lease Literal
    LiteralString Notifications Object Package Policy Producer Protocol Range Self
    Sequence Shape Statements Type UUID Union ValueError
"""
"""Names that a generated module imports, that Python has, or that a type checker
treats in a way of its own."""

JOBS = """
    bind list datetime print sync values schema job job2 job10 job1 job01
    class x x1 y2 psycopg jobgen runtime import load_late type_checking homes typing
    importlib import_module getattr globals
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
        "long_schema": files(_long_schema()),
        "hiding": files(_hiding()),
        "meeting_jobs": files(_meeting_jobs()),
        "meeting_enums": files(_meeting_enums()),
        "typed_json": files(_typed_json()),
        "meeting_users": files(_meeting_users()),
        "jobs": files(
            HEAD + "jobs:\n" + "".join(_entry(name) for name in JOBS.split())
        ),
    }


def user_modules() -> Files:
    """The modules that the packages name, to lie beside them."""
    return {
        "users.py": users.NAMED,
        "app_users.py": users.aliases("users", GENERATED.split()),
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
    labels = json.dumps([*LONG_LABELS, "a", "b"], ensure_ascii=False)
    head = HEAD + f"enums: {{{enum}: {labels}}}\njobs:\n"
    jobs = _entry(_forty("first"), columns, doc=DOC), _entry(_forty("second"))
    return head + "".join(jobs) + _entry(JUST_TOO_LONG)


def _long_schema() -> str:
    """A table whose qualified name fits on no line."""
    postgres = f"postgres: {{schema: {_forty('shop')}}}\n"
    return HEAD + postgres + "jobs:\n" + _entry(_forty("first"))


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


def _meeting_jobs() -> str:
    """Jobs whose classes have the names of what their modules import."""
    columns = {
        "a": {"type": "str_enum", "default": "a"},
        "b": "json_value[]",
        "c": {"type": "uuid", "default_sql": "gen_random_uuid()"},
        "d": {"type": "inet", "nullable": True},
        "e": {"type": "numeric", "default": 1},
        "f": "jsonb",
        "g": "int4range",
    }
    jobs = (
        _entry(name, columns, priority=n % 3 == 0, id=("uuid", "bigint")[n % 2])
        for n, name in enumerate(map(_snake_case, CLASSES.split()))
    )
    enums = "enums: {str_enum: [a], json_value: [a]}\n"
    return HEAD + enums + "jobs:\n" + "".join(jobs)


def _meeting_enums() -> str:
    """The same for enums, beside values of the types that would hide them."""
    names = [*map(_snake_case, CLASSES.split()), "str_enum", "json_value"]
    columns: dict[str, object] = {f"c{n}": name for n, name in enumerate(names)}
    columns |= {f"t{n}": name for n, name in enumerate(DEFAULTS) if name != "mood"}
    enums = "".join(f"  {name}: [a]\n" for name in names)
    return HEAD + f"enums:\n{enums}jobs:\n" + _entry("work", columns, id="uuid")


def _typed_json() -> str:
    """Short and long names, from several roots, in every kind of column."""
    short = {"python": "users:Named"}
    inner = {
        "python": "users:Named.Inner",
        "decode": "users:inner",
        "encode": "users:dump",
    }
    path = f"users:{users.LONG_CLASS}"
    method = f"users:{users.LONG_METHOD}"
    long = {"python": path, "decode": method, "encode": "users:dump"}
    other = {"python": "app_users:Backoff"}
    plain = {"python": "builtins:str", "decode": "users:dump", "encode": "users:dump"}
    columns: dict[str, object] = {}
    for number, wiring in enumerate((short, inner, long, other, plain)):
        for name in (f"c{number}", _forty(f"c{number}")):
            column = {"type": "jsonb", **wiring}
            null = {**column, "nullable": True}
            columns[f"{name[:38]}_g"] = column
            columns[f"{name[:38]}_n"] = null
            columns[f"{name[:38]}_d"] = {**column, "default": 1}
            columns[f"{name[:38]}_b"] = {**null, "default": 1}
    there = _entry("there", {"a": columns["c0_b"]}, worker="elsewhere")
    return HEAD + "jobs:\n" + _entry("work", columns) + there


def _meeting_users() -> str:
    """Classes of the user's with every name that a generated module has."""
    columns: dict[str, object] = {
        f"c{number}": {"type": "jsonb", "python": f"app_users:{name}"}
        for number, name in enumerate(GENERATED.split())
    }
    columns["values"] = columns["new"] = columns["row"] = columns["c0"]
    columns |= {f"t{n}": name for n, name in enumerate(DEFAULTS) if name != "mood"}
    return HEAD + "jobs:\n" + _entry("work", columns)


def _snake_case(class_name: str) -> str:
    """A name from which jobgen makes the class; no job or enum may have it yet."""
    name = re.sub("(?<=.)(?=[A-Z])", "_", class_name).lower()
    return name + "_" if name in ("decimal", "handlers") else name
