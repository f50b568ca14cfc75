"""How a value of one type is said in another.

Stage: migrate. Pure. Only what means the same in every session: a time without a zone
is one in UTC, and what a setting of the session spells, such as an interval as text, is
said in no other type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobgen.schema.types import SCALARS

_LIMIT = re.compile(r"\([0-9]+(?:,[0-9]+)?\)$")

_NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
_TEXTS = ("text", "character varying")
_DOCUMENTS = ("json", "jsonb")
_SPELT = (
    *("smallint", "integer", "bigint", "numeric", "boolean", "uuid", "inet", "cidr"),
    *(*_TEXTS, *_DOCUMENTS),
)
"""Whose text is the same whatever the session's settings are."""

_ALIKE = (_NUMBERS, ("boolean", "integer"), _DOCUMENTS, ("inet", "cidr"))
"""PostgreSQL casts each to each."""

_DATE, _LOCAL, _INSTANT = (
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
)
_TIMES = {
    (_DATE, _LOCAL): ("", f"::{_LOCAL}"),
    (_LOCAL, _DATE): ("", "::date"),
    (_LOCAL, _INSTANT): ("(", " AT TIME ZONE 'UTC')"),
    (_INSTANT, _LOCAL): ("(", " AT TIME ZONE 'UTC')"),
    (_DATE, _INSTANT): ("(", f"::{_LOCAL} AT TIME ZONE 'UTC')"),
    (_INSTANT, _DATE): ("(", " AT TIME ZONE 'UTC')::date"),
}

_BUILT_IN = frozenset(scalar.sql for scalar in SCALARS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What stands around the value. The limit of the new type (a length, a number of
    digits) is not in it: an explicit cast would cut off what is too long, which an
    assignment refuses.

    exact: a value that is otherwise when it is cast back was lost in part. It is not
    so where a text is read, which may say the same in more than one way.
    limited: the new type has such a limit.
    """

    exact: bool
    limited: bool
    begin: str = ""
    end: str = ""

    def of(self, value: str) -> str:
        """The expression for `value`."""
        return f"{self.begin}{value}{self.end}"

    def lost(self, value: str, said: str, back: Cast) -> str:
        """The condition under which `said`, what became of `value`, lacks a part of
        it; empty where nothing can be lost without an error."""
        if self.exact:
            return f"{back.of(said)} IS DISTINCT FROM {value}"
        if self.limited:  # an assignment rounds, and cuts off spaces
            return f"{self.of(value)} IS DISTINCT FROM {said}"
        return ""


def cast(old: str, new: str) -> Cast | None:
    """From one type to another; None where there is none."""
    array = "[]" if old.endswith("[]") else ""
    if new.endswith("[]") != bool(array):
        return None
    before, after = (_base(each.removesuffix("[]")) for each in (old, new))
    exact = before != "json" and (before not in _TEXTS or after in _TEXTS)
    limited = after != new.removesuffix("[]")
    if before == after:
        return Cast(exact=exact, limited=limited)
    if _is_cast(before, after):
        return Cast(exact=exact, limited=limited, end=f"::{after}{array}")
    if _is_enum(before) and _is_enum(after):
        end = f"::text{array}::{after}{array}"
        return Cast(exact=exact, limited=limited, end=end)
    if (before, after) in _TIMES and not array:
        begin, end = _TIMES[before, after]
        return Cast(exact=exact, limited=limited, begin=begin, end=end)
    return None


def _base(kind: str) -> str:
    """Without its limit."""
    return _LIMIT.sub("", kind)


def _is_enum(kind: str) -> bool:
    return kind not in _BUILT_IN


def _is_cast(old: str, new: str) -> bool:
    """By PostgreSQL, with `::`; a text is how both may be spelt."""
    if any(old in each and new in each for each in _ALIKE):
        return True
    one, other = (old, new) if old in _TEXTS else (new, old)
    return one in _TEXTS and (other in _SPELT or _is_enum(other))
