"""Fixtures for the tests of migrations."""

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
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    project = Project(tmp_path / "project", capsys)
    monkeypatch.chdir(project.root)
    return project


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> int:
    """Of a table that is migrated while it is used."""
    return int(str(request.config.getoption("--live-rows")))
