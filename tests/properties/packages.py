"""Generated packages on the disk, imported and thrown away again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from tests.emit.schemas import write
from tests.unseen import Unseen


@contextmanager
def imported(files: Mapping[str, str], beside: Mapping[str, str]) -> Generator[Unseen]:
    """The package of `files`, importable while the block runs, as the user's modules
    `beside` it."""
    name = f"sample_{uuid4().hex}"
    with TemporaryDirectory() as home:
        write(dict(beside), Path(home))
        write(dict(files), Path(home) / name)
        sys.path.insert(0, home)
        importlib.invalidate_caches()
        try:
            yield importlib.import_module(name)
        finally:
            sys.path.remove(home)
            gone = (name, *(path.removesuffix(".py") for path in beside))
            for module in [each for each in sys.modules if each.startswith(gone)]:
                del sys.modules[module]
