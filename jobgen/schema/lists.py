"""Forms of lists.

Stage: schema.
"""

from __future__ import annotations

import re

from jobgen.schema.diagnostics import Gatherer, shown
from jobgen.schema.forms import Form, Shape
from jobgen.schema.kinds import expected, is_null
from jobgen.schema.nodes import Node, Scalar, Sequence


def names_of(form: Form[str]) -> Form[tuple[str, ...]]:
    """A list of names, each of them once."""

    def read(node: Node, found: Gatherer) -> tuple[str, ...] | None:
        if not isinstance(node, Sequence):
            _expected_list(node, found, form.shape)
            return None
        names: list[str] = []
        for item in node.items:
            name = form.read(item, found)
            if name in names:
                message = f"{shown(name)} is here twice"
                found.error("duplicate-name", item.span, message, "remove one of them")
            elif name is not None:
                names.append(name)
        return tuple(names)

    return Form(read, {"type": "array", "items": form.shape, "uniqueItems": True})


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
