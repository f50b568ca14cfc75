"""`jobgen build --check`: what a build would change."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys

import pytest

from tests.cli.project import SCHEMA, Project


def test_a_fresh_package_passes(project: Project) -> None:
    """Without a word."""
    project.build()
    done = project.build("--check")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_differs_is_shown_and_nothing_is_written(project: Project) -> None:
    """A diff, what is missing, what is stale, and the command that mends it."""
    project.write(SCHEMA + "  post_webhook:\n    columns: {url: text}\n")
    project.build()
    project.write(SCHEMA.replace("email", "address"))
    (project.output / "enums.py").unlink()
    before = project.files()
    done = project.build("--check")
    assert done.code == 1
    assert done.err == ""
    lines = done.out.splitlines()
    assert "missing: app_jobs/enums.py" in lines
    assert "stale: app_jobs/post_webhook.py" in lines
    assert "--- app_jobs/send_mail.py (on disk)" in lines
    assert "-    email: str" in lines
    assert "+    address: str" in lines
    assert lines[-1] == "run: jobgen build schemas/jobs.yaml"
    assert project.files() == before


def test_paths_are_told_from_here(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beside the current directory, as an editor that is there opens them."""
    monkeypatch.chdir(project.root / "schemas")
    done = project.run("build", "--check", "jobs.yaml")
    assert "missing: ../app_jobs/send_mail.py" in done.out.splitlines()
    assert project.run("build", "jobs.yaml").out == "../app_jobs: wrote 9 files\n"


def test_a_line_end_alone_is_a_difference(project: Project) -> None:
    """A checkout that turns LF into CRLF changes generated files."""
    project.build()
    path = project.output / "enums.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = project.build("--check")
    assert done.code == 1
    assert "+++ app_jobs/enums.py (from the schema)" in done.out


@pytest.mark.parametrize("end", [b"# mine\n", b"# mine", b"\n\n"])
def test_the_diff_can_be_applied(project: Project, end: bytes) -> None:
    """Also where the end of a file differs, or the newline there."""
    project.build()
    path = project.output / "enums.py"
    fresh = path.read_bytes()
    for mine in (fresh + end, fresh[:-1], fresh[:-1] + end):
        path.write_bytes(mine)
        diff = project.build("--check").out
        for side in (" (on disk)", " (from the schema)"):
            diff = diff.replace(side, "")
        apply = ["git", "apply", "-p0", "-"]
        subprocess.run(apply, input=diff.encode(), cwd=project.root, check=True)
        assert path.read_bytes() == fresh


def test_a_mistake_in_the_schema_is_not_a_difference(project: Project) -> None:
    """Exit status 2: it cannot be told."""
    project.write(SCHEMA.replace("text", "txt"))
    done = project.build("--check")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'text'?" in done.err


@pytest.mark.parametrize("output", ["other place", "-dash", "it's"])
def test_the_command_that_mends_can_be_pasted(project: Project, output: str) -> None:
    """Into a shell, whatever the arguments were."""
    odd = project.root / "-odd name.yaml"
    odd.write_text(SCHEMA)
    arguments = (f"--output={output}", "--", odd.name)
    assert project.run("build", "--check", *arguments).code == 1
    last = project.run("build", "--check", *arguments).out.splitlines()[-1]
    jobgen, *mending = shlex.split(last.removeprefix("run: "))
    assert jobgen == "jobgen"
    assert project.run(*mending).code == 0
    assert project.run("build", "--check", *arguments).code == 0


def test_the_command_that_mends_names_all_schemas(project: Project) -> None:
    """Of which some are fresh."""
    other = project.root / "more.yaml"
    other.write_text(SCHEMA.replace("../app_jobs", "more").replace("app_jobs", "more"))
    project.build()
    done = project.run("build", "--check", "schemas/jobs.yaml", "more.yaml")
    assert done.code == 1
    assert "missing: more/enums.py" in done.out
    assert "app_jobs" not in done.out
    assert done.out.endswith("run: jobgen build schemas/jobs.yaml more.yaml\n")


def test_standard_input_is_checked_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths in it are relative to the current directory."""
    text = SCHEMA.replace("../app_jobs", "app_jobs").encode()
    codes: list[int] = []
    for options in (("--check",), (), ("--check",)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        codes.append(project.run("build", *options, "-").code)
    assert codes == [1, 0, 0]


def test_beside_json_the_diff_goes_to_stderr(project: Project) -> None:
    """Stdout is one array."""
    done = project.build("--check", "--format", "json")
    assert (done.code, done.out) == (1, "[]\n")
    assert "missing: app_jobs/enums.py" in done.err


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_a_diff_has_colour_on_a_terminal_that_wants_it(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    no_color: str,
    coloured: bool,
) -> None:
    """Lines, not the names of the two sides; a comment of SQL is a line."""
    project.build()
    path = project.output / "schema.sql"
    path.write_text(path.read_text("utf-8") + "-- mine\n", "utf-8")
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("NO_COLOR", no_color)
    assert project.build("--check").code == 1
    lines = stream.getvalue().splitlines()
    removed = "\033[31m--- mine\033[0m" if coloured else "--- mine"
    assert removed in lines
    assert "--- app_jobs/schema.sql (on disk)" in lines
