"""The function and triggers of a table, as the runtime checks and mends them.

Stage: emit. In: a job's table. Out: a view for `JOB.notifications`.
"""

from __future__ import annotations

from typing import NamedTuple

from jobgen.emit import layout
from jobgen.emit.literals import string
from jobgen.emit.render import render
from jobgen.schema.notifications import Notifications, Trigger
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Table


class NotificationsView(NamedTuple):
    """Python expressions, and the statements that install what is missing."""

    function: str
    body: str
    triggers: tuple[str, ...]
    install_sql: str
    leased: bool


class InstallView(NamedTuple):
    """`CREATE OR REPLACE` for a function and its triggers."""

    wake: str
    table: str
    function: str
    body: str
    triggers: tuple[Trigger, ...]


def notifications_of(table: Table) -> NotificationsView | None:
    """None where nothing is announced."""
    wanted = table.notifications
    if wanted is None:
        return None
    return NotificationsView(
        function=string(wanted.function.name),
        body=string(wanted.function.body),
        triggers=tuple(
            layout.exploded(
                12, "(", [string(trigger.name), string(trigger.definition)], "),"
            )
            for trigger in wanted.triggers
        ),
        install_sql=render("sql/install.sql.jinja", _install(table, wanted)),
        leased=wanted.wake is not None,
    )


def _install(table: Table, wanted: Notifications) -> InstallView:
    return InstallView(
        wake=qualified(table.schema, wanted.wake) if wanted.wake else "",
        table=qualified(table.schema, table.name),
        function=qualified(wanted.function.schema, wanted.function.name),
        body=wanted.function.body,
        triggers=wanted.triggers,
    )
