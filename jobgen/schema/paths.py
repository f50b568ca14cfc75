"""What a path in a schema file may look like.

Stage: schema. Pure: where a path leads, only the file system knows.
"""

from __future__ import annotations

import re

from jobgen.schema.diagnostics import shown
from jobgen.schema.invisible import is_visible

_LONGEST = 1000
"""More than any file needs; to follow a path takes the square of its length."""


def problem_in(path: str) -> tuple[str, str] | None:
    """Why `path` does not mean the same on every machine, and what to write."""
    if len(path) > _LONGEST:
        message = f"this path has more than {_LONGEST:,} characters"
        return message, "write one that every system accepts"
    if not path.strip():
        return "this path is empty", "write one that starts at this file's directory"
    if path.startswith(("/", "~")) or re.match("[A-Za-z]:", path):
        message = f"{shown(path)} is not relative to this file"
        return message, "write a path that starts at this file's directory"
    if "\\" in path or not is_visible(path):
        return f"{shown(path)} is not a portable path", "write '/' between the parts"
    return None
