"""Booleans as other notations spell them → what to write instead.

Stage: schema. Pure. The grammar takes `true` and `false` alone: `yes` and `off` are
booleans to YAML 1.1 and texts to YAML 1.2, and so they are refused rather than read.
"""

from __future__ import annotations

_SPELLINGS = {
    "true": ("true", "t", "yes", "y", "on", "1"),
    "false": ("false", "f", "no", "n", "off", "0"),
}


def advice(text: str) -> str:
    """What to write instead of `text`: which of the two, where that can be told."""
    meant = [word for word, known in _SPELLINGS.items() if text.lower() in known]
    return f"write {' '.join(meant) or 'true or false'}, unquoted"
