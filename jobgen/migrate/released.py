"""The text of a generated package → the statements in it.

Stage: migrate. Pure. The package is of another release and is read, not imported: what
it imports may not be there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_INSERT = re.compile(r"INSERT INTO (\S+) \(([^)]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """One statement: of which file, its name there, and its text."""

    file: str
    name: str
    sql: str

    @property
    def inserts(self) -> tuple[str, tuple[str, ...]] | None:
        """The table that it adds rows to, and the columns that it writes, as quoted."""
        match = _INSERT.match(self.sql)
        if match is None:
            return None
        return match[1], tuple(name.strip() for name in match[2].split(","))


def statements_in(files: Mapping[str, str]) -> tuple[Released, ...]:
    """Those of the modules of jobs; `files` are the package's, by path. The functions
    below `aio` have the same ones. Raises SyntaxError for what is no Python."""
    return tuple(
        found
        for path, text in sorted(files.items())
        if path.endswith(".py") and "/" not in path
        for found in _in_module(path, text)
    )


def _in_module(path: str, text: str) -> Iterator[Released]:
    for node in ast.parse(text).body:
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name), value=ast.Constant(value=str(sql))
            ) if name.endswith("_SQL") and path != "_schema.py":
                yield Released(file=path, name=name, sql=sql)
            case _:
                pass
