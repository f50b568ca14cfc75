"""`python`, `decode` and `encode` of a JSON column → a `TypedJson`.

Stage: schema. Judges names only: whether they are there, and take and return
what they should, is for the type checkers, which see them used in generated code.
"""

from __future__ import annotations

import re
from keyword import iskeyword

from jobgen.schema.context import Context
from jobgen.schema.diagnostics import Span, listed, shown
from jobgen.schema.fields import Fields
from jobgen.schema.forms import Key
from jobgen.schema.grammar import Column as Keys
from jobgen.schema.model import ImportPath, TypedJson
from jobgen.schema.types import ColumnType, Family

_KEYS: tuple[Key[str], ...] = (Keys.PYTHON, Keys.DECODE, Keys.ENCODE)

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_DOTTED = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
_PATH = re.compile(f"({_DOTTED}):({_DOTTED})")
_WITHOUT_COLON = re.compile(rf"((?:{_IDENTIFIER}\.)*?{_IDENTIFIER})\.([A-Z]\w*.*)")
_GENERIC = frozenset({"dict", "frozenset", "list", "set", "tuple", "type"})
_LONGEST = 200
"""Characters of a path in which a colon is looked for, in the square of their number."""


def load_typed_json(
    fields: Fields, column_type: ColumnType | None, context: Context
) -> TypedJson | None:
    """What the column's keys name; None where they name nothing or are wrong."""
    given = [key for key in _KEYS if fields.span(key) is not None]
    paths = {key.name: _path(key, fields, context) for key in given}
    if column_type is not None:
        _check_type(given, column_type, fields, context)
    if Keys.PYTHON not in given and not fields.partial:
        _check_lone(given, fields, context)
    python = paths.get(Keys.PYTHON.name)
    if python is None:
        return None
    _check_class(python, fields, context)
    return TypedJson(
        python=python,
        decode=paths.get(Keys.DECODE.name) or python.member("from_json"),
        encode=paths.get(Keys.ENCODE.name) or python.member("to_json"),
    )


def _path(key: Key[str], fields: Fields, context: Context) -> ImportPath | None:
    text, span = fields.get(key), fields.span(key)
    if text is None or span is None:
        return None
    path = _PATH.fullmatch(text)
    if path is None:
        message = f"{shown(text)} names nothing that can be imported"
        context.found.error("bad-import", span, message, _with_colon(text))
        return None
    module, name = path.groups()
    _check_parts(module, name, span, context)
    return ImportPath(module=module, name=name)


def _with_colon(text: str) -> str:
    """What to write instead: the same with a colon, where that is all it lacks."""
    dotted = _WITHOUT_COLON.fullmatch(text) if len(text) <= _LONGEST else None
    better = f"{dotted[1]}:{dotted[2]}" if dotted else ""
    if _PATH.fullmatch(better):
        return f"did you mean '{better}'?"
    return "write module:name, as in app.mail:Attachment"


def _check_parts(module: str, name: str, span: Span, context: Context) -> None:
    for part in (*module.split("."), *name.split(".")):
        if iskeyword(part):
            message = f"'{part}' is a keyword of Python, and cannot be imported"
            context.found.error("bad-import", span, message, "use another name")
    for part in name.split("."):
        if part.startswith("_"):
            message = f"'{part}' is private to its module or class"
            context.found.error("bad-import", span, message, "use a public name")


def _check_class(python: ImportPath, fields: Fields, context: Context) -> None:
    span = fields.span(Keys.PYTHON)
    if span is not None and python.module == "builtins" and python.name in _GENERIC:
        message = f"'{python.name}' does not say what is in it, as type checkers want"
        help = "name a class of your own, or leave it out to get plain values"
        context.found.error("bad-import", span, message, help)


def _check_type(
    given: list[Key[str]], column_type: ColumnType, fields: Fields, context: Context
) -> None:
    is_json = column_type.element.family is Family.JSON
    if is_json and not column_type.array:
        return
    help = f"use {column_type.element.sql} for the whole list" if is_json else None
    for key in given[:1]:  # the others are there because of it
        span = fields.span(key)
        if span is not None:
            message = f"'{key.name}' needs a column of type json or jsonb"
            context.found.error(
                "python-needs-json", span, message, help or _without(given)
            )


def _without(keys: list[Key[str]]) -> str:
    return f"remove {listed(key.name for key in keys).replace(' or ', ' and ')}"


def _check_lone(given: list[Key[str]], fields: Fields, context: Context) -> None:
    for key in given[:1]:
        span = fields.span(key)
        if span is not None:
            message = f"'{key.name}' needs 'python'"
            context.found.error("missing-key", span, message, "add 'python:'")
