"""The code of everything that a migration may break.

Stage: migrate. Each has a page in `docs/breaks`, which `jobgen explain` prints.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

BreakCode: TypeAlias = Literal[
    "added-label",
    "changed-id",
    "changed-type",
    "new-rule",
    "nullable-now",
    "removed-column",
    "removed-default",
    "removed-job",
    "removed-label",
    "renamed-column",
    "renamed-enum",
    "renamed-table",
    "reordered-labels",
    "required-column",
    "required-now",
]

BREAKS: tuple[BreakCode, ...] = get_args(BreakCode)
"""All of them, in alphabetical order."""
