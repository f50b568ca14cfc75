"""Fixtures for the tests of commands."""

from pathlib import Path

import pytest

from tests.cli.project import Project


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
