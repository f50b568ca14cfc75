"""Changes in words: what a database lacks, has beyond the schema, or has otherwise.

Stage: migrate. In: changes from what is there to what should be. Out: one line of
text for each difference. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobgen.migrate.changes import (
    Change,
    Comment,
    Extension,
    Granted,
    Option,
    Part,
    PrimaryKey,
    Wake,
)
from jobgen.schema.grants import Grant
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Function, Trigger
from jobgen.schema.quoting import quote_literal
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
class Difference:
    """`what` of `where`, such as the column `kind` of a table, and how it differs."""

    where: str
    what: str
    text: str

    def __str__(self) -> str:
        what = f" {self.what}" if self.what else ""
        return f"{self.where}:{what} {self.text}"


def differences(changes: Iterable[Change]) -> tuple[Difference, ...]:
    """All of them, in the order of the changes."""
    return tuple(found for change in changes for found in _of(change))


def _of(change: Change) -> Iterator[Difference]:
    part = change.new or change.old
    for text in _texts(change.old, change.new):
        what = "" if part is None else name_of(part)
        yield Difference(where=change.where, what=what, text=text)


def _texts(old: Part | None, new: Part | None) -> Iterator[str]:
    if new is None:
        yield "should not be there"
    elif old is None:
        yield "is missing"
    else:
        before, after = _aspects(old), _aspects(new)
        for aspect, wanted in after.items():
            if before[aspect] != wanted:
                named = f"{aspect} is" if aspect else "is"
                yield f"{named} {before[aspect]}, should be {wanted}"


def name_of(part: Part) -> str:
    """What to call it beside the name of its table; empty for the table itself."""
    match part:
        case Extension():
            return f"extension {part.name}"
        case EnumType() | Table():
            return ""
        case Alias():
            return "domain"
        case Column():
            return f"column {part.name}"
        case PrimaryKey():
            return "primary key"
        case Check():
            return f"check {part.name}"
        case ForeignKey():
            return f"foreign key {part.name}"
        case Index():
            return f"index {part.name}"
        case Option():
            return f"option {part.name}"
        case Comment():
            return "comment"
        case Function():
            return f"function {part.name}"
        case Wake():
            return "wake sequence"
        case Trigger():
            return f"trigger {part.name}"
        case Hindrance():
            return part.name
        case Sync():
            return f"trigger {part.name} of {part.old} and {part.new}"
        case Granted():
            return f"grant {_grant(part.grant)}"


def _grant(grant: Grant) -> str:
    columns = f" ({', '.join(grant.columns)})" if grant.columns else ""
    return f"{grant.privilege}{columns} to {grant.role}"


def _aspects(part: Part) -> dict[str, str]:
    """What may differ between two parts of one name, in words."""
    match part:
        case EnumType():
            return {"with the labels": _listed(map(quote_literal, part.labels))}
        case Alias():
            return {"": part.type}
        case Column():
            return _of_column(part)
        case PrimaryKey() | Wake():
            return {"": part.name or "none"}
        case Check():
            return {"": part.expression, "validity": _validity(part.valid)}
        case ForeignKey():
            return _of_foreign_key(part)
        case Index():
            return _of_index(part)
        case Option():
            return {"": part.value}
        case Comment():
            return {"": "none" if part.text is None else quote_literal(part.text)}
        case Function():
            return {"the body": quote_literal(part.body)}
        case Trigger():
            return {"": part.definition}
        case Sync():
            return {"": part.definition, "the body": quote_literal(part.body)}
        case Extension() | Hindrance() | Table() | Granted():
            return {}


def _of_column(column: Column) -> dict[str, str]:
    return {
        "type": column.type,
        "nullability": "NOT NULL" if column.not_null else "NULL",
        "default": column.default or "none",
        "identity": "BY DEFAULT" if column.identity else "none",
        "comment": "none" if column.comment is None else quote_literal(column.comment),
    }


def _of_foreign_key(key: ForeignKey) -> dict[str, str]:
    columns, references = _listed(key.columns), _listed(key.references)
    target = f"{key.schema}.{key.table}"
    return {
        "": f"from {columns} to {target} ({references}) on delete {key.on_delete}",
        "validity": _validity(key.valid),
    }


def _of_index(index: Index) -> dict[str, str]:
    unique = "unique " if index.unique else ""
    where = f" where {index.where}" if index.where is not None else ""
    return {
        "": f"{unique}on {_listed(index.columns)}{where}",
        "validity": _validity(index.valid),
    }


def _validity(valid: bool) -> str:
    return "VALID" if valid else "INVALID"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
