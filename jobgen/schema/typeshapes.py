"""What the type of a column looks like, for the JSON Schema of the grammar.

Stage: schema. The names are those that `typenames` reads, and the enums of the
file, which a pattern can only know by the shape of their names. Which modifiers
and enums there are is the loader's to judge.
"""

from __future__ import annotations

from collections.abc import Iterable

from jobgen.schema.forms import Shape
from jobgen.schema.names import NAME
from jobgen.schema.typenames import ALIASES, REFUSED, TYPE_NAMES

_NUMBERS = r" *\( *[0-9]+ *(?:, *[0-9]+ *)?\)"
_WITH_NUMBERS = {"numeric", "character varying"}


def _pattern(end: str) -> str:
    of_words = [name for name in TYPE_NAMES if " " in name]
    with_numbers = [n for n in TYPE_NAMES if ALIASES.get(n, n) in _WITH_NUMBERS]
    refused = rf"(?!(?:{_any(REFUSED)}) *(?:[(\[?]|$))"
    named = f"(?:{_any(of_words)}|{NAME.pattern})"
    return (
        f"^ *{refused}(?:(?:{_any(with_numbers)}){_NUMBERS}|{named})"
        rf"(?: *\[\])? *{end}$"
    )


def _any(names: Iterable[str]) -> str:
    return "|".join(name.replace(" ", " +") for name in sorted(names))


TYPE: Shape = {
    "type": "string",
    "pattern": _pattern(""),
    "examples": sorted(TYPE_NAMES),
}

SHORT_FORM: Shape = {**TYPE, "pattern": _pattern(r"\??")}
"""A type with nothing else to say of the column; with `?` it is nullable."""
