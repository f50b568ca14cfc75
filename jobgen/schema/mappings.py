"""Forms of mappings: those whose keys the user names, and records of known keys.

Stage: schema. They find out that a node is a mapping; `fields` reads what is in it.
"""

from __future__ import annotations

from collections.abc import Callable

from jobgen.schema.diagnostics import Gatherer
from jobgen.schema.forms import Form, Key, Shape
from jobgen.schema.kinds import expected
from jobgen.schema.nodes import Mapping, Node, Scalar
from jobgen.schema.texts import GLUED, NAME_SHAPE


def _mapping_reader(
    help: Callable[[Node], str | None],
) -> Callable[[Node, Gatherer], Mapping | None]:
    """What reads a mapping; `help` says how to write one instead of another node."""

    def read(node: Node, found: Gatherer) -> Mapping | None:
        if isinstance(node, Mapping):
            return node
        if isinstance(node, Scalar) and node.empty:
            return Mapping(node.span, ())
        wanted = help(node) or "write 'key: value' lines"
        expected("a mapping of keys to values", node, found, wanted)
        return None

    return read


def mapping(values: Shape, each: str) -> Form[Mapping]:
    """A mapping from names of the user's to what somebody else reads.

    `each` shows an entry, for somebody who wrote something else.
    """
    shape: Shape = {
        "type": "object",
        "propertyNames": NAME_SHAPE,
        "additionalProperties": values,
    }
    return Form(
        _mapping_reader(lambda node: _as_entries(node) or f"write {each}"), shape
    )


def _as_entries(node: Node) -> str | None:
    """What lines lack that YAML takes for one text: `email:text`."""
    glued = isinstance(node, Scalar) and node.plain and GLUED.match(node.text)
    return "put a space behind the colon, as in 'key: value'" if glued else None


def record(keys: tuple[Key[object], ...], *, partial: bool = False) -> Form[Mapping]:
    """A mapping with the given keys and no others, to be read by `Fields`."""

    def help(node: Node) -> str | None:
        required = [key.name for key in keys if key.required]
        if required and not partial:
            return f"write {{{', '.join(f'{name}: …' for name in required)}}}"
        return None if required else _as_one_of(node, keys)

    return Form(_mapping_reader(help), record_shape(keys, partial=partial))


def _as_one_of(node: Node, keys: tuple[Key[object], ...]) -> str | None:
    """`{strategy: linear}` for `linear`: the first of `keys` that may have this value."""
    if not isinstance(node, Scalar) or not node.plain:
        return None
    for key in keys:
        if key.form.read(node, Gatherer()) is not None:
            return f"write {{{key.name}: {node.text}}}"
    return None


def record_shape(keys: tuple[Key[object], ...], *, partial: bool = False) -> Shape:
    """A mapping with the given keys and no others; any may lack if `partial`."""
    return {
        "type": "object",
        "properties": {key.name: _property(key) for key in keys},
        "required": [key.name for key in keys if key.required and not partial],
        "additionalProperties": False,
    }


def _property(key: Key[object]) -> Shape:
    shape: Shape = {**key.form.shape, "description": key.doc}
    return or_nothing(shape) if key.may_be_empty else shape


def or_nothing(shape: Shape) -> Shape:
    """A mapping that is empty where nothing is written."""
    return {**shape, "type": ["object", "null"]}
