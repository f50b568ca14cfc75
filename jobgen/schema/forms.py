"""What a value of the schema file may look like: readers that describe themselves.

Stage: schema. A `Form` reads one node and says in JSON Schema's terms what it
accepts, so that the loader and an editor can never disagree. It reports what it
refuses and returns None then.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar

from jobgen.schema.diagnostics import Gatherer, did_you_mean, listed, shown
from jobgen.schema.digits import advice, in_decimal
from jobgen.schema.durations import (
    DURATION,
    LONGEST,
    is_too_long,
    meant_by,
    parse_duration,
)
from jobgen.schema.expressions import problem_in, settled
from jobgen.schema.names import NAME, snake_case
from jobgen.schema.nodes import Broken, Mapping, Node, Scalar, Sequence

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
Word = TypeVar("Word", bound=str)

Shape: TypeAlias = (
    "MappingABC[str, Shape | SequenceABC[Shape | str] | str | int | bool]"
)
"""A piece of JSON Schema."""

# No leading zero: YAML 1.1 reads 010 as 8.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Form(Generic[T_co]):
    """How one kind of value is read, and what it looks like."""

    read: Callable[[Node, Gatherer], T_co | None]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One key of a mapping of the grammar; `doc` is for editors and pages.

    Where it `may_be_empty`, its form reads a mapping, and nothing is an empty one.
    """

    name: str
    form: Form[T_co]
    doc: str
    required: bool = False
    may_be_empty: bool = False


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


def expected(what: str, node: Node, found: Gatherer, help: str | None = None) -> None:
    """Reports that `node` is of another kind than `what`."""
    if not isinstance(node, Broken):
        found.error(
            "wrong-type", node.span, f"expected {what}, not {describe(node)}", help
        )


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in ("null", "~")


def _read_text(node: Node, found: Gatherer) -> str | None:
    if is_null(node):  # as a key it is a word, as every other
        expected("a text", node, found, "put it in quotes, or remove the key")
        return None
    return _read_word(node, found)


def _read_word(node: Node, found: Gatherer) -> str | None:
    if not isinstance(node, Scalar) or node.empty:
        expected("a text", node, found)
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


def read_name(node: Node, what: str, found: Gatherer) -> str | None:
    """A name of the user's: of a job, a column, an enum."""
    text = _read_word(node, found)
    if text is None or NAME.fullmatch(text):
        return text
    better = snake_case(text)
    found.error(
        "bad-name",
        node.span,
        f"{shown(text)} cannot be the name of {what}",
        f"write '{better}'"
        if NAME.fullmatch(better) and len(better) <= 63
        else "use a-z, 0-9 and _, with a letter first",
    )
    return None


_NAME_SHAPE: Shape = {"type": "string", "pattern": f"^{NAME.pattern}$"}


def name_of(what: str) -> Form[str]:
    def read(node: Node, found: Gatherer) -> str | None:
        text = _read_text(node, found)
        return None if text is None else read_name(node, what, found)

    return Form(read, _NAME_SHAPE)


def _read_boolean(node: Node, found: Gatherer) -> bool | None:
    if isinstance(node, Scalar) and node.plain and node.text in ("true", "false"):
        return node.text == "true"
    if isinstance(node, Scalar) and not node.empty:
        message = f"{shown(node.text)} is neither true nor false"
        help = "write true or false, unquoted"
        for word, spellings in _BOOLEANS.items():
            if node.text.lower() in spellings:
                help = f"write {word}, unquoted"
        found.error("wrong-type", node.span, message, help)
    else:
        expected("true or false", node, found)
    return None


_BOOLEANS = {"true": ("true", "yes", "on", "y"), "false": ("false", "no", "off", "n")}

BOOLEAN = Form(_read_boolean, {"type": "boolean"})


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
        expected("a number", node, found)
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


def or_null(form: Form[T]) -> Form[T]:
    """`null` takes back what `defaults` says."""

    def read(node: Node, found: Gatherer) -> T | None:
        return None if is_null(node) else form.read(node, found)

    return Form(read, {"anyOf": [form.shape, {"type": "null"}]})


def choice(words: tuple[Word, ...]) -> Form[Word]:
    def read(node: Node, found: Gatherer) -> Word | None:
        if not isinstance(node, Scalar) or node.empty:
            expected(listed(words), node, found)
            return None
        for word in words:
            if word == node.text:
                return word
        found.error(
            "bad-value",
            node.span,
            f"{shown(node.text)} is not {listed(words)}",
            did_you_mean(node.text, words) or f"write {listed(words)}",
        )
        return None

    return Form(read, {"enum": list(words)})


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
        "propertyNames": _NAME_SHAPE,
        "additionalProperties": values,
    }
    return Form(_mapping_reader(lambda _: f"write {each}"), shape)


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


def _read_node(node: Node, found: Gatherer) -> Node | None:
    return None if isinstance(node, Broken) else node


def anything(shape: Shape) -> Form[Node]:
    """A value that is read where its context is known."""
    return Form(_read_node, shape)
