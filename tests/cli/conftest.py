"""Fixtures for the tests of commands."""

from pathlib import Path

import pytest

from tests.cli.project import Project


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache directory."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(directory))
    return directory


@pytest.fixture
def project(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """A project, with its root as the current directory."""
    project = Project(tmp_path / "project", capsys)
    monkeypatch.chdir(project.root)
    return project
