"""ARCHITECTURE.md and the contracts of import-linter know every module."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
TEXT: Final = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def _modules(package: str) -> set[str]:
    found = {path.stem for path in (ROOT / "jobgen" / package).glob("*.py")}
    return found - {"__init__"}


def _named(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def test_the_table_of_the_runtime_has_each_module_once() -> None:
    """And no other."""
    _, _, table = TEXT.partition("Inside the runtime:")
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    named = [name for row in rows for name in _named(row)]
    assert sorted(named) == sorted(_modules("runtime"))


def test_what_is_said_to_need_no_server_may_import_none() -> None:
    """Of the migrations: all of it but the shell, which the map lists."""
    [shell] = re.findall(r"all of it pure but (.*?)\. `target`", TEXT)
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings: dict[str, Any] = tomllib.load(file)  # as TOML has it
    [sources] = [
        each["source_modules"]
        for each in settings["tool"]["importlinter"]["contracts"]
        if each["name"] == "What differs, and the steps, are found without a server"
    ]
    pure = {f"jobgen.migrate.{name}" for name in _modules("migrate")}
    pure -= {f"jobgen.migrate.{name}" for name in _named(shell)}
    assert {name for name in sources if name.startswith("jobgen.migrate.")} == pure
