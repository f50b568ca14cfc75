"""What the YAML parser complains about, in a user's words.

Stage: schema. Pure: from the parser's English to ours, with what to do.
"""

from __future__ import annotations

import re

from jobgen.schema.diagnostics import Position
from jobgen.schema.source import lines

_NO_COLON = "could not find expected ':'"
_GLUED = re.compile(r"[\w-]+:\S")

_EXPLANATIONS = (
    # (part of the parser's problem, what is wrong, what to do)
    (
        "mapping values are not allowed",
        "a second ': ' in one line",
        "put a text that contains ': ' in quotes",
    ),
    (
        _NO_COLON,
        "a line without ': ' among 'key: value' lines",
        "write 'key: value'; a text of several lines needs '>-' or quotes",
    ),
    (
        "did not find expected key",
        "this line does not fit the indentation of the lines above it",
        "indent all keys of one mapping alike",
    ),
    (
        "did not find expected '-' indicator",
        "this line does not fit the indentation of the list above it",
        "indent all items of one list alike",
    ),
    ("did not find expected ',' or ']'", "a list is not closed", "add ']'"),
    ("did not find expected ',' or '}'", "a mapping is not closed", "add '}'"),
    ("found unexpected end of stream", "a quoted text is not closed", "add the quote"),
    (
        "found unexpected document indicator",
        "a quoted text is not closed",
        "add the quote",
    ),
    (
        "did not find expected <document start>",
        "something follows the end of the schema",
        "remove it, or what ends the schema before it",
    ),
    (
        "block sequence entries are not allowed",
        "a list with '- ' cannot begin in the line of its key",
        "begin it in the next line, or write [a, b]",
    ),
    (
        "mapping keys are not allowed",
        "a text without quotes cannot begin with '? '",
        "put it in quotes",
    ),
    (
        "did not find expected comment or line break",
        "something follows '|' or '>'",
        "begin the text in the next line, or put it in quotes",
    ),
    ("found a tab character", "a tab in the indentation", "YAML wants spaces"),
    (
        "found unexpected ':'",
        "within [] and {} a ':' needs a space after it",
        "write 'key: value', and a text with ':' in quotes",
    ),
    ("directive name", "a line cannot begin with '%'", "put a text in quotes"),
    ("non-alphabetical", "a line cannot begin with '%'", "put a text in quotes"),
    *(
        (part, "a text without quotes cannot begin with '!'", "put it in quotes")
        for part in (
            "found undefined tag handle",
            "did not find expected tag URI",
            "did not find expected whitespace or line break",
        )
    ),
    (
        "did not find expected alphabetic or numeric character",
        "a text without quotes cannot begin with '&' or '*'",
        "put it in quotes",
    ),
    ("incompatible YAML", "a version of YAML that is not known", "remove the line"),
    ("duplicate %YAML", "a second version of YAML", "remove the line"),
    *(
        (
            part,
            "an unknown escape in double quotes",
            "use single quotes, in which a backslash is itself",
        )
        for part in ("found unknown escape character", "hexdecimal number")  # so spelt
    ),
    (
        "found invalid Unicode character escape",
        "an escape that is no character",
        "remove it",
    ),
    (
        "found undefined alias",
        "a text without quotes cannot begin with '*'",
        "put it in quotes",
    ),
    (
        "did not find expected node content",
        "a value is missing here",
        "write it, or remove what surrounds it",
    ),
)


_AT_ITS_BEGINNING = (
    _NO_COLON,  # it broke in the next line
    "found unexpected end of stream",
    "found unexpected document indicator",
    "did not find expected alphabetic or numeric character",
    "did not find expected tag URI",
    "did not find expected whitespace or line break",
)
_NO_COMMA = "did not find expected ',' or"


def begins_before(problem: str, *, one_line: bool) -> bool:
    """Whether the place to look at is where the context began, not where it broke.

    `one_line` where both are in the same line: there a bracket was closed too early,
    or a comma is missing, more often than that it was never closed.
    """
    if problem.startswith(_NO_COMMA):
        return not one_line
    return problem.startswith(_AT_ITS_BEGINNING)


def explain(
    problem: str, context: str, text: str, place: Position, *, inside: bool
) -> tuple[str, str | None]:
    """Message and help for a parser's `problem` at `place` in `text`.

    `inside` where it is within brackets that began in the same line.
    """
    if "cannot start any token" in problem:
        return _bad_start(text, place.line)
    if problem.startswith(_NO_COMMA) and inside:
        bracket = problem.removeprefix(_NO_COMMA).strip()
        return f"',' or {bracket} is missing here", "add it, or put a text in quotes"
    if "mapping values are" in problem and ": " not in _before(text, place):
        return (
            "a ': ' in a text that goes on from the line above",
            "write 'key: value' with a space after each ':', and indent keys alike",
        )
    if problem.startswith(_NO_COLON) and _GLUED.match(_from(text, place)):
        return "a ':' without a space behind it", "write 'key: value'"
    if "did not find expected key" in problem and _before(text, place).strip():
        return _too_much(text, place)
    for part, message, help in _EXPLANATIONS:
        if part in problem:
            return message, help
    return ": ".join(filter(None, ("not YAML", context, problem))), None


def _before(text: str, place: Position) -> str:
    """What stands before `place` in its line."""
    return lines(text)[place.line - 1][: place.column - 1]


def _from(text: str, place: Position) -> str:
    """What stands in the line of `place`, from there on."""
    return lines(text)[place.line - 1][place.column - 1 :]


def _too_much(text: str, place: Position) -> tuple[str, str]:
    closing = _from(text, place).startswith(("}", "]"))
    return (
        "something follows a value that is complete",
        "remove it, or add what it closes"
        if closing
        else "put all of the value in quotes; within '', write a ' twice",
    )


def _bad_start(text: str, line: int) -> tuple[str, str]:
    culprit = lines(text)[line - 1] if line <= len(lines(text)) else ""
    if culprit[: len(culprit) - len(culprit.lstrip())].count("\t"):
        return "a tab in the indentation", "YAML wants spaces"
    return (
        "a text without quotes cannot begin with this character",
        "put it in quotes",
    )
