"""Bytes of a schema file → text of which every character can be shown.

Stage: schema, first step. Bounds the size, undoes the encoding, and refuses
characters that an editor does not show, so that what a reviewer sees is what is
built. Nothing later meets a NUL, a lone surrogate or a reordering control.
"""

from __future__ import annotations

import codecs
import re

from jobgen.schema.diagnostics import Gatherer, Position, Span

MAX_BYTES = 5_000_000
"""The largest schema file: room for more than 10,000 jobs."""

_BYTE_ORDER_MARKS = (
    # UTF-32 first: its little-endian mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)

_UNMARKED = re.compile(rb"\0[\t -~\n\r]|[\t -~\n\r]\0")
"""How UTF-16 begins without a mark: YAML's first character is one of ASCII."""

_AS_UTF_8 = "save the file as UTF-8"

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls, and NEL, a line end in YAML
    "\u2028\u2029"  # line ends in YAML and nowhere else
    "\u202a-\u202e\u2066-\u2069"  # these reorder what is displayed
    "\ud800-\udfff\ufeff\ufffe\uffff]"
)


def decode(data: bytes, source: str, found: Gatherer) -> str | None:
    """The text of a file, or None and a diagnostic where it has none."""
    if len(data) > MAX_BYTES:
        found.error(
            "too-large",
            Span.whole(source),
            f"the file has more than {MAX_BYTES:,} bytes",
            "split the schema into several packages",
        )
        return None
    encoding = _encoding(data)
    if encoding == "utf-8" and _UNMARKED.match(data):
        message = "the file is UTF-16 without a byte order mark"
        found.error("bad-encoding", Span.whole(source), message, _AS_UTF_8)
        return None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        found.error("bad-encoding", *_undecodable(error, source))
        return None
    return text if _all_shown(text, source, found) else None


def readable(data: bytes) -> str:
    """The text of a file for quoting from it, whatever is wrong with it."""
    return data[:MAX_BYTES].decode(_encoding(data), "replace")


def _encoding(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    return "utf-8"


def _undecodable(error: UnicodeDecodeError, source: str) -> tuple[Span, str, str]:
    before = error.object[: error.start].decode(error.encoding, "replace")
    span = span_at(before, len(before), source)
    message = f"byte 0x{error.object[error.start]:02x} is not {error.encoding.upper()}"
    return span, message, _AS_UTF_8


def _all_shown(text: str, source: str, found: Gatherer) -> bool:
    hidden = _HIDDEN.search(text)
    if hidden is None:
        return True
    found.error(
        "control-character",
        span_at(text, hidden.start(), source),
        f"the file contains the character U+{ord(hidden[0]):04X}, which is not shown",
        "remove it; in a text, spaces and line ends are enough",
    )
    return False


def hidden_character(text: str) -> str | None:
    """The first character of `text` that a schema must not contain."""
    if text.isprintable():
        return None
    hidden = _HIDDEN.search(text)
    return hidden[0] if hidden else None


def lines(text: str) -> list[str]:
    """The lines of a decoded file, counted as its positions count them."""
    return re.split(r"\r\n|\r|\n", text)


def span_at(text: str, offset: int, source: str) -> Span:
    """The span of the one character of `text` at `offset`."""
    before = lines(text[:offset])
    line, column = len(before), len(before[-1]) + 1
    return Span(
        source=source, start=Position(line, column), end=Position(line, column + 1)
    )
