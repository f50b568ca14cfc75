"""Tables of others to which migrations refer, made where there are none.

Stage: migrate, a part of `verify`'s shell. What they refer to is read out of their
text: a reference that was taken away since is in it all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jobgen.migrate.catalog import Connection

_NAME = r'(?:"(?:[^"]|"")*"|[a-z_][a-z0-9_]*)'
_TABLE = rf"{_NAME}\.{_NAME}"
_REFERENCE = re.compile(
    rf"ALTER TABLE (?P<table>{_TABLE})\s+ADD CONSTRAINT {_NAME}"
    rf" FOREIGN KEY \((?P<column>{_NAME})\)\s+REFERENCES"
    rf" (?P<target>(?P<schema>{_NAME})\.{_NAME}) \((?P<key>{_NAME})\)"
)
_MADE = re.compile(rf"CREATE TABLE ({_TABLE})")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """From `column` of `table` to `key` of `target`, each as it is quoted in SQL."""

    table: str
    column: str
    schema: str  # of the target
    target: str
    key: str

    def is_in(self, statement: str) -> bool:
        name = re.escape(self.target)
        return re.search(rf'(?<![\w".]){name}(?![\w".])', statement) is not None


class StandIns:
    """Empty tables with the keys that `scripts` refer to and do not make."""

    def __init__(self, scripts: Iterable[str]) -> None:
        text = "\n".join(scripts)
        own = set(_MADE.findall(text))
        found = (_Reference(**match.groupdict()) for match in _REFERENCE.finditer(text))
        self._references: Sequence[_Reference] = [
            each for each in dict.fromkeys(found) if each.target not in own
        ]
        self._keys: dict[str, set[str]] = {}
        """Of the tables that were made."""

    def make_for(self, conn: Connection, statement: str) -> None:
        """What `statement` names: looks at a table come before it is referred to."""
        for reference in self._references:
            if reference.is_in(statement):
                self._make(conn, reference)

    def _make(self, conn: Connection, reference: _Reference) -> None:
        keys = self._keys.get(reference.target, set[str]())
        row = conn.execute(_TYPE, [reference.table, reference.column]).fetchone()
        if row is None or reference.key in keys:
            return
        column = f"{reference.key} {row[0]} UNIQUE"
        if keys:
            conn.execute(f"ALTER TABLE {reference.target} ADD {column}".encode())
        else:
            schema = f"CREATE SCHEMA IF NOT EXISTS {reference.schema}"
            conn.execute(schema.encode())
            conn.execute(f"CREATE TABLE {reference.target} ({column})".encode())
        self._keys[reference.target] = {*keys, reference.key}


_TYPE = """
SELECT format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass(%s) AND quote_ident(attname) = %s
"""
