"""What kind of node somebody wrote, and what to say where it is another one.

Stage: schema. Speaks the words of the grammar, which knows no tags of YAML.
"""

from __future__ import annotations

from jobgen.schema.diagnostics import Gatherer
from jobgen.schema.nodes import Broken, Mapping, Node, Scalar, Sequence


def describe(node: Node) -> str:
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar() if node.empty:
            return "nothing"
        case Scalar() if is_null(node):
            return "null"
        case _:
            return "a text"


def expected(what: str, node: Node, found: Gatherer, help: str) -> None:
    """Reports that `node` is of another kind than `what`; `help` is what to write."""
    if not isinstance(node, Broken):
        found.error(
            "wrong-type", node.span, f"expected {what}, not {describe(node)}", help
        )


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in ("null", "~")
