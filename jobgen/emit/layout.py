"""The few constructs of Python whose layout depends on their width.

Stage: emit. Everything else in a template cannot wrap. What fits on a line is
on one; what does not is exploded with a trailing comma, which `ruff format`
leaves alone. Each function returns lines without the indentation of the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobgen.emit.literals import WIDTH


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


def assign(start: str, value: str) -> str:
    """`start = value` for a value that cannot be broken itself."""
    flat = f"{start} = {value}"
    if len(flat) <= WIDTH or 4 + len(value) > WIDTH:
        return flat
    return f"{start} = (\n    {value}\n)"


def annotated(indent: int, name: str, union: Sequence[str], default: str = "") -> str:
    """`name: A | B`, with ` = default` where there is one."""
    end = f" = {default}" if default else ""
    annotation = " | ".join(union)
    flat = f"{name}: {annotation}{end}"
    if indent + len(flat) <= WIDTH:
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
