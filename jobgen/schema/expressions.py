"""Whether a text from the schema is one SQL expression, so far as one can see.

Stage: schema. The server judges what the expression means; here it is made sure
that it stays inside the parentheses that the DDL puts around it.
"""

from __future__ import annotations

import re

_LETTER = r"[^\x00-\x40\x5b-\x5e\x60\x7b-\x7f]"
"""What a name may begin with: `A-Z`, `a-z`, `_`, and all beyond ASCII, of which
PostgreSQL asks no more. Said by what it is not, which `re` compiles at once."""
_LATER = r"[^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"
"""What may follow: digits too."""

_TOKEN = re.compile(
    rf"""
      (?P<continued> [eE]'(?:[^'\\]|\\.|'')*' (?=[ \t]*\n\s*') )
    | (?P<escape> [eE]'(?:[^'\\]|\\.|'')*' )
    | (?P<string> '(?:[^']|'')*' )
    | (?P<quoted> "(?:[^"]|"")*" )
    | (?P<dollar> \$(?P<tag>(?:{_LETTER}{_LATER}*)?)\$.*?\$(?P=tag)\$ )
    | (?P<comment> --|/\* )
    | (?P<open> [(\[] )
    | (?P<close> [)\]] )
    | (?P<unclosed> [eE]' | ['"] | \$(?:{_LETTER}{_LATER}*)?\$ )
    | (?P<end> ; )
    | (?P<comma> , )
    | (?P<backslash> \\ )
    | (?P<variable> (?<!:):(?:{_LETTER}+|['"{{]) )
    | {_LETTER}(?:{_LATER}|\$)* | .
    """,
    re.VERBOSE | re.DOTALL,
)

_PARTNER = {")": "(", "]": "["}


def problem_in(expression: str) -> str | None:
    """Why `expression` could not stand in parentheses; None where it can."""
    if "\r" in expression:  # generated files have one kind of line end
        return r"it contains a carriage return, which a text writes as E'\r'"
    opened: list[str] = []
    for token in _TOKEN.finditer(expression):
        problem = _problem_with(token.lastgroup, token[0], opened)
        if problem is not None:
            return problem
    return f"'{opened[-1]}' is not closed" if opened else None


def settled(expression: str) -> str:
    """`expression`, in which every `'a\\b'` is written `E'a\\\\b'`.

    It means the same, and means it too where a session has
    `standard_conforming_strings` off. Constants with another prefix, or that go on
    in the next line, stay as they are: their parts can only be read together.
    """
    if _CONTINUED.search(expression):
        return expression
    return _TOKEN.sub(_settle, expression)


_CONTINUED = re.compile(r"'[^\S\n]*\n\s*'")
_PREFIX = re.compile(r"[\w&]")


def _settle(token: re.Match[str]) -> str:
    text, start = token[0], token.start()
    before = token.string[max(start - 1, 0) : start]
    if token.lastgroup != "string" or "\\" not in text or _PREFIX.fullmatch(before):
        return text
    return "E" + text.replace("\\", "\\\\")


def _problem_with(kind: str | None, text: str, opened: list[str]) -> str | None:
    match kind:
        case "open":
            opened.append(text)
        case "close":
            if not opened or opened.pop() != _PARTNER[text]:
                return f"'{text}' closes nothing"
        case "unclosed":
            return f"the quote {text} is not closed"
        case "comment":
            return "it contains a comment"
        case "end":
            return "it contains ';'"
        case "continued":
            return "a text in E'' goes on in the next line; write it in one"
        case "backslash":
            return "it contains a backslash, which psql obeys, outside of quotes"
        case "variable":
            return f"psql would replace {text}; write a space after the colon"
        case "comma" if not opened:
            return "it contains ',' outside of parentheses"
        case _:
            pass
    return None
