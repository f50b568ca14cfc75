"""Diagnostics as text, as JSON and as workflow annotations."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest

from jobgen.cli import report
from jobgen.schema.diagnostics import Diagnostic, Span
from tests.cli.project import SCHEMA, Project

_WRONG = SCHEMA.replace("text", "txt")


def test_the_culprit_is_underlined(project: Project) -> None:
    """With what to write instead beside it."""
    project.write(_WRONG)
    done = project.build()
    assert done.out == ""
    assert done.err == (
        "schemas/jobs.yaml:6:22: error[unknown-type]:"
        " 'txt' is not a PostgreSQL type that jobgen knows\n"
        "    6 |     columns: {email: txt}\n"
        "      |                      ^^^ did you mean 'text'?\n"
        "more: jobgen explain unknown-type\n"
    )


def test_a_warning_alone_sends_nobody_to_a_page(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The last line is for those who must change something."""
    warning = Diagnostic(
        code="wrong-type",
        message="odd",
        span=Span.whole("jobs.yaml"),
        severity="warning",
    )
    report.diagnostics([warning], {}, "text")
    assert capsys.readouterr().err == "jobs.yaml: warning[wrong-type]: odd\n"


def test_json_has_positions_from_one(project: Project) -> None:
    """One array on stdout, empty where nothing is wrong."""
    project.write(_WRONG)
    done = project.build("--format", "json")
    assert (done.code, done.err) == (2, "")
    assert json.loads(done.out) == [
        {
            "code": "unknown-type",
            "severity": "error",
            "message": "'txt' is not a PostgreSQL type that jobgen knows",
            "help": "did you mean 'text'?",
            "file": "schemas/jobs.yaml",
            "start": {"line": 6, "column": 22},
            "end": {"line": 6, "column": 25},
        }
    ]
    project.write(SCHEMA)
    done = project.build("--format", "json", "--check")
    assert (done.code, json.loads(done.out)) == (1, [])


def test_github_gets_one_annotation_a_line(project: Project) -> None:
    """With what its syntax reserves escaped."""
    project.write(SCHEMA.replace("text", '"50%, so: what"'))
    done = project.build("--format", "github")
    assert done.out.startswith(
        "::error file=schemas/jobs.yaml,line=6,endLine=6,col=22,endColumn=37,"
        "title=unknown-type::'50%25, so: what' is not"
    )
    assert done.out.count("\n") == 1


def test_wide_characters_and_tabs_keep_the_underline_in_place(
    project: Project,
) -> None:
    """A terminal gives two columns to an ideograph."""
    project.write(SCHEMA + "  m:\n    columns: {a: 日本, b: x}\n")
    done = project.build()
    assert "    8 |     columns: {a: 日本, b: x}\n" in done.err
    assert "      |                  ^^^^ use" in done.err
    assert "      |                           ^ use" in done.err


def test_marks_above_and_below_a_letter_take_no_column(project: Project) -> None:
    """Thai vowels and Hindi ones, of which Unicode says no class of combining."""
    for word in ("\u0e01\u0e33\u0e25\u0e31\u0e07", "\u0915\u0941", "e\u0301"):
        marks = sum(unicodedata.category(each) == "Mn" for each in word)
        project.write(SCHEMA + f"  m: {{doc: {word}, columns: {{b: x}}}}\n")
        [line, under] = project.build().err.splitlines()[1:3]
        assert line.index("x}}") - marks == under.index("^")


def test_a_long_line_is_cut_around_the_culprit(project: Project) -> None:
    """100 kB of text do not flood the terminal."""
    project.write(SCHEMA + f"  m: {{columns: {{a: x}}, doc: {'y' * 100_000}, k: 1}}\n")
    done = project.build()
    assert len(done.err) < 2000
    assert "k: 1}" in done.err


def test_what_a_terminal_would_obey_is_not_printed(project: Project) -> None:
    """An escape sequence in a schema is shown as a replacement character."""
    project.write(SCHEMA + "  # \x1b[2J\n")
    done = project.build()
    assert "\x1b" not in done.err
    assert "control-character" in done.err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    no_color: str,
    coloured: bool,
) -> None:
    """NO_COLOR is obeyed."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    project.write(_WRONG)
    project.build()
    assert ("\033[31m" in terminal.getvalue()) is coloured


def test_a_poor_encoding_loses_nothing_but_beauty(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under an ASCII locale, too, there is no traceback."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    project.write(SCHEMA.replace("text", "текст"))
    assert project.build().code == 2


def test_the_documentation_shows_each_format_as_it_is(project: Project) -> None:
    """Programs are written after it."""
    page = Path(__file__).parents[2] / "docs" / "output-formats.md"
    shown = page.read_text(encoding="utf-8")
    project.write(_WRONG)
    assert f"```\n{project.build().err}```" in shown
    assert f"```json\n{project.build('--format', 'json').out}```" in shown
    assert f"```\n{project.build('--format', 'github').out}```" in shown
