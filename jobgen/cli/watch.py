"""Does something again whenever one of some files changes.

Looks at the files a few times per second: that works on every platform and file
system, and whatever an editor does to a file: write it in place or in two steps,
delete it first, or move another one there. Knows nothing of schemas.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn, TypeAlias

_INTERVAL = 0.2
"""Seconds between two looks."""

_QUIET = 0.1
"""Seconds without a change after which an editor is taken to have finished."""

_Signature: TypeAlias = tuple[int, int, int] | None
"""What differs when a file was written or replaced; None where there is none."""


def watch(files: Iterable[Path], act: Callable[[], Iterable[Path]]) -> NoReturn:
    """Calls `act`, and again after each change, until an exception such as Ctrl-C.

    `files` are those that the first call will read; each call says which it did,
    or would have if they existed, and these are watched until the next.
    """
    # As they are before the call, which may read them before or after a change.
    seen = _look(files)
    while True:
        read = act()
        new = _look(path for path in read if path not in seen)
        seen = _changed(new | {path: seen[path] for path in read if path in seen})


def _changed(before: Mapping[Path, _Signature]) -> dict[Path, _Signature]:
    """Waits until the files are not as `before`; the result is how they are then."""
    after = _look(before)
    while after == before:
        time.sleep(_INTERVAL)
        after = _look(before)
    while True:
        time.sleep(_QUIET)
        still = _look(before)
        if still == after:
            return still
        after = still


def _look(files: Iterable[Path]) -> dict[Path, _Signature]:
    return {path: _signature(path) for path in files}


def _signature(path: Path) -> _Signature:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
