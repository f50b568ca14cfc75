"""What is generated is clean in every tool that a user may run on it.

Many packages go through one run of each tool, because starting it costs most.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from tests.emit.schemas import write
from tests.emit.test_checkers import run
from tests.properties.cases import Case
from tests.properties.profiles import examples
from tests.properties.schemas import ORDINARY, cases

ROOT = Path(__file__).parent.parent.parent

_OPTIONS = ("--isolated", "--no-cache", "--exclude", "app_*.py")
"""For ruff, which need not like the user's modules."""


def _write(directory: Path, wanted: int, longest: int) -> None:
    """About `wanted` packages, each with the schema that it was made of."""
    count = iter(range(1_000_000))

    @settings(examples(wanted), phases=[Phase.generate], database=None)
    @given(cases(longest=longest))
    def collect(case: Case) -> None:
        number = next(count)
        write(case.package(), directory / f"sample_{number}")
        write(case.user_modules, directory)
        case.write(directory.parent / f"schema_{number}")  # to look at

    collect()


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages with names of ordinary length."""
    home = tmp_path_factory.mktemp("ordinary")
    _write(home / "code", 12, ORDINARY)
    return home


@pytest.fixture(scope="module")
def any_length(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages with names as long as PostgreSQL allows."""
    home = tmp_path_factory.mktemp("any_length")
    _write(home / "code", 12, 63)
    return home


@pytest.mark.parametrize("version", ["py311", "py312", "py313", "py314"])
def test_ruff_finds_nothing(any_length: Path, ordinary: Path, version: str) -> None:
    """With its defaults, for each Python."""
    options = (*_OPTIONS, "--target-version", version)
    for home in (any_length, ordinary):
        assert run(home / "code", "ruff", "check", *options, ".") == ""


def test_ruff_would_format_nothing(ordinary: Path) -> None:
    """Where names are of ordinary length."""
    options = (*_OPTIONS, "--diff", "--target-version", "py311")
    assert run(ordinary / "code", "ruff", "format", *options, ".") == ""


def test_mypy_finds_nothing(any_length: Path) -> None:
    """With --strict."""
    options = ("--strict", "--config-file=", "--cache-dir=../cache")
    assert run(any_length / "code", "mypy", *options, ".") == ""


def test_pyright_finds_nothing(any_length: Path) -> None:
    """In its strict mode."""
    config = {
        "typeCheckingMode": "strict",
        "include": ["code"],
        "extraPaths": [str(ROOT)],
    }
    path = any_length / "pyrightconfig.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    options = ("--pythonpath", sys.executable, "-p", str(path))
    assert run(any_length, "pyright", *options) == ""
