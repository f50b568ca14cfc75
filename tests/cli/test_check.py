"""`jobgen build --check`: what a build would change."""

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


def test_a_line_end_alone_is_a_difference(project: Project) -> None:
    """A checkout that turns LF into CRLF changes generated files."""
    project.build()
    path = project.output / "enums.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = project.build("--check")
    assert done.code == 1
    assert "+++ app_jobs/enums.py (from the schema)" in done.out


def test_a_mistake_in_the_schema_is_not_a_difference(project: Project) -> None:
    """Exit status 2: it cannot be told."""
    project.write(SCHEMA.replace("text", "txt"))
    done = project.build("--check")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'text'?" in done.err


def test_the_command_that_mends_names_the_output(project: Project) -> None:
    """So that it can be pasted."""
    done = project.build("--check", "--output", "other place")
    assert done.code == 1
    assert done.out.splitlines()[-1] == (
        "run: jobgen build --output 'other place' schemas/jobs.yaml"
    )
