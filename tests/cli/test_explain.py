"""`jobgen explain`: every diagnostic has a page, and every page keeps its word."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobgen.cli import explain
from jobgen.migrate.codes import BREAKS
from jobgen.schema.codes import CODES, Code
from tests.cli.project import SCHEMA, Project

PAGES = Path(__file__).parents[2] / "docs" / "diagnostics"
INDEX = PAGES.with_suffix(".md")

_WARNINGS = (
    "deprecated-default",
    "ignored-setting",
    "unique-while-waiting",
    "unknown-table",
)

_HEAD = "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\n"
_PAGE = re.compile(
    r"# (?P<title>\S+)\n\n(?P<summary>[^\n]+\.)\n\n.+?"
    r"\n\nWrong:\n\n```(?P<kind>yaml|console)\n(?P<wrong>.+?)\n```"
    r"\n\nRight:\n\n```(?P=kind)\n(?P<right>.+?)\n```\n",
    re.DOTALL,
)


def _page(code: Code) -> re.Match[str]:
    page = _PAGE.fullmatch(explain.page(code))
    assert page is not None, f"{code}.md has another shape than the other pages"
    return page


def _try(page: re.Match[str], which: str, project: Project) -> tuple[int, set[str]]:
    """Exit status and codes that an example of a page leads to.

    An example of commands runs where there is a schema with a letter that is not
    ASCII; one of YAML is a schema, or a part to which every schema's head belongs.
    """
    if page["kind"] == "console":
        project.write("# Für alle\n" + SCHEMA)
        return _shell(page[which], project)
    whole = page[which] if "jobgen:" in page[which] else _HEAD + page[which]
    project.write(whole + "\n")
    done = project.build("--format", "json")
    return done.code, {each["code"] for each in json.loads(done.out)}


def _shell(session: str, project: Project) -> tuple[int, set[str]]:
    binaries = Path(sys.executable).parent
    commands = [line.removeprefix("$ ") for line in session.splitlines()]
    done = subprocess.run(
        "\n".join(commands),
        shell=True,
        cwd=project.root,
        env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    return done.returncode, set(re.findall(r"(?:error|warning)\[(\S+)\]", done.stderr))


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_example_of_a_page_is_reported_by_its_code_alone(
    code: Code, project: Project
) -> None:
    """And so each code is one that jobgen still gives."""
    status, found = _try(_page(code), "wrong", project)
    assert found == {code}
    assert status == (0 if code in _WARNINGS else 2)


@pytest.mark.parametrize("code", CODES)
def test_the_right_example_of_a_page_builds(code: Code, project: Project) -> None:
    """Without an error."""
    status, found = _try(_page(code), "right", project)
    assert (status, found) == (0, set())


def test_a_page_is_that_of_a_code() -> None:
    """None lacks, and none is left of a code that is gone."""
    titles = {path.stem: _page_title(path) for path in PAGES.glob("*.md")}
    assert titles == {code: f"# {code}" for code in CODES}


def _page_title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0]


def test_codes_are_in_alphabetical_order() -> None:
    """As lists of them are printed."""
    assert list(CODES) == sorted(set(CODES))


def test_the_golden_index_of_the_pages_lists_each_code(rewrite_golden: bool) -> None:
    """With the line that `jobgen explain` prints for it."""
    lines = [
        f"- [{code}](diagnostics/{code}.md): {explain.summary(code)}\n"
        for code in CODES
    ]
    text = INDEX.read_text(encoding="utf-8")
    head = "".join(_before_the_list(text))
    if rewrite_golden:
        INDEX.write_text(head + "".join(lines), encoding="utf-8", newline="\n")
        text = INDEX.read_text(encoding="utf-8")
    assert text == head + "".join(lines)


def _before_the_list(text: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        if line.startswith("- "):
            return
        yield line


def test_a_page_is_printed_as_it_is(project: Project) -> None:
    """Markdown is readable in a terminal."""
    done = project.run("explain", "unknown-type")
    assert (done.code, done.err) == (0, "")
    assert done.out == (PAGES / "unknown-type.md").read_text(encoding="utf-8")


def test_without_a_code_all_are_listed(project: Project) -> None:
    """One a line, with what it means."""
    done = project.run("explain")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == [
        *CODES,
        *BREAKS,
    ]
    assert "empty-file              The file contains no schema.\n" in done.out


def test_an_unknown_code_is_answered_with_the_closest(project: Project) -> None:
    """Or with where to find it."""
    done = project.run("explain", "unkown-type")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "jobgen: 'unkown-type' is not the code of a diagnostic:"
        " did you mean 'unknown-type'?\n"
    )
    assert "'jobgen explain' lists all" in project.run("explain", "E0308").err
