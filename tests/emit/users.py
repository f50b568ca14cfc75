"""Modules as an application has them, with the classes of its JSON columns.

Texts, because the generated package that they import is made by a test.
"""

from __future__ import annotations

from collections.abc import Iterable

LONG_CLASS = "AClassWhoseNameHasFortyBytesAndNotOneMor"
LONG_METHOD = "a_function_whose_name_has_forty_bytes_to"


def attachments(package: str) -> str:
    """A module with handlers and classes: it imports the package that imports it."""
    return f'''\
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import {package}
from {package} import SendMailJob
from jobgen.runtime import DecodeError, JsonValue

SEEN: list[object] = []
"""What the two functions were given."""


@dataclass(frozen=True)
class Attachment:
    name: str
    size: int = 0

    @classmethod
    def from_json(cls, value: JsonValue) -> Attachment:
        SEEN.append(value)
        match value:
            case {{"name": str(name), "size": int(size)}}:
                return cls(name, size)
            case {{"name": str(name)}}:
                return cls(name)
            case "refuse":
                raise DecodeError("an attachment needs a name")
            case _:
                raise ValueError(f"no attachment: {{value!r}}")

    def to_json(self) -> Mapping[str, JsonValue]:
        SEEN.append(self)
        if self.size < 0:
            raise ArithmeticError(f"{{self.name}} is smaller than nothing")
        return {{"name": self.name, "size": self.size}}


def maybe(value: JsonValue) -> str:
    SEEN.append(value)
    return "none" if value is None else str(value)


def or_null(text: str) -> JsonValue:
    SEEN.append(text)
    return None if text == "none" else text


def send_mail(job: SendMailJob) -> None:
    assert isinstance(job.first, Attachment)


HANDLERS = {package}.handlers(send_mail=send_mail)
'''


NAMED = f"""\
from __future__ import annotations

from jobgen.runtime import JsonValue


class Named:
    class Inner:
        pass

    @classmethod
    def from_json(cls, value: JsonValue) -> Named:
        return cls()

    def to_json(self) -> JsonValue:
        return None


class {LONG_CLASS}:
    pass


def {LONG_METHOD}(
    value: object,
) -> {LONG_CLASS}:
    return {LONG_CLASS}()


def inner(value: JsonValue) -> Named.Inner:
    return Named.Inner()


def dump(value: object) -> str:
    return str(value)
"""


def aliases(module: str, names: Iterable[str]) -> str:
    """A module that knows the class `Named` of another under each of the names."""
    lines = [f"{name} = _Named" for name in names]
    return "\n".join([f"from {module} import Named as _Named", "", *lines, ""])
