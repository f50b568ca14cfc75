"""Forms of texts: words, paragraphs, SQL expressions and names.

Stage: schema.
"""

from __future__ import annotations

import re

from jobgen.schema.diagnostics import Gatherer, shown
from jobgen.schema.expressions import problem_in, settled
from jobgen.schema.forms import Form, Shape
from jobgen.schema.kinds import expected, is_null
from jobgen.schema.names import NAME, snake_case
from jobgen.schema.nodes import Node, Scalar


def _read_text(node: Node, found: Gatherer) -> str | None:
    if is_null(node):  # as a key it is a word, as every other
        expected("a text", node, found, "put it in quotes, or remove the key")
        return None
    return _read_word(node, found)


def _read_word(node: Node, found: Gatherer) -> str | None:
    if not isinstance(node, Scalar) or node.empty:
        help = "write a text, in quotes where YAML takes it for something else"
        expected("a text", node, found, help)
        return None
    return node.text


TEXT_SHAPE: Shape = {"type": ["string", "number", "boolean"]}
"""A text: without quotes, YAML takes `2024` or `true` for something else."""

TEXT = Form(_read_text, TEXT_SHAPE)


def text_like(shape: Shape) -> Form[str]:
    """A text that is judged where its context is known; `shape` says how it looks."""
    return Form(_read_text, shape)


def _read_paragraph(node: Node, found: Gatherer) -> str | None:
    text = _read_text(node, found)
    if text is not None and not text.strip():
        found.error("wrong-type", node.span, "this text is empty", "remove the key")
        return None
    return None if text is None else text.strip()


_PARAGRAPH_SHAPE: Shape = {**TEXT_SHAPE, "pattern": r"\S"}

PARAGRAPH = Form(_read_paragraph, _PARAGRAPH_SHAPE)


def _read_expression(node: Node, found: Gatherer) -> str | None:
    text = _read_paragraph(node, found)
    problem = None if text is None else problem_in(text)
    if problem is not None:
        found.error(
            "bad-expression",
            node.span,
            f"this is not one SQL expression: {problem}",
            'write an expression, such as "length(email) < 100"',
        )
        return None
    return None if text is None else settled(text)


EXPRESSION = Form(_read_expression, _PARAGRAPH_SHAPE)


GLUED = re.compile(r"([a-z][a-z0-9_]*):(\S.*)")
"""A name and its value without the space that YAML wants between them."""


def read_name(node: Node, what: str, found: Gatherer) -> str | None:
    """A name of the user's: of a job, a column, an enum."""
    text = _read_word(node, found)
    if text is None or NAME.fullmatch(text):
        return text
    message = f"{shown(text)} cannot be the name of {what}"
    found.error("bad-name", node.span, message, _better_name(text))
    return None


def _better_name(text: str) -> str:
    glued = GLUED.fullmatch(text)
    if glued is not None:
        entry = f"{glued[1]}: {glued[2]}"
        return f"put a space behind the colon: {shown(entry)}"
    better = snake_case(text)
    if NAME.fullmatch(better) and len(better) <= 63:
        return f"write '{better}'"
    return "use a-z, 0-9 and _, with a letter first"


NAME_SHAPE: Shape = {"type": "string", "pattern": f"^{NAME.pattern}$"}


def name_of(what: str) -> Form[str]:
    def read(node: Node, found: Gatherer) -> str | None:
        text = _read_text(node, found)
        return None if text is None else read_name(node, what, found)

    # `true` is a name here: of YAML's words that are no texts, `null` alone is none.
    return Form(read, {**NAME_SHAPE, "type": ["string", "boolean"]})
