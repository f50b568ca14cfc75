"""`docs/example.md` shows what jobgen makes of the schema in it.

`make golden` writes what it shows anew.
"""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from jobgen.cli.main import main

EXAMPLE = Path(__file__).parents[1] / "docs" / "example.md"
SCHEMA = "schemas/jobs.yaml"

_SHOWN = re.compile(
    r'<!-- (?P<file>[^,\n]+?)(?:, from "(?P<first>[^"]+)")?(?: to "(?P<end>[^"]+)")? -->'
    r"\n```\w+\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


def _part(text: str, first: str | None, end: str | None) -> str:
    """The lines from the one that begins with `first` until one begins with `end`."""
    lines = text.splitlines()
    if first is not None:
        starts = (at for at, line in enumerate(lines) if line.startswith(first))
        lines = lines[next(starts) :]
    if end is not None:
        lines = list(takewhile(lambda line: not line.startswith(end), lines))
    return "\n".join(lines).strip("\n") + "\n"


def test_the_golden_example_shows_what_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rewrite_golden: bool
) -> None:
    """Every part that it shows of a file is there, as it is shown."""
    page = EXAMPLE.read_text(encoding="utf-8")
    [schema] = (shown for shown in _SHOWN.finditer(page) if shown["file"] == SCHEMA)
    monkeypatch.chdir(tmp_path)
    Path("schemas").mkdir()
    Path(SCHEMA).write_text(schema["text"], encoding="utf-8")
    assert main(["build", SCHEMA]) == 0

    def fresh(shown: re.Match[str]) -> str:
        text = Path(shown["file"]).read_text(encoding="utf-8")
        before = page[shown.start() : shown.start("text")]
        return f"{before}{_part(text, shown['first'], shown['end'])}```"

    expected, blocks = _SHOWN.subn(fresh, page)
    assert blocks == page.count("<!--") == page.count("```") // 2
    if rewrite_golden:
        EXAMPLE.write_text(expected, encoding="utf-8", newline="\n")
        page = expected
    assert page == expected
