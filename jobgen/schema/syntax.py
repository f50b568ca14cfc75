"""What the YAML parser complains about, in a user's words.

Stage: schema. Pure: from the parser's English to ours, with what to do.
"""

from __future__ import annotations

from jobgen.schema.source import lines

_EXPLANATIONS = (
    # (part of the parser's problem, what is wrong, what to do)
    (
        "mapping values are not allowed",
        "a second ': ' in one line",
        "put a text that contains ': ' in quotes",
    ),
    (
        "could not find expected ':'",
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
        "found unknown escape character",
        "an unknown escape in double quotes",
        "use single quotes, in which a backslash is itself",
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


_NOT_CLOSED = ("did not find expected ',' or", "found unexpected end of stream")


def begins_before(problem: str) -> bool:
    """Whether the place to look at is where the context began, not where it broke."""
    return problem.startswith(_NOT_CLOSED)


def explain(problem: str, context: str, text: str, line: int) -> tuple[str, str | None]:
    """Message and help for a parser's `problem` in `line` (from 1) of `text`."""
    if "cannot start any token" in problem:
        return _bad_start(text, line)
    for part, message, help in _EXPLANATIONS:
        if part in problem:
            return message, help
    return ": ".join(filter(None, ("not YAML", context, problem))), None


def _bad_start(text: str, line: int) -> tuple[str, str]:
    culprit = lines(text)[line - 1] if line <= len(lines(text)) else ""
    if culprit[: len(culprit) - len(culprit.lstrip())].count("\t"):
        return "a tab in the indentation", "YAML wants spaces"
    return (
        "a text without quotes cannot begin with this character",
        "put it in quotes",
    )
