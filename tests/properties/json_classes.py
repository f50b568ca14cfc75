"""Classes of JSON columns as users write them, with names that mean something else.

Each wraps any JSON value. Their module lies beside the generated package, for the
type checkers and for the tests that run it.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Literal, TypeAlias
from zlib import crc32

from hypothesis import strategies as st

from tests.unseen import Unseen

Style: TypeAlias = Literal["methods", "functions", "nested"]

_ROOT = Path(__file__).parent.parent.parent
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def _words() -> set[str]:
    """Names that generated modules have already, and those of Python."""
    found = set(dir(builtins))
    for path in (_ROOT / "generated_example").rglob("*.py"):
        found |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return {name for name in found if _NAME.fullmatch(name) and not iskeyword(name)}


_WORDS = sorted(_words())


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The value of a class of the user's, without the class."""

    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonClass:
    """A class `name`; where its functions are its module's, their names as well.

    `module` has a name of its own, because many packages may lie in one directory.
    """

    name: str
    style: Style
    decode: str
    encode: str

    @property
    def module(self) -> str:
        return f"app_{crc32(self.text.encode()):08x}"

    @property
    def path(self) -> str:
        return f"{self.name}.Inner" if self.style == "nested" else self.name

    @property
    def keys(self) -> dict[str, object]:
        """What a column says to have it."""
        functions = {"decode": self.decode, "encode": self.encode}
        named = functions if self.style == "functions" else {}
        return {
            "python": f"{self.module}:{self.path}",
            **{key: f"{self.module}:{name}" for key, name in named.items()},
        }

    @property
    def text(self) -> str:
        """The module, which spells out what a name of its own could hide."""
        return "import jobgen.runtime as _runtime\n\n\n" + _TEMPLATES[
            self.style
        ].format(name=self.name, decode=self.decode, encode=self.encode)

    @property
    def found(self) -> Unseen:
        """The class itself, where its module can be imported."""
        return reduce(getattr, self.path.split("."), import_module(self.module))

    def given(self, value: JsonObject) -> object:
        """What a producer passes."""
        return self.found(value.value)

    def taken(self, value: Unseen) -> JsonObject:
        """What is in an object that a worker got."""
        assert type(value) is self.found
        return JsonObject(value.value)


_BUILTINS = "import builtins as _builtins\n\n\n"

_METHODS = """
    def __init__(self, value: "_runtime.JsonValue") -> None:
        self.value: _runtime.JsonValue = value

    @_builtins.classmethod
    def from_json(cls, value: "_runtime.JsonValue") -> "{path}":
        return cls(value)

    def to_json(self) -> "_runtime.JsonValue":
        return self.value
"""

_FUNCTIONS = """\
class {name}:
    def __init__(self, value: "_runtime.JsonValue") -> None:
        self.value: _runtime.JsonValue = value


def {decode}(text: "_runtime.JsonValue") -> {name}:
    return {name}(text)


def {encode}(made: {name}) -> "_runtime.JsonValue":
    return made.value
"""

_TEMPLATES: dict[Style, str] = {
    "methods": _BUILTINS + "class {name}:" + _METHODS.replace("{path}", "{name}"),
    "functions": _FUNCTIONS,
    "nested": _BUILTINS
    + "class {name}:\n    class Inner:"
    + _METHODS.replace("{path}", "{name}.Inner").replace("\n    ", "\n        "),
}


@st.composite
def json_classes(draw: st.DrawFn) -> JsonClass:
    words = st.sampled_from(_WORDS)
    chosen = draw(st.lists(words, min_size=3, max_size=3, unique=True))
    name, decode, encode = chosen
    styles: tuple[Style, ...] = ("methods", "functions", "nested")
    style = draw(st.sampled_from(styles))
    return JsonClass(name=name, style=style, decode=decode, encode=encode)


def modules(classes: Iterable[JsonClass]) -> dict[str, str]:
    """The files with the classes."""
    return {f"{each.module}.py": each.text for each in classes}
