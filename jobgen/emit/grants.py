"""The views of the GRANTs in schema.sql.

Stage: emit. In: the grants of a `Database`. Out: one view for each statement, its
parts SQL already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from jobgen.schema.grants import Grant
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import Database


class GrantView(NamedTuple):
    """One statement: everything on one object for roles that are alike."""

    privileges: tuple[str, ...]
    object: str
    roles: str


def grants_of(database: Database) -> tuple[GrantView, ...]:
    """Nothing where the schema names no roles."""
    return tuple(_all(database))


def _all(database: Database) -> Iterator[GrantView]:
    yield from _grants(database.grants, f"SCHEMA {quote_identifier(database.schema)}")
    for table in (database.workers, *database.tables):
        yield from _grants(table.grants, qualified(table.schema, table.name))
        if table.notifications is not None and table.notifications.wake is not None:
            wake = qualified(table.schema, table.notifications.wake)
            yield from _grants(table.notifications.grants, f"SEQUENCE {wake}")


def _grants(grants: Sequence[Grant], object: str) -> Iterator[GrantView]:
    of_role: dict[str, tuple[str, ...]] = {}
    for grant in grants:
        columns = f" ({_names(grant.columns)})" if grant.columns else ""
        privilege = grant.privilege + columns
        of_role[grant.role] = (*of_role.get(grant.role, ()), privilege)
    alike: dict[tuple[str, ...], list[str]] = {}
    for role, privileges in of_role.items():
        alike.setdefault(privileges, []).append(role)
    for privileges, roles in alike.items():
        yield GrantView(privileges=privileges, object=object, roles=_names(roles))


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quote_identifier, names))
