"""`.pre-commit-hooks.yaml`: what other projects run at each commit."""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Final, TypedDict

import pytest
import yaml

from tests.cli.project import SCHEMA, Project

_FILE: Final = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"


class _Hook(TypedDict):
    """What a hook says, apart from its `id`."""

    name: str
    description: str
    language: str
    entry: str
    args: list[str]
    always_run: bool
    pass_filenames: bool


_HOOKS: Final[dict[str, _Hook]] = {
    hook["id"]: hook for hook in yaml.safe_load(_FILE.read_text("utf-8"))
}


def _run(project: Project, hook: str) -> subprocess.CompletedProcess[str]:
    """As the framework does: the entry's words, the arguments, no file names."""
    entry = shlex.split(_HOOKS[hook]["entry"])
    return subprocess.run(
        [*entry, *_HOOKS[hook]["args"]],
        cwd=project.root,
        env=os.environ | {"PATH": sysconfig.get_path("scripts")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("hook", _HOOKS)
def test_a_hook_says_all_that_the_framework_needs(hook: str) -> None:
    """It installs jobgen itself, and names its schema file in place of changed ones."""
    settings = _HOOKS[hook]
    assert settings["language"] == "python"
    assert (settings["always_run"], settings["pass_filenames"]) == (True, False)
    assert settings["name"]
    assert settings["description"]


def test_the_hooks_check_and_build(project: Project) -> None:
    """A commit fails until the package is what the schema makes."""
    assert _run(project, "jobgen-build-check").returncode == 1
    assert _run(project, "jobgen-build").returncode == 0
    assert _run(project, "jobgen-build-check").returncode == 0
    project.write(SCHEMA.replace("email", "address"))
    assert _run(project, "jobgen-build-check").returncode == 1
