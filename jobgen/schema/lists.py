"""Forms of lists.

Stage: schema.
"""

from __future__ import annotations

import re
from typing import TypeVar

from jobgen.schema.diagnostics import Gatherer
from jobgen.schema.forms import Form, Shape
from jobgen.schema.kinds import expected, is_null
from jobgen.schema.nodes import Node, Scalar, Sequence

T = TypeVar("T")


def list_of(form: Form[T]) -> Form[tuple[T, ...]]:
    def read(node: Node, found: Gatherer) -> tuple[T, ...] | None:
        if not isinstance(node, Sequence):
            _expected_list(node, found, form.shape)
            return None
        values = [form.read(item, found) for item in node.items]
        return tuple(value for value in values if value is not None)

    return Form(read, {"type": "array", "items": form.shape})


def _expected_list(node: Node, found: Gatherer, items: Shape) -> None:
    """Reports that `node` is no list; `items` is how one of the list looks."""
    word = isinstance(node, Scalar) and not is_null(node) and _WORD.fullmatch(node.text)
    help = "write it in [ ]"
    if word:
        help = f"write [{word[0]}]" if "type" in items else f"write [[{word[0]}]]"
    expected("a list", node, found, help)


_WORD = re.compile(r"[\w./-]{1,60}")
"""What may stand within brackets as it is."""


def sequence(items: Shape, *, some: bool = False) -> Form[Sequence]:
    """A list whose items somebody else reads; not empty if `some`."""

    def read(node: Node, found: Gatherer) -> Sequence | None:
        if isinstance(node, Sequence):
            return node
        _expected_list(node, found, items)
        return None

    return Form(read, list_shape(items, some=some))


def list_shape(items: Shape, *, some: bool = False) -> Shape:
    return {"type": "array", "items": items, "minItems": 1 if some else 0}
