"""Temporary files in memory, where there is room for them.

Every database is three hundred files, and some disks take a millisecond to make
one: the tests then spend most of their time there.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ENOUGH: Final = 8 * 2**30
"""Bytes, of which the tests take an eighth."""


def prefer() -> None:
    """From now on, here and in what this process starts; what TMPDIR says goes first."""
    if "TMPDIR" not in os.environ and (home := directory()) is not None:
        os.environ["TMPDIR"] = str(home)
        tempfile.tempdir = None  # to be found anew


def directory() -> Path | None:
    """A directory in memory, where there is one with room, that may execute."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)):
        return None
    found = os.statvfs(_MEMORY)
    executes = not found.f_flag & os.ST_NOEXEC
    has_room = found.f_bavail * found.f_frsize >= _ENOUGH
    return _MEMORY if executes and has_room else None
