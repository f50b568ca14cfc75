"""Forms of quantities: whole numbers, fractions and durations.

Stage: schema.
"""

from __future__ import annotations

import re
from datetime import timedelta

from jobgen.schema.diagnostics import Gatherer, shown
from jobgen.schema.digits import advice, in_decimal
from jobgen.schema.durations import (
    DURATION,
    LONGEST,
    is_too_long,
    meant_by,
    parse_duration,
)
from jobgen.schema.forms import Form
from jobgen.schema.kinds import expected
from jobgen.schema.nodes import Node, Scalar

# No leading zero: YAML 1.1 reads 010 as 8.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def integer(lowest: int, highest: int, *, such_as: int = 10) -> Form[int]:
    """A whole number in decimal digits, without quotes."""
    example = f"such as {max(lowest, such_as)}"

    def read(node: Node, found: Gatherer) -> int | None:
        if not isinstance(node, Scalar) or node.empty:
            expected("a whole number", node, found, f"write one, {example}")
            return None
        if not (node.plain and _INTEGER.fullmatch(node.text)):
            message = f"{shown(node.text)} is not a whole number"
            help = _digits(node) or f"write it in decimal digits, {example}"
            found.error("wrong-type", node.span, message, help)
            return None
        value = int(node.text)
        if lowest <= value <= highest:
            return value
        found.error(
            "out-of-range",
            node.span,
            f"{value} is out of range",
            f"write a number from {lowest} to {highest}",
        )
        return None

    return Form(read, {"type": "integer", "minimum": lowest, "maximum": highest})


def _digits(node: Scalar) -> str | None:
    """What to write instead of a number that is spelt as elsewhere."""
    if _INTEGER.fullmatch(node.text):
        return "remove the quotes"
    decimal = re.sub(r"\.0+$", "", in_decimal(node.text) or "")
    return advice(node.text, decimal) if _INTEGER.fullmatch(decimal) else None


def _read_fraction(node: Node, found: Gatherer) -> float | None:
    if not isinstance(node, Scalar) or node.empty:
        expected("a number", node, found, "write one such as 0.2")
        return None
    if node.plain and _NUMBER.fullmatch(node.text) and float(node.text) <= 1:
        return float(node.text)
    message = f"{shown(node.text)} is not a number from 0 to 1"
    found.error("out-of-range", node.span, message, "write a number such as 0.2")
    return None


FRACTION = Form(_read_fraction, {"type": "number", "minimum": 0, "maximum": 1})


def duration(*, zero: bool = False) -> Form[timedelta]:
    """A duration, above zero unless `zero`."""

    def read(node: Node, found: Gatherer) -> timedelta | None:
        if not isinstance(node, Scalar) or node.empty:
            expected("a duration", node, found, "write one such as 30s or 1h30m")
            return None
        value = parse_duration(node.text)
        if is_too_long(node.text):
            message = f"{shown(node.text)} is longer than a century"
            help = f"write {LONGEST.days}d or less"
            found.error("bad-duration", node.span, message, help)
        elif value is None:
            message = f"{shown(node.text)} is not a duration"
            found.error("bad-duration", node.span, message, _duration_help(node.text))
        elif not value and not zero:
            message = "this duration must be longer than 0"
            found.error("bad-duration", node.span, message, "write one such as 30s")
        else:
            return value
        return None

    some = "(?=.)" if zero else "(?=.*[1-9])"
    pattern = f"^{some}{DURATION.pattern}$"
    return Form(read, {"type": "string", "pattern": pattern, "examples": ["30s"]})


def _duration_help(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,9}", text):
        return f"add a unit: '{text}s' for seconds, '{text}m' for minutes"
    meant = meant_by(text)
    if meant is not None and parse_duration(meant) is not None:
        return f"write {meant}"
    return "write one such as 500ms, 30s, 5m, 1h30m or 7d"
