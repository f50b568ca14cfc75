"""Which defaults a column can be added with at no cost.

Stage: migrate. Pure. PostgreSQL stores the value of a default that is not volatile
with the column and leaves the rows alone; for any other it rewrites the table.
"""

from __future__ import annotations

import re

_CONSTANT = re.compile(
    r"""
    (?: [-+]?[0-9.]+(?:[eE][-+]?[0-9]+)? | true | false | NULL
      | [eE]?'(?:[^'\\]|''|\\.)*' )
    (?: :: [\w." ()\[\],]+ )?
    """,
    re.VERBOSE | re.DOTALL,
)

_STABLE = frozenset(
    {
        "now()",
        "current_timestamp",
        "current_date",
        "transaction_timestamp()",
        "statement_timestamp()",
    }
)


def is_instant(default: str | None) -> bool:
    """Whether `default` surely is the same for all rows; not where it is unknown."""
    if default is None:
        return True
    text = default
    while text.startswith("(") and text.endswith(")") and text[1:-1].count("(") == 0:
        text = text[1:-1].strip()
    return text.lower() in _STABLE or _CONSTANT.fullmatch(text) is not None
