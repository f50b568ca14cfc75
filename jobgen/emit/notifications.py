"""The function and triggers of a table, as the runtime checks and mends them.

Stage: emit. In: a job's table. Out: a view for `JOB.notifications`.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobgen.emit import layout
from jobgen.emit.literals import string
from jobgen.emit.render import render
from jobgen.schema import names
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsView:
    """Python expressions, and the statements that install what is missing."""

    function: str
    body: str
    triggers: tuple[str, ...]
    install_sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerView:
    name: str
    event: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallView:
    """`CREATE OR REPLACE` for a function and its triggers."""

    table: str
    function: str
    body: str
    triggers: tuple[TriggerView, ...]


def notifications_of(table: Table) -> NotificationsView | None:
    """None where nothing is announced."""
    if table.function is None:
        return None
    return NotificationsView(
        function=string(table.function.name),
        body=string(table.function.body),
        triggers=tuple(
            layout.exploded(
                12, "(", [string(trigger.name), string(trigger.definition)], "),"
            )
            for trigger in table.triggers
        ),
        install_sql=render(
            "sql/install.sql.jinja",
            InstallView(
                table=qualified(table.schema, table.name),
                function=qualified(table.schema, names.notify_function(table.name)),
                body=table.function.body,
                triggers=tuple(
                    TriggerView(
                        name=trigger.name,
                        event=trigger.event,
                        condition=trigger.condition,
                    )
                    for trigger in table.triggers
                ),
            ),
        ),
    )
