"""Two branches that both add migrations, and what else becomes of files in a checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import SCHEMA, Project
from tests.migrate.commands import HOME, SUBJECT, migrate, new

JOB = "  send_fax: {columns: {}}\n"
OTHER = SCHEMA + JOB
BOTH = SUBJECT + JOB


def git(project: Project, *arguments: str) -> int:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(
        command, cwd=project.root, check=False, capture_output=True
    ).returncode


def commit(project: Project, schema: str, name: str) -> None:
    assert new(project, schema, name).code == 0
    git(project, "add", ".")
    git(project, "commit", "-qm", name)


@pytest.fixture
def merging(project: Project) -> Project:
    """On `main`, which has a job more, with the branch `other` half merged, which has a
    column more; the schema is that of both."""
    git(project, "init", "-q", "-b", "main")
    commit(project, SCHEMA, "start")
    git(project, "checkout", "-qb", "other")
    commit(project, SUBJECT, "subject")
    git(project, "checkout", "-q", "main")
    commit(project, OTHER, "fax")
    assert git(project, "merge", "other") == 1
    project.write(BOTH)
    return project


def take(project: Project, side: str, *names: str) -> None:
    for name in names:
        assert git(project, "checkout", f"--{side}", str(HOME / name)) == 0


def test_a_conflict_is_named_with_what_to_do(merging: Project, database: str) -> None:
    """By every command, for each of the files that have it, until it is resolved as
    that says."""
    dsn = f"--dsn={database}"
    for name in ("checksums", "snapshot.json"):
        for command in ("plan", "apply", "drift"):
            options = [dsn] if command != "plan" else []
            done = migrate(merging, command, *options)
            assert done.code == 2
            assert f"{HOME / name}: a merge left both sides in it: take" in done.err
        status = migrate(merging, "status", dsn)
        assert (status.code, "a merge left both sides" in status.out) == (1, True)
        take(merging, "ours", name)
        (HOME / "0002_subject.sql").unlink(missing_ok=True)
    assert new(merging, BOTH, "subject").code == 0
    assert migrate(merging, "apply", dsn).code == 0
    assert migrate(merging, "drift", dsn).code == 0


def test_no_change_of_a_merge_is_taken_for_done(merging: Project) -> None:
    """Although one branch's list of migrations stands beside the other's snapshot."""
    take(merging, "ours", "checksums")
    take(merging, "theirs", "snapshot.json")
    (HOME / "0002_subject.sql").unlink()
    done = migrate(merging, "plan")
    assert done.code == 2
    assert "snapshot.json: it is of other migrations than 'checksums' lists" in done.err


@pytest.mark.parametrize("order", [1, -1])
def test_a_list_that_keeps_both_sides_is_none(merging: Project, order: int) -> None:
    """Whichever comes first: each was written after the same file."""
    lines = (HOME / "checksums").read_text().splitlines()
    kept = [line for line in lines if line[0] not in "<=>"]
    text = "\n".join([kept[0], *kept[1:][::order]]) + "\n"
    (HOME / "checksums").write_text(text)
    take(merging, "ours", "snapshot.json")
    done = migrate(merging, "plan")
    assert done.code == 2
    names = [line.split()[1] for line in text.splitlines()]
    assert f"{names[2]}: another branch wrote this migration, beside {names[1]}" in (
        done.err
    )


EDITS: tuple[tuple[Callable[[str], str], str], ...] = (
    (lambda text: text + "hello\n", "checksums: line 3 is not as jobgen wrote it"),
    (lambda text: text.replace("  ", " "), "checksums: line 1 is not as jobgen"),
    (lambda text: "\n" + text, "checksums: line 1 is not as jobgen wrote it"),
    (lambda text: "\ufeff" + text, "checksums: line 1 is not as jobgen wrote it"),
    (
        lambda text: "".join(text.splitlines(keepends=True)[::-1]),
        "checksums: its lines are not in the order of their numbers",
    ),
    (lambda text: text * 2, "checksums: it lists a file twice"),
    (lambda text: text.replace("0002_two", "0002_to"), "0002_to.sql: this migra"),
)


@pytest.mark.parametrize(("change", "told"), EDITS)
def test_a_list_that_was_edited_is_named(
    project: Project, change: Callable[[str], str], told: str
) -> None:
    """With its line, and never by a traceback."""
    new(project, SCHEMA, "one")
    new(project, SUBJECT, "two")
    path = HOME / "checksums"
    path.write_text(change(path.read_text()), encoding="utf-8")
    done = migrate(project, "plan")
    assert done.code == 2
    assert told in done.err


def test_line_ends_of_windows_are_no_change(project: Project, database: str) -> None:
    """A checkout may have them; what is applied is the same."""
    new(project, SCHEMA, "one")
    for path in HOME.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert new(project, SUBJECT, "two").code == 0
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    assert migrate(project, "drift", f"--dsn={database}").out == (
        "no drift: the database is as the schema says\n"
    )


@pytest.mark.parametrize("name", [".#0001_one.sql", "._0001_one.sql", ".DS_Store"])
def test_hidden_files_are_none_of_the_migrations(project: Project, name: str) -> None:
    """Such as the lock of an editor, a link to nowhere, or what macOS leaves."""
    new(project, SCHEMA, "one")
    (HOME / name).symlink_to("user@host.1:1")
    assert migrate(project, "plan").code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "it is not as jobgen wrote it"),
        ('{"jobgen_snapshot": 2}', "install the jobgen that wrote it"),
    ],
)
def test_a_snapshot_that_cannot_be_read_is_named(
    project: Project, text: str, told: str
) -> None:
    """Whatever it is, and whether an older jobgen is to blame."""
    new(project, SCHEMA, "one")
    Path(HOME / "snapshot.json").write_text(text)
    done = migrate(project, "plan")
    assert done.code == 2
    assert told in done.err
