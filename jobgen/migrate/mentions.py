"""Whether an expression names something.

Stage: migrate. Pure. Nobody reads the expression: that would take a server.
"""

from __future__ import annotations

import re


def mentions(expression: str, name: str) -> bool:
    """Rather too often than not: a text may contain the word. SQL finds the column
    `size` by SIZE, too."""
    word = rf"(?<!\w){re.escape(name)}(?!\w)"
    return re.search(word, expression, re.IGNORECASE) is not None
