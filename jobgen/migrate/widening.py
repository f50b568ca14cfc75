"""Which changes of a type leave every stored value as it is.

Stage: migrate. Pure. For these PostgreSQL changes the catalogue alone; for any other
it rewrites the table, and so they are not made in place.
"""

from __future__ import annotations

import re

_VARYING = re.compile(r"character varying(?:\(([0-9]+)\))?")
_NUMERIC = re.compile(r"numeric(?:\(([0-9]+),([0-9]+)\))?")


def is_widening(old: str, new: str) -> bool:
    """Whether each value of the type `old` is stored as it would be in `new`."""
    before, after = _VARYING.fullmatch(old), _VARYING.fullmatch(new)
    if before and (after or new == "text"):
        return new == "text" or _at_most(before[1], after[1] if after else None)
    if old == "text":
        return new == "character varying"
    before, after = _NUMERIC.fullmatch(old), _NUMERIC.fullmatch(new)
    if before and after:
        return after[1] is None or (
            before[2] == after[2] and _at_most(before[1], after[1])
        )
    return (old, new) == ("cidr", "inet")


def _at_most(before: str | None, after: str | None) -> bool:
    """Of two limits, None being that there is none."""
    return after is None or (before is not None and int(before) <= int(after))
