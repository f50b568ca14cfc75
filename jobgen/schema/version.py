"""The version of the grammar that a file is written in.

Stage: schema.
"""

from __future__ import annotations

from jobgen.schema.diagnostics import Gatherer
from jobgen.schema.grammar import GRAMMAR
from jobgen.schema.grammar import Top as Keys
from jobgen.schema.nodes import Mapping


def is_readable(root: Mapping, found: Gatherer) -> bool:
    """Whether the rest of the file means anything to this release."""
    entry = root.find(Keys.JOBGEN.name)
    if entry is None:
        return True  # where it must not be missing, it is reported with other keys
    version = Keys.JOBGEN.form.read(entry.value, found)
    if version is not None and version != GRAMMAR:
        message = f"this jobgen reads version {GRAMMAR} of the grammar, not {version}"
        help = f"write 'jobgen: {GRAMMAR}', or install another jobgen"
        found.error("unsupported-version", entry.value.span, message, help)
    return version in (None, GRAMMAR)
