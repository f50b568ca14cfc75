"""The characters that do not show, or that a terminal obeys.

Stage: schema; used wherever a text becomes a literal, of SQL or of Python, to
decide what comes out as an escape, and for paths that are refused. Listed and not
taken from `str.isprintable`, whose answer changes with the version of Python: the
same schema gives the same bytes.
"""

from __future__ import annotations

import re
from functools import cache

INVISIBLE = (
    "\\x00-\\x1f\\x7f-\\xa0\\xad"
    "\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f"
    "\\u3000\\u3164\\ud800-\\uf8ff\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff"
    "\\U000e0000-\\U0010ffff"
)
"""What stands within the brackets of a regular expression."""

_PLAIN_IN_LINES = bytes((ord("\n"), *range(ord(" "), ord("~") + 1)))


def is_visible(text: str) -> bool:
    """Whether every character of `text` shows."""
    return is_plain(text) or _invisible().search(text) is None


def is_plain(text: str) -> bool:
    """True of most texts, and quickly: every character is of ASCII, and shows."""
    return text.isascii() and text.isprintable()


def are_plain(lines: str) -> bool:
    """The same of a text of many lines, each of which may end with LF."""
    return lines.isascii() and not lines.encode().translate(None, _PLAIN_IN_LINES)


@cache  # compiled when needed, because it takes a millisecond or more
def _invisible() -> re.Pattern[str]:
    return re.compile(f"[{INVISIBLE}]")
