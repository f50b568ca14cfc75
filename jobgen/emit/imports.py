"""The import blocks of a generated module, sorted as `ruff check` wants them.

Stage: emit. A name that a class of the user's has already, or a field hides in
a class body, is imported under another: the import gives way, never the user.
"""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from jobgen.emit.layout import exploded
from jobgen.emit.literals import WIDTH
from jobgen.schema.model import ImportPath

Key = tuple[tuple[int, int, str], ...]
Entry = tuple[str, str, str]
"""Module, name, and what the name is called here."""

_FUTURE = "__future__"
_THIRD_PARTY = ("psycopg",)
_OURS = ("jobgen",)

_INDENT = 4 * " "
_SPLIT = "\n\n# isort: split\n\n"
"""Between roots whose order would depend on what lies beside the package."""


@cache
def natural(text: str) -> Key:
    """Sorts `job2` before `job10`, and digits after a 0 one by one."""
    return tuple(map(_part, re.findall(r"[0-9]+|[^0-9]+", text)))


def _part(text: str) -> tuple[int, int, str]:
    if not text.isdigit():
        return (2, 0, text)
    return (0, 0, text) if text.startswith("0") else (1, int(text), "")


@cache
def member_order(name: str) -> tuple[int, Key, Key]:
    """Constants, classes, the rest: the order within an import and of `__all__`."""
    is_constant = len(name) > 1 and name.isupper()
    group = 0 if is_constant else 1 if name[:1].isupper() else 2
    return group, natural(name.lower()), natural(name)


def export_order(name: str) -> tuple[int, Key]:
    group, _, exact = member_order(name)
    return group, exact


@dataclass(slots=True)
class Imports:
    """Gathers what a module needs; `taken` are the names that it has already.

    `hidden` are the attributes of its classes: in their bodies these names mean
    the field, and `in_class` gives another. `local` is what the user's own classes
    and functions are called; they are imported where they are needed.
    """

    taken: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    local: Mapping[ImportPath, str] = field(default_factory=dict[ImportPath, str])
    _names: set[Entry] = field(default_factory=set[Entry])

    def use(self, module: str, name: str) -> str:
        """Import `name`; return what it is called here."""
        return self._import(module, name, aliased=name in self.taken)

    def use_as(self, module: str, name: str, local: str) -> str:
        self._names.add((module, name, local))
        return local

    def own(self, module: str, *names: str) -> None:
        """Import names of the user's, which never give way."""
        self._names.update((module, name, name) for name in names)

    def in_class(self, module: str, name: str) -> str:
        """The same, for an annotation of a field."""
        aliased = name in self.taken or name in self.hidden
        if module == "builtins" and not aliased:
            return name
        return self._import(module, name, aliased=aliased)

    def user(self, path: ImportPath) -> str:
        """The expression that stands for something of the user's."""
        _, dot, member = path.name.partition(".")
        return self.local[path.root] + dot + member

    def lazy(self, paths: Iterable[ImportPath]) -> str:
        """Statements that import something of the user's in an indented block.

        The first line is not indented; the text is empty where there are no paths.
        """
        if not self.local:  # as in most modules
            return ""
        roots: defaultdict[str, list[Entry]] = defaultdict(list)
        for path in {path.root for path in paths}:
            entry = path.module, path.name, self.local[path]
            roots[path.module.partition(".")[0]].append(entry)
        found = _SPLIT.join(
            "\n".join(_statements(roots[root], WIDTH - len(_INDENT)))
            for root in sorted(roots, key=natural)
        )
        return textwrap.indent(found, _INDENT).lstrip()

    def indented(self) -> str:
        """All import statements as one indented block; its first line is not."""
        found = "\n".join(_statements(self._names, WIDTH - len(_INDENT)))
        return textwrap.indent(found, _INDENT).lstrip()

    def _import(self, module: str, name: str, *, aliased: bool) -> str:
        local = f"_{name[0].upper()}{name[1:]}" if aliased else name
        self._names.add((module, name, local))
        return local

    def blocks(self) -> str:
        """All import statements: one block for each root, whatever stands beside."""
        sections: defaultdict[str, set[Entry]] = defaultdict(set)
        for entry in self._names:
            sections[_root(entry[0])].add(entry)
        found = [
            "\n\n".join(
                _section(frozenset(sections[root]))
                for root in block
                if root in sections
            )
            for block in ([_FUTURE, "", *_THIRD_PARTY], _OURS, ["."])
        ]
        return _SPLIT.join(filter(None, found))


@cache
def _root(module: str) -> str:
    first = module.partition(".")[0]
    if module.startswith("."):
        return "."
    return first if first in (_FUTURE, *_THIRD_PARTY, *_OURS) else ""


@cache  # most modules import the same from elsewhere
def _section(entries: frozenset[Entry]) -> str:
    return "\n".join(_statements(entries))


def _statements(entries: Iterable[Entry], width: int = WIDTH) -> list[str]:
    """One statement for all plain names of a module, one for each renamed name."""
    plain: dict[str, list[str]] = {}
    found: list[tuple[str, list[str]]] = []
    for module, name, local in entries:
        if name == local:
            plain.setdefault(module, []).append(name)
        else:
            found.append((module, [f"{name} as {local}"]))
    found.extend(
        (module, sorted(names, key=member_order)) for module, names in plain.items()
    )
    return [
        _statement(module, names, width)
        for module, names in sorted(found, key=_statement_order)
    ]


def _statement_order(entry: tuple[str, list[str]]) -> tuple[int, Key, object, str]:
    module, names = entry
    dots = len(module) - len(module.lstrip("."))
    first, _, local = names[0].partition(" as ")
    return -dots, natural(module), member_order(first), local


def _statement(module: str, names: list[str], width: int) -> str:
    flat = f"from {module} import {', '.join(names)}"
    if len(flat) <= width:
        return flat
    return exploded(0, f"from {module} import (", names, ")")
