"""What differs between two databases, as values.

Stage: migrate. A `Change` says what was (None: nothing), what is to be (None: it
goes), and of which table. Pure; drift and the plan are made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from jobgen.schema.grants import Grant
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Function, Trigger
from jobgen.schema.tables import (
    Alias,
    Check,
    Column,
    EnumType,
    ForeignKey,
    Hindrance,
    Sync,
    Table,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryKey:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of a table's storage parameters."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """On a table, or on a type where `on_type`."""

    text: str | None
    on_type: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """The sequence that triggers look at."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """`object` as GRANT names it: `SCHEMA jobs`, `jobs.work_jobs`, `SEQUENCE …`."""

    object: str
    grant: Grant


Part: TypeAlias = (
    Extension
    | EnumType
    | Alias
    | Table
    | Column
    | PrimaryKey
    | Check
    | ForeignKey
    | Index
    | Option
    | Comment
    | Function
    | Wake
    | Trigger
    | Hindrance
    | Sync
    | Granted
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`where` is the qualified name of the table, type or schema; `old` and `new`
    are of one kind, and differ."""

    where: str
    old: Part | None
    new: Part | None
