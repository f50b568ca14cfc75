"""Numbers as other notations spell them → what to write instead.

Stage: schema. Pure. The grammar takes decimal digits alone: `010` is 10 to a
reader and 8 to YAML 1.1, and so it is refused rather than read.
"""

from __future__ import annotations

import re

_BASED = re.compile(r"0(?:x[0-9a-fA-F]{1,16}|o[0-7]{1,22}|b[01]{1,64})")
_GROUPED = re.compile(r"[+-]?(?:[0-9]+(?:_[0-9]+)+|[0-9]{1,3}(?:,[0-9]{3})+)")
_PADDED = re.compile(r"(?P<sign>[+-]?)0*(?P<rest>[0-9]+(?:\.[0-9]+)?)")
_OCTAL = re.compile(r"[+-]?0[0-7]+")

_LONGEST = 100


def in_decimal(text: str) -> str | None:
    """The number that `010`, `+5`, `1_000`, `1,000` or `0x10` means to most readers.

    None where it is spelt in no such way; in decimal digits already: as it is.
    """
    if len(text) > _LONGEST:
        return None
    if _BASED.fullmatch(text):
        return str(int(text, 0))
    bare = re.sub("[_,]", "", text) if _GROUPED.fullmatch(text) else text
    match = _PADDED.fullmatch(bare)
    return None if match is None else match["sign"].replace("+", "") + match["rest"]


def advice(text: str, decimal: str) -> str:
    """What to write instead of `text`, of which `in_decimal` made `decimal`."""
    octal = str(int(text, 8)) if _OCTAL.fullmatch(text) else decimal
    return f"write {decimal}" + (
        "" if octal == decimal else f", or {octal} if it was meant as octal"
    )
