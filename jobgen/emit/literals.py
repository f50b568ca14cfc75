"""Text → Python and SQL source that means exactly that text.

Stage: emit. Whatever stands in a doc, a label or an expression comes out as
data: nothing in it can end a literal, and characters that an editor hides, or a
terminal obeys, come out as escapes.
"""

from __future__ import annotations

import re
import textwrap
from functools import cache

from jobgen.schema.invisible import INVISIBLE, are_plain, is_plain

WIDTH = 88
"""The length of a line that `ruff format` aims at."""

_QUOTES_IN_BLOCK = re.compile('"{3,}|"$')
_QUOTES_IN_DOC = re.compile('^"+|"+$|"{3,}')

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


@cache  # most are names, and come again in every module
def string(text: str) -> str:
    """A Python string literal on one line, as `ruff format` would quote it."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = _escaped(text)
    return quote + escaped.replace(quote, "\\" + quote) + quote


def block(text: str) -> str:
    """A Python literal in triple quotes, its lines as they are."""
    lines = text.replace("\\", "\\\\")
    if not are_plain(text):
        lines = _hidden().sub(_escape_in_line, lines)
    if '"' in lines:
        lines = _QUOTES_IN_BLOCK.sub(_escaped_quotes, lines)
    return f'"""\\\n{lines}"""'


@cache  # many say the same
def docstring(text: str, indent: int = 0) -> str:
    """A docstring in triple quotes, wrapped; its first line is not indented."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    escaped = [_doc(paragraph) for paragraph in paragraphs if paragraph]
    if not escaped:
        return ""
    if len(escaped) == 1 and _stands_alone(escaped[0], WIDTH - indent):
        return f'"""{escaped[0]}"""'
    escaped[0] = '"""' + escaped[0]
    # Three columns short: were it to fit on a line, `ruff format` would join it.
    lines = "\n\n".join(_filled(each, WIDTH - indent - 3) for each in escaped)
    margin = "\n" + " " * indent
    return re.sub("\n(?=.)", margin, lines) + f'{margin}"""'


def _stands_alone(text: str, width: int) -> bool:
    return " " not in text or len(text) + 6 <= width


def _filled(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def comment(text: str) -> str:
    """Text fit for the rest of a line of Python or SQL."""
    return _escaped(text)


def dollar_quoted(text: str) -> str:
    """A dollar-quoted SQL constant, with a tag that the text does not contain."""
    tag, number = "$jobgen$", 0
    while tag in text:
        number += 1
        tag = f"$jobgen{number}$"
    return tag + text + tag


def _doc(paragraph: str) -> str:
    """One paragraph of a docstring; no quote at its ends, and no three in a row."""
    return _QUOTES_IN_DOC.sub(_escaped_quotes, _escaped(paragraph))


def _escaped_quotes(match: re.Match[str]) -> str:
    return "\\x22" * len(match[0])


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\\\")
    return escaped if is_plain(text) else _hidden().sub(_escape, escaped)


@cache  # compiled when needed, because it takes a millisecond
def _hidden() -> re.Pattern[str]:
    return re.compile(f"[{INVISIBLE}]")


def _escape_in_line(match: re.Match[str]) -> str:
    return "\n" if match[0] == "\n" else _escape(match)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"
