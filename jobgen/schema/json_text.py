"""A YAML value → the text of the same JSON value.

Stage: schema. Only JSON's own words are anything but text: plain `true`, `false`,
`null` and JSON's numbers, digit for digit; `no`, `0x10` and `12:30` are texts. YAML's
`.nan` and `.inf` are numbers to whoever writes them, and JSON has none such.
"""

from __future__ import annotations

import json
import re

from jobgen.schema.diagnostics import Span
from jobgen.schema.nodes import Entry, Mapping, Node, Scalar, Sequence

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NO_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)|[+-]?\.(?:inf|Inf|INF)")


def json_text(node: Node) -> str | Span:
    """The JSON, or where a number stands that is too large to be read again, or none.

    The depth of `node` is bounded by `compose.MAX_DEPTH`, hence the recursion.
    """
    match node:
        case Scalar():
            return _scalar(node)
        case Sequence():
            return _joined("[", [json_text(item) for item in node.items], "]")
        case Mapping():
            return _joined("{", [_entry(entry) for entry in node.entries], "}")
        case _:
            return node.span


def _joined(opening: str, parts: list[str | Span], closing: str) -> str | Span:
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Span):
            return part
        texts.append(part)
    return opening + ", ".join(texts) + closing


def _entry(entry: Entry) -> str | Span:
    value = json_text(entry.value)
    return value if isinstance(value, Span) else f"{_quoted(entry.key.text)}: {value}"


def _scalar(node: Scalar) -> str | Span:
    if not node.plain:
        return _quoted(node.text)
    if node.text in ("true", "false", "null"):
        return node.text
    if node.text in ("", "~"):
        return "null"
    if _NUMBER.fullmatch(node.text):
        fits = len(node.text) <= 300 and abs(float(node.text)) <= 1e308
        return node.text if fits else node.span
    return node.span if _NO_NUMBER.fullmatch(node.text) else _quoted(node.text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
