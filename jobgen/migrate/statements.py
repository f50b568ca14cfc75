"""A script → its statements, as psql would send them.

Stage: migrate. Pure. The server refuses some statements within a transaction, and
whatever is sent at once is one.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | \$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][\w]*)?)\$.*?\$(?P=tag)\$
    | (?P<comment>--[^\n]*)
    | (?P<end>;)
    | (?P<word>\w+) | .
    """,
    re.VERBOSE | re.DOTALL,
)


def split(script: str) -> tuple[str, ...]:
    """Each statement without its semicolon; comments between them are left out.

    Of a comment in a script only the form `--` is known.
    """
    found: list[str] = []
    parts: list[str] = []
    for token in _TOKEN.finditer(script):
        if token.lastgroup == "end":
            found.append("".join(parts).strip())
            parts = []
        elif token.lastgroup != "comment":
            parts.append(token[0])
    found.append("".join(parts).strip())
    return tuple(statement for statement in found if statement)
