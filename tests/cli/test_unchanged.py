"""A build that changes nothing is quick, and sees all that has changed."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli.project import SCHEMA, Project

BILLING = "jobs:\n  send_bill:\n    columns: {amount: numeric}\n"
ROOT = SCHEMA.replace("jobs:\n", "include: [billing.yaml]\njobs:\n")


@pytest.fixture
def built(project: Project) -> Project:
    """A project of two files that has just been built."""
    (project.root / "schemas" / "billing.yaml").write_text(BILLING)
    project.write(ROOT)
    assert project.build().code == 0
    return project


def imported(project: Project, *options: str) -> set[str]:
    """The modules that a build in a process of its own imports."""
    script = (
        "import sys; from jobgen.cli.main import main;"
        "assert main(sys.argv[1:]) == 0; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "build", *options, "schemas/jobs.yaml"],
        cwd=project.root,
        capture_output=True,
        check=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_nothing_is_made_where_nothing_has_changed(
    built: Project, options: list[str]
) -> None:
    """Neither YAML nor templates are read, so their readers are not imported."""
    before = built.times()
    slow = {"yaml", "jinja2", "jobgen.emit", "jobgen.schema.load"}
    assert not slow & imported(built, *options)
    assert built.times() == before


def test_the_first_build_of_all_is_made(built: Project, cache: Path) -> None:
    """Without memory, and with one that makes no sense."""
    [entry] = (cache / "jobgen" / "builds").iterdir()
    for damage in (b"", b"[]", b"{}", b"\xff", b'{"inputs": []}'):
        entry.write_bytes(damage)
        assert "jinja2" in imported(built)
        assert "jinja2" not in imported(built)


def test_another_generator_makes_it_again(built: Project, cache: Path) -> None:
    """Its output may be another; what is remembered says who made it."""
    [entry] = (cache / "jobgen" / "builds").iterdir()
    known = json.loads(entry.read_bytes())
    entry.write_text(json.dumps(known | {"generator": "0" * 64}))
    assert "jinja2" in imported(built)
    assert json.loads(entry.read_bytes()) == known


def rewrite(path: Path, old: str, new: str) -> None:
    """Changes a file and nothing that can be seen from outside it."""
    status = path.stat()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def relink(project: Project) -> None:
    (project.root / "schemas" / "other.yaml").write_text(
        BILLING.replace("amount", "number")
    )
    (project.root / "schemas" / "billing.yaml").unlink()
    (project.root / "schemas" / "billing.yaml").symlink_to("other.yaml")


def leave_stale(project: Project) -> None:
    text = (project.output / "send_mail.py").read_text()
    (project.output / "aio" / "old.py").write_text(text)


CHANGES: dict[str, Callable[[Project], object]] = {
    "the schema": lambda project: rewrite(
        project.root / "schemas" / "jobs.yaml", "email", "e_mai"
    ),
    "an included file": lambda project: rewrite(
        project.root / "schemas" / "billing.yaml", "amount", "number"
    ),
    "where a link leads": relink,
    "a file of the package": lambda project: rewrite(
        project.output / "aio" / "send_bill.py", "SendBill", "SendBull"
    ),
    "a missing file": lambda project: (project.output / "py.typed").unlink(),
    "a file that is no longer made": leave_stale,
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(built: Project, change: str) -> None:
    """By --check too; and the next build is the same as one without memory."""
    CHANGES[change](built)
    assert built.build("--check").code == 1
    assert built.build().code == 0
    made = built.files()
    assert built.build("--output", "fresh").code == 0
    for path in (built.root / "fresh").rglob("*.py"):
        name = path.relative_to(built.root / "fresh").as_posix()
        assert made[f"app_jobs/{name}"] == path.read_bytes()
    assert "app_jobs/aio/old.py" not in made


def test_an_own_file_beside_the_generated_ones_is_no_change(built: Project) -> None:
    """It is not jobgen's."""
    (built.output / "own.py").write_text("# mine\n")
    assert "jinja2" not in imported(built)
    assert (built.output / "own.py").exists()


def test_a_link_in_the_place_of_a_file_is_still_refused(built: Project) -> None:
    """Though what it leads to is what would be written."""
    module = built.output / "send_mail.py"
    module.rename(built.root / "moved.py")
    module.symlink_to(built.root / "moved.py")
    assert built.build().code == 2


def test_a_new_project_on_the_way_is_seen(built: Project) -> None:
    """It makes what the schema says wrong, without a change to any of its files."""
    (built.root / "schemas" / "pyproject.toml").touch()
    done = built.build()
    assert done.code == 2
    assert "lies outside the project" in done.err


def test_a_cache_that_cannot_be_written_is_done_without(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose user has no home."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert project.build().code == 0
    assert project.build().code == 0
    assert (project.output / "send_mail.py").exists()


def test_an_account_without_a_home_builds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a container's may be: nothing is kept."""

    def unknown(_: int) -> NoReturn:
        raise KeyError

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    project.write(SCHEMA)
    assert project.build().code == 0
    assert project.build().code == 0


def test_a_relative_cache_directory_is_ignored(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be another one in each directory, and lie about in the project."""
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    project.write(SCHEMA)
    assert project.build().code == 0
    assert not (project.root / "cache").exists()
    assert (tmp_path / ".cache" / "jobgen").is_dir()
