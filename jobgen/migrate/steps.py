"""The steps of a plan, as values: what to run, and what it costs those who work.

Stage: migrate. Pure. A step is what is run, retried and recorded as a whole: one
file. What it claims about locks is compared with pg_locks in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Lock(IntEnum):
    """PostgreSQL's table locks from the weakest to the strongest; those below
    `SHARE_ROW_EXCLUSIVE` let producers and workers go on."""

    NONE = 0
    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE_ROW_EXCLUSIVE = 6
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of SQL without its semicolon, and its locks on tables."""

    sql: str
    locks: tuple[tuple[str, Lock], ...] = ()
    excuse: str = ""
    """`rule, rule: reason`: what the linter squawk would say, and why it is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`bare` ones cannot be in a transaction, and can be run again from any point at
    which they were cut off. `scans`: a whole table is read, so it takes its time.
    `patient`: it waits for old transactions, and nobody waits behind it."""

    title: str
    statements: tuple[Statement, ...]
    bare: bool = False
    rewrites: bool = False
    scans: bool = False
    patient: bool = False

    @property
    def locks(self) -> dict[str, Lock]:
        """The strongest on each table, by its qualified name."""
        found: dict[str, Lock] = {}
        for statement in self.statements:
            for table, lock in statement.locks:
                found[table] = max(lock, found.get(table, Lock.NONE))
        return found


def transaction(title: str, statements: Iterable[Statement]) -> tuple[Step, ...]:
    """The statements as one step; none where there are none."""
    listed = tuple(statements)
    return (Step(title=title, statements=listed),) if listed else ()
