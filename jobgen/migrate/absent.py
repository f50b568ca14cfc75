"""Roles that are gone → a database without what was granted to them.

Stage: migrate. Pure.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from jobgen.schema.grants import Grant
from jobgen.schema.notifications import Notifications
from jobgen.schema.tables import Database, Table


def without_roles(database: Database, roles: Container[str]) -> Database:
    """Nothing is granted to `roles`."""
    return replace(
        database,
        grants=_others(database.grants, roles),
        workers=_table(database.workers, roles),
        tables=tuple(_table(table, roles) for table in database.tables),
    )


def _table(table: Table, roles: Container[str]) -> Table:
    return replace(
        table,
        grants=_others(table.grants, roles),
        notifications=_notifications(table.notifications, roles),
    )


def _notifications(
    found: Notifications | None, roles: Container[str]
) -> Notifications | None:
    return found and replace(found, grants=_others(found.grants, roles))


def _others(grants: tuple[Grant, ...], roles: Container[str]) -> tuple[Grant, ...]:
    return tuple(grant for grant in grants if grant.role not in roles)
