"""Generated packages are clean in every tool that a user may run on them."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.emit.packages import packages, user_modules
from tests.emit.schemas import write

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("checked")
    for name, files in packages().items():
        write(files, home / "code" / f"sample_{name}")
    write(user_modules(), home / "code")
    return home


def run(directory: Path, tool: str, *arguments: str) -> str:
    """What the tool finds."""
    result = subprocess.run(
        [SCRIPTS / tool, *arguments],
        cwd=directory,
        env={"PATH": str(SCRIPTS), "MYPYPATH": str(ROOT), "HOME": str(Path.home())},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr


@pytest.mark.parametrize("version", ["py311", "py312", "py313", "py314"])
def test_ruff_finds_nothing(directory: Path, version: str) -> None:
    """With its defaults, wherever the package lies."""
    options = ("--isolated", "--no-cache", "--target-version", version)
    for place in (".", "code"):
        assert run(directory / place, "ruff", "check", *options, ".") == ""


def test_ruff_would_format_nothing(directory: Path) -> None:
    """Without a formatter at build time."""
    options = ("--isolated", "--no-cache", "--diff", "--target-version", "py311")
    assert run(directory, "ruff", "format", *options, "code") == ""


def test_mypy_finds_nothing(directory: Path) -> None:
    """With --strict, and nothing that needs ignoring."""
    options = ("--strict", "--config-file=", "--cache-dir=cache")
    assert run(directory / "code", "mypy", *options, ".") == ""


def test_pyright_finds_nothing(directory: Path) -> None:
    """In its strict mode."""
    settings = {
        "typeCheckingMode": "strict",
        "include": ["code"],
        "extraPaths": [str(ROOT), str(directory / "code")],
    }
    path = directory / "pyrightconfig.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    options = ("--pythonpath", sys.executable, "-p", str(path))
    assert run(directory, "pyright", *options) == ""


def test_every_package_can_be_imported(directory: Path) -> None:
    """Each module of each, and each name in it, which a checker does not prove."""
    script = (
        "import importlib, pathlib\n"
        "for path in sorted(pathlib.Path('.').rglob('*.py')):\n"
        "    name = '.'.join(path.with_suffix('').parts)\n"
        "    module = importlib.import_module(name.removesuffix('.__init__'))\n"
        "    for name in getattr(module, '__all__', ()):\n"
        "        getattr(module, name)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=directory / "code",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
