"""The wheel is complete: installed elsewhere, it builds what the checkout builds.

And an editable install is one for type checkers too.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).parent.parent


def _run(*command: str | Path, cwd: Path) -> None:
    """Run a command that knows nothing of this checkout and its environment."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def _files(directory: Path) -> dict[str, bytes]:
    """Path → content of every file below `directory`, but for Python's caches."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    _run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
        *("--wheel-dir", target, CHECKOUT),
        cwd=target,
    )
    [built] = target.glob("jobgen-*.whl")
    return built


def test_the_wheel_has_every_module_template_and_page(wheel: Path) -> None:
    """What lies in the checkout is in the wheel, and nothing else."""
    packed = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    templates = {f"jobgen/templates/{name}" for name in _files(CHECKOUT / "templates")}
    pages = {f"jobgen/pages/{name}" for name in _files(CHECKOUT / "docs/diagnostics")}
    pages |= {f"jobgen/breaks/{name}" for name in _files(CHECKOUT / "docs/breaks")}
    modules = {f"jobgen/{name}" for name in _files(CHECKOUT / "jobgen")}
    assert modules | templates | pages == packed


def test_an_installed_jobgen_builds_the_example(wheel: Path, tmp_path: Path) -> None:
    """In a clean environment, far from the checkout, the output is the same.

    And the pages of diagnostics are there.
    """
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    binaries = environment / "bin"
    project = tmp_path / "project"
    shutil.copytree(CHECKOUT / "schemas", project / "schemas")
    _run(binaries / "pip", "install", "--quiet", wheel, cwd=tmp_path)
    _run(binaries / "jobgen", "build", "schemas/jobs.yaml", cwd=project)
    expected = _files(CHECKOUT / "generated_example")
    assert expected == _files(project / "generated_example")
    _run(binaries / "jobgen", "explain", "unknown-type", cwd=project)


@pytest.mark.parametrize(
    "checker",
    [
        ["mypy", "--strict", "--python-executable", sys.executable],
        ["pyright", "--pythonpath", sys.executable],
    ],
    ids=["mypy", "pyright"],
)
def test_checkers_far_from_the_checkout_know_the_runtime(
    checker: list[str], tmp_path: Path
) -> None:
    """Of the install that the tests themselves have, which is editable."""
    shutil.copytree(CHECKOUT / "generated_example", tmp_path / "generated_example")
    command = [sys.executable, "-m", *checker, "generated_example"]
    _run(*command, cwd=tmp_path)
