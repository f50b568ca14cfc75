"""The few constructs of Python whose layout depends on their width.

Stage: emit. Everything else in a template cannot wrap. What fits on a line is
on one; what does not is exploded with a trailing comma, which `ruff format`
leaves alone. Each function returns lines without the indentation of the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jobgen.emit.literals import WIDTH

# Listed, because Python's own tables differ from version to version.
_WIDE = (
    "[\u1100-\u115e\u2e80-\u302f\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3"
    "\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\U0001f300-\U0001f320"
    "\U0001f330-\U0001f335\U0001f400-\U0001f43e\U0001f440-\U0001f4fc"
    "\U0001f5fb-\U0001f64f\U0001f680-\U0001f6c5\U0001f90c-\U0001f9ff"
    "\U00020000-\U0003fffd]"
)
"""Characters of two columns: those of East Asian scripts, and emoji."""

_NO_WIDTH = "[\u0300-\u036f]"
"""Accents that join the character before them."""


def call(
    indent: int, start: str, arguments: Sequence[str], end: str, *, room: int = 0
) -> str:
    """`start` + arguments + `end`, such as `x = f(`, `a, b`, `)`."""
    flat = start + ", ".join(arguments) + end
    if indent + len(flat) + room <= WIDTH:
        return flat
    return exploded(indent, start, arguments, end)


def exploded(indent: int, start: str, items: Sequence[str], end: str) -> str:
    """One item a line, each with a comma (which a lone index must not have)."""
    margin = " " * indent
    comma = "" if end.startswith("]") and len(items) == 1 else ","
    lines = [start, *(f"{margin}    {item}{comma}" for item in items), margin + end]
    return "\n".join(lines)


def items(indent: int, start: str, values: Sequence[str], end: str) -> str:
    """A tuple of values of which each ends with its comma."""
    flat = start + "".join(values) + end
    if len(values) == 1 and "\n" not in flat and indent + len(flat) <= WIDTH:
        return flat  # a lone comma makes a tuple, and explodes nothing
    margin = " " * indent
    lines = [start, *(f"{margin}    {value}" for value in values), margin + end]
    return "\n".join(lines)


def assign(start: str, value: str, *, indent: int = 0) -> str:
    """`start = value` for a value that cannot be broken itself.

    Where it fits on no line, `ruff format` leaves it where it is, unless it could
    break an annotation with brackets instead.
    """
    flat, margin = f"{start} = {value}", " " * indent
    helps = indent + 4 + _width(value) <= WIDTH or "[" in start
    if indent + _width(flat) <= WIDTH or not helps:
        return flat
    return f"{start} = (\n{margin}    {value}\n{margin})"


def _width(text: str) -> int:
    """The columns that `text` takes up."""
    if text.isascii():
        return len(text)
    return len(text) + len(re.findall(_WIDE, text)) - len(re.findall(_NO_WIDTH, text))


def annotated(
    indent: int, name: str, union: Sequence[str], default: str = "", *, room: int = 0
) -> str:
    """`name: A | B`, with ` = default` where there is one, and `room` behind it."""
    end = f" = {default}" if default else ""
    annotation = " | ".join(union)
    flat = f"{name}: {annotation}{end}"
    if indent + len(flat) + room <= WIDTH:
        return flat
    margin = " " * indent
    head = f"{name}: {annotation} = ("
    if default and indent + len(head) <= WIDTH:
        return f"{head}\n{margin}    {default}\n{margin})"
    if len(union) == 1:
        outer, bracket, inner = annotation.partition("[")
        if not bracket:
            return flat
        return f"{name}: {outer}[\n{margin}    {inner[:-1]}\n{margin}]{end}"
    if indent + 4 + len(annotation) > WIDTH:
        annotation = f"\n{margin}    | ".join(union)
    return f"{name}: (\n{margin}    {annotation}\n{margin}){end}"


def optional(indent: int, name: str, value: str, read: Sequence[str]) -> str:
    """`name=None if value is None else …,` as an argument; `read` as in `call`."""
    start, *arguments, end = read
    flat = f"{name}=None if {value} is None else {start}{', '.join(arguments)}{end},"
    if indent + len(flat) <= WIDTH:
        return flat
    inner = " " * (indent + 4)
    short = f"None if {value} is None else {start}{', '.join(arguments)}{end}"
    if indent + 4 + len(short) <= WIDTH:
        body = inner + short
    else:
        last = call(indent + 4, f"else {start}", arguments, end)
        body = f"{inner}None\n{inner}if {value} is None\n{inner}{last}"
    return f"{name}=(\n{body}\n{' ' * indent}),"


def subscripted(start: str, types: Sequence[str], end: str) -> str:
    """`JOB: Final[` + `JobType[…]` + `] = JobType(` at the top of a module."""
    name, *parameters = types
    flat = f"{start}{name}[{', '.join(parameters)}]{end}"
    if len(flat) <= WIDTH:
        return flat
    inner = exploded(4, f"{name}[", parameters, "]")
    return f"{start}\n    {inner}\n{end}"
