"""What runs of jobgen leave for later ones, in the user's cache directory.

Nothing depends on it: whatever is missing or damaged is made anew, and where
nothing can be kept, each run is as slow as the first.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class Kept:
    """Things of one kind, by name."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def get(self, name: str) -> bytes | None:
        """What is kept under `name`, if anything is."""
        with contextlib.suppress(OSError):
            return self._path(name).read_bytes()
        return None

    def put(self, name: str, data: bytes) -> None:
        """Keeps `data`, at once or not at all."""
        with contextlib.suppress(OSError):
            path = self._path(name)
            temporary = path.with_name(f"{name}.{os.urandom(4).hex()}")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)

    def _path(self, name: str) -> Path:
        return _directory() / "jobgen" / self._kind / name


def _directory() -> Path:
    """The user's cache directory; an OSError where there is none.

    A relative XDG_CACHE_HOME is to be ignored, and an account may have no home.
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named
    try:
        return Path.home() / ".cache"
    except RuntimeError as error:
        raise FileNotFoundError("this account has no home directory") from error
