"""Values → (path, text): knows no server, and writes nothing."""

from __future__ import annotations

from jobgen.emit.package import Task, emit, tasks_of
from jobgen.emit.render import keep_compiled

__all__ = ["Task", "emit", "keep_compiled", "tasks_of"]
