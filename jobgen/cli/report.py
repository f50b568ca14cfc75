"""The only printer of the generator's commands: results and diagnostics.

In text form diagnostics go to stderr; as `json` or `github` they are the result
and go to stdout.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TextIO, TypeAlias

from jobgen.schema.diagnostics import Diagnostic, Position, Span
from jobgen.schema.source import lines

Format: TypeAlias = Literal["text", "json", "github"]
FORMATS: tuple[Format, ...] = ("text", "json", "github")

_WIDEST = 120
"""Columns of a quoted line; of a longer one a window around the culprit is shown."""

_COLOURS = {"error": "31", "warning": "33", "help": "36", "+": "32", "-": "31"}


def diagnostics(
    found: Sequence[Diagnostic], texts: Mapping[str, str], form: Format
) -> None:
    """Prints what was found; `texts` are the files, by the name in the spans."""
    if form == "json":
        print_result(json.dumps([_as_json(each) for each in found], indent=2))
    elif form == "github":
        for each in found:
            print_result(_as_annotation(each))
    elif found:
        by_line = {source: lines(text) for source, text in texts.items()}
        shown = (_as_text(each, by_line.get(each.span.source, [])) for each in found)
        _write(sys.stderr, "\n".join((*shown, *_more(found))))


def _more(found: Sequence[Diagnostic]) -> list[str]:
    """The last line: where the first error is explained at length."""
    codes = (each.code for each in found if each.severity == "error")
    return [f"more: jobgen explain {code}" for code in itertools.islice(codes, 1)]


def problem(message: str, help: str) -> None:
    """Prints what is wrong with a command line, which is no place in a file."""
    _write(sys.stderr, f"jobgen: {_clean(message)}: {_help(_clean(help))}")


def print_result(text: str) -> None:
    _write(sys.stdout, text)


def print_error(text: str) -> None:
    """Says why a command cannot do it, where no file is to blame."""
    _write(sys.stderr, _clean(text))


def print_diff(diff: Iterable[str], form: Format) -> None:
    """Prints the diff of one file, which begins with the names of both sides."""
    stream = _beside(form)
    shown = (
        _coloured(_clean(line), "" if number < 2 else line[:1], stream)
        for number, line in enumerate(diff)
    )
    _write(stream, "\n".join(shown))


def print_line(text: str, form: Format) -> None:
    """Prints a line between diffs."""
    _write(_beside(form), _clean(text))


def _beside(form: Format) -> TextIO:
    """Where results go that are no diagnostics: formats for programs want stdout."""
    return sys.stdout if form == "text" else sys.stderr


def _write(stream: TextIO, text: str) -> None:
    """Prints `text`, at once, even where the terminal's encoding lacks some of it."""
    encoding = stream.encoding or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    print(shown, file=stream, flush=True)


def _coloured(text: str, what: str, stream: TextIO) -> str:
    wanted = stream.isatty() and not os.environ.get("NO_COLOR")
    return (
        f"\033[{_COLOURS[what]}m{text}\033[0m" if wanted and what in _COLOURS else text
    )


def _as_text(found: Diagnostic, source_lines: Sequence[str]) -> str:
    kind = _coloured(f"{found.severity}[{found.code}]", found.severity, sys.stderr)
    span = found.span
    if span.is_whole:
        text = f"{_clean(span.source)}: {kind}: {found.message}"
        return text if found.help is None else f"{text}\n  {_help(found.help)}"
    head = f"{_clean(span.source)}:{span.start.line}:{span.start.column}: "
    first = head + f"{kind}: {found.message}"
    if span.start.line > len(source_lines):
        return first if found.help is None else f"{first}\n  {_help(found.help)}"
    return "\n".join((first, *_excerpt(found, source_lines[span.start.line - 1])))


def _help(text: str | None) -> str:
    return _coloured(text or "", "help", sys.stderr)


def _excerpt(found: Diagnostic, line: str) -> tuple[str, str]:
    """The line, and under it the culprit underlined with what to do."""
    start, end = _columns(found.span, line)
    line, start, end = _window(line, start, end)
    number = f"{found.span.start.line:>5}"
    before = "".join(map(_blank, line[:start]))
    marks = "^" * max(sum(map(_width, line[start:end])), 1)
    under = f"{' ' * len(number)} | {before}{marks} {_help(found.help)}".rstrip()
    return f"{number} | {_clean(line)}".rstrip(), under


def _columns(span: Span, line: str) -> tuple[int, int]:
    """Offsets in `line` of what to underline; of several lines, the first."""
    start = min(span.start.column - 1, len(line))
    same = span.end.line == span.start.line
    end = span.end.column - 1 if same else len(line.rstrip())
    return start, max(min(end, len(line)), start)


def _window(line: str, start: int, end: int) -> tuple[str, int, int]:
    if len(line) <= _WIDEST:
        return line, start, end
    left = max(min(start - 20, len(line) - _WIDEST), 0)
    cut = line[left : left + _WIDEST]
    return cut, start - left, min(end - left, len(cut))


def _blank(character: str) -> str:
    return "\t" if character == "\t" else " " * _width(character)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):  # marks on the one before
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _clean(text: str) -> str:
    """`text` without what a terminal would obey."""
    return "".join(
        each if each == "\t" or each.isprintable() else "\ufffd" for each in text
    )


def _as_json(found: Diagnostic) -> dict[str, object]:
    return {
        "code": found.code,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "file": found.span.source,
        "start": _place(found.span.start),
        "end": _place(found.span.end),
    }


def _place(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}


def _as_annotation(found: Diagnostic) -> str:
    span = found.span
    properties = {
        "file": span.source,
        "line": str(span.start.line),
        "endLine": str(span.end.line),
        "col": str(span.start.column),
        "endColumn": str(span.end.column),
        "title": found.code,
    }
    listed = ",".join(f"{key}={_property(text)}" for key, text in properties.items())
    message = found.message if found.help is None else f"{found.message}: {found.help}"
    return f"::{found.severity} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
