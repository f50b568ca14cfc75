"""Forms of words that are given: true and false, and the labels of a choice.

Stage: schema.
"""

from __future__ import annotations

from typing import TypeVar

from jobgen.schema.booleans import advice
from jobgen.schema.diagnostics import Gatherer, listed, shown
from jobgen.schema.forms import Form
from jobgen.schema.kinds import expected
from jobgen.schema.nodes import Node, Scalar

Word = TypeVar("Word", bound=str)


def _read_boolean(node: Node, found: Gatherer) -> bool | None:
    if isinstance(node, Scalar) and node.plain and node.text in ("true", "false"):
        return node.text == "true"
    if isinstance(node, Scalar) and not node.empty:
        message = f"{shown(node.text)} is neither true nor false"
        found.error("wrong-type", node.span, message, advice(node.text))
    else:
        expected("true or false", node, found, "write one of them, unquoted")
    return None


BOOLEAN = Form(_read_boolean, {"type": "boolean"})


def choice(words: tuple[Word, ...]) -> Form[Word]:
    def read(node: Node, found: Gatherer) -> Word | None:
        if not isinstance(node, Scalar) or node.empty:
            expected(listed(words), node, found, "write one of them")
            return None
        for word in words:
            if word == node.text:
                return word
        found.error(
            "bad-value",
            node.span,
            f"{shown(node.text)} is not {listed(words)}",
            found.guesses.did_you_mean(node.text, words) or f"write {listed(words)}",
        )
        return None

    return Form(read, {"enum": list(words)})
