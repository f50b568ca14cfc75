"""mypy and pyright reject every mistake of the table, and nothing but the mistake.

Each checker runs once over all the modules, wrong and right: a run for each
would take as long as the rest of the tests together.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import generated_example
from tests.emit.schemas import write
from tests.typing.columns import PACKAGE, package
from tests.typing.mistake import Mistake
from tests.typing.mistakes import MISTAKES

CHECKOUT = Path(generated_example.__file__).parents[1]


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A directory with two modules for each mistake."""
    for mistake in MISTAKES:
        (tmp_path / f"{mistake.module('wrong')}.py").write_text(mistake.wrong)
        (tmp_path / f"{mistake.module('right')}.py").write_text(mistake.right)
    write(package(), tmp_path / PACKAGE)
    return tmp_path


def _mypy(modules: Path) -> Mapping[str, str]:
    """Module → what mypy says about it."""
    (modules / "mypy.ini").write_text(
        f"[mypy]\nstrict = true\nmypy_path = {CHECKOUT}\nfollow_imports = silent\n"
    )
    said = _run("mypy", "--config-file=mypy.ini", "--no-error-summary", ".", at=modules)
    found: defaultdict[str, str] = defaultdict(str)
    for line in said.splitlines():
        path, _, message = line.partition(":")
        found[Path(path).stem] += f"{message}\n"
    return found


def _pyright(modules: Path) -> Mapping[str, str]:
    """Module → what pyright says about it."""
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(CHECKOUT)]}
    # What snippets are like, and no mistake that the table is about.
    settings |= dict.fromkeys(("reportUnusedImport", "reportUnusedVariable"), "none")
    (modules / "pyrightconfig.json").write_text(json.dumps(settings))
    said = _run("pyright", "--outputjson", f"--pythonpath={sys.executable}", at=modules)
    found: defaultdict[str, str] = defaultdict(str)
    for diagnostic in json.loads(said)["generalDiagnostics"]:
        found[Path(diagnostic["file"]).stem] += f"{diagnostic['message']}\n"
    return found


def _run(checker: str, *arguments: str, at: Path) -> str:
    """What a type checker prints, whether or not it finds something."""
    done = subprocess.run(
        [sys.executable, "-m", checker, *arguments],
        cwd=at,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def _expected_by_mypy(mistake: Mistake) -> str:
    return mistake.mypy


def _expected_by_pyright(mistake: Mistake) -> str:
    return mistake.pyright


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        pytest.param(_mypy, _expected_by_mypy, id="mypy"),
        pytest.param(_pyright, _expected_by_pyright, id="pyright"),
    ],
)
def test_a_mistake_is_rejected(
    modules: Path,
    check: Callable[[Path], Mapping[str, str]],
    expected: Callable[[Mistake], str],
) -> None:
    """With words that lead to it; and the same code without it is accepted."""
    said = check(modules)
    unnoticed = {
        mistake.name: said[mistake.module("wrong")]
        for mistake in MISTAKES
        if expected(mistake) not in said[mistake.module("wrong")]
    }
    assert unnoticed == {}
    refused = {
        mistake.name: said[mistake.module("right")]
        for mistake in MISTAKES
        if said[mistake.module("right")]
    }
    assert refused == {}


def test_every_mistake_has_a_name_of_its_own() -> None:
    """Two of the same name would be one module."""
    names = [mistake.module("wrong") for mistake in MISTAKES]
    assert len(names) == len(set(names))
