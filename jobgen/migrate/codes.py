"""What a migration may break, as a value with a code.

Stage: migrate. Each code has a page in `docs/breaks`, which `jobgen explain` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
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

Level: TypeAlias = Literal["data", "sql", "python"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """`help` says what to do. A `refused` one has no steps."""

    code: BreakCode
    level: Level
    where: str
    message: str
    help: str
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.level}[{self.code}]: {self.message}: {self.help}"
