"""What a value of the schema file may look like: readers that describe themselves.

Stage: schema. A `Form` reads one node and says in JSON Schema's terms what it
accepts, so that the loader and an editor can never disagree. It reports what it
refuses and returns None then. Each kind of value has a module of its forms.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from jobgen.schema.diagnostics import Gatherer
from jobgen.schema.kinds import is_null
from jobgen.schema.nodes import Broken, Node

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

Shape: TypeAlias = (
    "MappingABC[str, Shape | SequenceABC[Shape | str] | str | int | bool]"
)
"""A piece of JSON Schema."""


@dataclass(frozen=True, slots=True)
class Form(Generic[T_co]):
    """How one kind of value is read, and what it looks like."""

    read: Callable[[Node, Gatherer], T_co | None]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One key of a mapping of the grammar; `doc` is for editors and pages.

    Where it `may_be_empty`, its form reads a mapping, and nothing is an empty one.
    A required key may lack where the one is there that stands in for it: `unless`.
    """

    name: str
    form: Form[T_co]
    doc: str
    required: bool = False
    may_be_empty: bool = False
    unless: str = ""


def or_null(form: Form[T]) -> Form[T]:
    """`null` takes back what `defaults` says."""

    def read(node: Node, found: Gatherer) -> T | None:
        return None if is_null(node) else form.read(node, found)

    return Form(read, {"anyOf": [form.shape, {"type": "null"}]})


def _read_node(node: Node, found: Gatherer) -> Node | None:
    return None if isinstance(node, Broken) else node


def anything(shape: Shape) -> Form[Node]:
    """A value that is read where its context is known."""
    return Form(_read_node, shape)
