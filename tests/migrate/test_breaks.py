"""Everything that a migration may break has a page, and every page keeps its word."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jobgen.cli import explain
from jobgen.migrate.codes import BREAKS, BreakCode
from tests.cli.project import Project
from tests.migrate.commands import migrate, new

PAGES = Path(__file__).parents[2] / "docs" / "breaks"

_HEAD = "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\n"
_PAGE = re.compile(
    r"# (?P<title>\S+)\n\n[^\n]+\.\n\n.+?"
    r"\n\nFrom:\n\n```yaml\n(?P<before>.+?)\n```"
    r"\n\nTo:\n\n```yaml\n(?P<after>.+?)\n```"
    r"(?:\n\nInstead:\n\n```yaml\n(?P<instead>.+?)\n```)?\n",
    re.DOTALL,
)


def _page(code: BreakCode) -> re.Match[str]:
    page = _PAGE.fullmatch(explain.page(code))
    assert page is not None, f"{code}.md has another shape than the other pages"
    assert page["title"] == code
    return page


@pytest.mark.parametrize("code", BREAKS)
def test_the_change_of_a_page_has_its_code(code: BreakCode, project: Project) -> None:
    """It is refused exactly where the page says what to do instead."""
    page = _page(code)
    assert new(project, _HEAD + page["before"] + "\n").code == 0
    project.write(_HEAD + page["after"] + "\n")
    plain = json.loads(migrate(project, "plan", "--format=json").out)
    [found] = [each for each in plain["breaks"] if each["code"] == code]
    assert found["refused"] == (page["instead"] is not None)


@pytest.mark.parametrize("code", BREAKS)
def test_what_a_page_offers_instead_is_done(code: BreakCode, project: Project) -> None:
    """Without a word about anything that is refused."""
    page = _page(code)
    new(project, _HEAD + page["before"] + "\n")
    done = new(project, _HEAD + (page["instead"] or page["after"]) + "\n")
    assert (done.code, done.err) == (0, "")


def test_a_page_is_that_of_a_code() -> None:
    """None lacks, and none is left of a code that is gone; in alphabetical order."""
    assert sorted(path.stem for path in PAGES.glob("*.md")) == list(BREAKS)


def test_a_page_is_printed(project: Project) -> None:
    """By the command that a refusal names."""
    done = project.run("explain", "removed-job")
    assert (done.code, done.out) == (0, (PAGES / "removed-job.md").read_text())
