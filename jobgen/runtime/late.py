"""Names of a package whose modules are loaded when somebody asks for them (PEP 562).

Whoever imports a package waits for all that this loads; a program that enqueues two
jobs need not wait for the five hundred beside them, nor for what only a worker uses.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module


def load_late(
    package: str, names: Collection[str], homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of `package`.

    names: all that it offers. homes: which of its modules has a name; a name that has
    none is a module itself, and so is each home. What goes wrong in a module that is
    loaded comes out as it is, but for an `AttributeError`.
    """
    modules = {*names, *homes.values()} - homes.keys()
    present = vars(sys.modules[package])

    def attribute(name: str) -> object:
        if name in modules:
            found = _loaded(f"{package}.{name}")
        elif name in homes:
            found = getattr(_loaded(f"{package}.{homes[name]}"), name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        present[name] = found
        return found

    def listed() -> list[str]:
        return [*{*present, *names}]

    return attribute, listed


def _loaded(module: str) -> object:
    try:
        return import_module(module)
    except AttributeError as error:
        # As it is, it would say that there is no such name in the package.
        raise ImportError(f"{module} raises {error!r}", name=module) from error
