"""Indexes: built, changed and dropped while others write.

Stage: migrate. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jobgen.migrate import alter, blocks
from jobgen.migrate.changes import Change
from jobgen.migrate.renames import draft_name
from jobgen.migrate.steps import Step, transaction
from jobgen.schema.indexes import Index
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Table


def index_steps(table: Table, change: Change) -> Iterator[Step]:
    """What a change of an index takes; nothing, if it is none."""
    match change:
        case Change(old=Index() as old, new=Index() as new) if old.valid:
            draft = replace(new, name=draft_name(table, new.name))
            yield build(table, draft, new.name)
            yield from transaction(
                f"Put the new index {new.name} in its place",
                alter.swap_index(table, draft.name, new.name),
            )
        case Change(new=Index() as new):
            yield build(table, new, new.name)
        case Change(old=Index() as old, new=None):
            title = f"Drop the index {old.name}"
            dropped = alter.drop_index(table, old.name)
            yield Step(title=title, statements=(dropped,), bare=True, patient=True)
        case _:
            pass


def build(table: Table, index: Index, called: str) -> Step:
    """What a build that failed left behind is dropped first.

    called: the name of the index in the end, for the title.
    """
    name = qualified(table.schema, table.name)
    return Step(
        title=f"Build the index {called} of {name}",
        statements=(
            alter.drop_index(table, index.name),
            alter.create_index(table, index),
            blocks.assert_valid(table, index.name),
        ),
        bare=True,
        scans=True,
        patient=True,
    )
