"""Values → (path, text): knows no server, and writes nothing."""

from __future__ import annotations

from jobgen.emit.package import emit

__all__ = ["emit"]
