"""How the rows that handlers get are made: one for every job that runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import TypeVar

T = TypeVar("T")


def quick_init(cls: type[T]) -> type[T]:
    """Give a frozen dataclass, whose fields are slots and keywords without defaults,
    an `__init__` that takes half the time.

    Its own looks each field up by name (`object.__setattr__`), as often as there are
    rows; this one has the slots themselves. Raises `TypeError` for any other class.
    """
    if not is_dataclass(cls):  # a bound of `T` is not met before the class is complete
        raise TypeError(f"{cls.__name__} is no dataclass")
    names = [field.name for field in fields(cls)]
    slots: dict[str, Callable[[T, object], None]] = {
        f"_set_{name}": vars(cls)[name].__set__ for name in names
    }
    head = f"def __init__(_self, *, {', '.join(names)}):"
    body = [f"    _set_{name}(_self, {name})" for name in names]
    made: dict[str, Callable[..., None]] = {}
    exec("\n".join([head, *body]), dict(slots), made)  # as dataclasses makes its own
    made["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    type.__setattr__(cls, "__init__", made["__init__"])
    return cls
