"""Values → (path, text): knows no server, and writes nothing."""

from __future__ import annotations

from jobgen.emit.package import emit
from jobgen.emit.render import keep_compiled

__all__ = ["emit", "keep_compiled"]
