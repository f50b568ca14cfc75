"""Rules that rows have to fulfil: checks, references, and NOT NULL.

Stage: migrate. Pure. Each holds for new rows first, which takes a moment; then every
row is looked at, with a lock under which producers and workers go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from jobgen.migrate import alter, blocks
from jobgen.migrate.changes import Change
from jobgen.migrate.renames import draft_name
from jobgen.migrate.steps import Step, transaction
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import Check, Column, ForeignKey, Table

_PROVED = "It is implied by NOT NULL from here on."


def rules(
    table: Table,
    checks: Collection[Check],
    keys: Collection[ForeignKey],
    required: Collection[Column],
) -> Iterator[Step]:
    """New ones: first for rows to come, then for those that there are.

    required: columns that could be NULL, and cannot any longer.
    """
    name = qualified(table.schema, table.name)
    drafts = [_not_null(table, column) for column in required]
    every = (*checks, *drafts)
    yield from _look(name, table, every, keys)
    yield from transaction(
        f"Check new rows of {name}", (alter.add_check(name, check) for check in every)
    )
    for key in keys:
        title = f"Refer from new rows of {name} to {key.schema}.{key.table}"
        yield from transaction(title, (alter.add_foreign_key(name, key),))
    yield from validated(name, [*every, *keys])
    yield from transaction(
        f"Require columns of {name}",
        (
            *(alter.set_not_null(name, column) for column in required),
            *(alter.drop_constraint(name, draft.name, _PROVED) for draft in drafts),
        ),
    )


def is_same_reference(change: Change) -> bool:
    """Whether a reference only changes what becomes of a row when that which it refers
    to is deleted. What rows may hold is the same."""
    old, new = change.old, change.new
    if not isinstance(old, ForeignKey) or not isinstance(new, ForeignKey):
        return False
    return replace(old, on_delete=new.on_delete) == new


def referring_otherwise(name: str, key: ForeignKey) -> Iterator[Step]:
    """In one moment: between two, nothing would become of rows that refer to one that
    is deleted, and they could not refer to anything afterwards."""
    title = f"Refer from {name} to {key.schema}.{key.table} on delete {key.on_delete}"
    changed = (alter.drop_foreign_key(name, key), alter.add_foreign_key(name, key))
    yield from transaction(title, changed)
    yield from validated(name, [key])


def validated(name: str, constraints: Iterable[Check | ForeignKey]) -> Iterator[Step]:
    """A look at every row; `name` is the table's, qualified."""
    for constraint in constraints:
        looked = alter.validate(name, constraint.name)
        title = f"Check all rows of {name}: {constraint.name}"
        yield Step(title=title, statements=(looked,), scans=True)


def _not_null(table: Table, column: Column) -> Check:
    """From which PostgreSQL knows that SET NOT NULL need not look at the rows."""
    return Check(
        name=draft_name(table, column.name),
        expression=f"{quote_identifier(column.name)} IS NOT NULL",
    )


def _look(
    name: str, table: Table, checks: Iterable[Check], keys: Iterable[ForeignKey]
) -> Iterator[Step]:
    """A row that breaks a rule could not even be fetched once the rule is there."""
    hint = "Change or delete these rows, then apply this file again."
    looks = [
        blocks.look(table, f"NOT ({check.expression})", check.name, hint)
        for check in checks
    ]
    for key in keys:
        condition = _without_target(name, key)
        looks.append(blocks.look(table, condition, key.name, hint, others=True))
    if looks:
        title = f"Look for rows of {name} that break the new rules"
        yield Step(title=title, statements=tuple(looks), scans=True)


def _without_target(name: str, key: ForeignKey) -> str:
    target = qualified(key.schema, key.table)
    [column], [reference] = key.columns, key.references
    own, other = quote_identifier(column), quote_identifier(reference)
    return (
        f"{own} IS NOT NULL AND NOT EXISTS (\n        SELECT FROM {target}"
        f" AS target WHERE target.{other} = {name}.{own}\n    )"
    )
