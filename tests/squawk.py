"""What the linter of SQL says."""

from __future__ import annotations

import subprocess
import sysconfig
import tempfile
from collections.abc import Iterable
from pathlib import Path

_SQUAWK = Path(sysconfig.get_path("scripts")) / "squawk"


def findings(scripts: Iterable[str]) -> list[str]:
    """A line each, or more where it fails."""
    with tempfile.TemporaryDirectory() as name:
        paths: list[Path] = []
        for number, script in enumerate(scripts):
            path = Path(name) / f"{number:03}.sql"
            path.write_text(script, encoding="utf-8")
            paths.append(path)
        if not paths:
            return []
        done = subprocess.run(
            [_SQUAWK, "--reporter", "gcc", *paths],
            capture_output=True,
            text=True,
            check=False,
        )
    found = done.stdout.splitlines()
    return found if found or done.returncode == 0 else [done.stderr]
