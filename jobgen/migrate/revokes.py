"""What is taken back from a role, which may be gone, or belong to other packages too.

Stage: migrate. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from jobgen.emit.literals import dollar_quoted
from jobgen.emit.render import render
from jobgen.migrate.alter import privilege
from jobgen.migrate.changes import Granted
from jobgen.migrate.steps import Statement
from jobgen.schema.quoting import quote_identifier, quote_literal


class _View(NamedTuple):
    """`runs` and `uses`: whether the role keeps it that runs other jobs of the schema,
    or uses something else in it."""

    revoke: str
    role_text: str
    schema_text: str
    runs: bool
    uses: bool


def revoke(grant: Granted) -> Statement:
    """On what belongs to a job."""
    return _revoke(grant.grant.role, (grant,))


def revoke_on_workers(schema: str, grants: Iterable[Granted]) -> Iterator[Statement]:
    """On the table that packages share."""
    for role, each in groupby(grants, lambda grant: grant.grant.role):
        yield _revoke(role, tuple(each), schema, runs=True)


def revoke_on_schema(schema: str, grant: Granted) -> Statement:
    """On the schema, in which others have tables too."""
    return _revoke(grant.grant.role, (grant,), schema, uses=True)


def _revoke(
    role: str,
    grants: tuple[Granted, ...],
    schema: str = "",
    *,
    runs: bool = False,
    uses: bool = False,
) -> Statement:
    """`grants` are on one object."""
    privileges = ", ".join(map(privilege, grants))
    view = _View(
        revoke=f"REVOKE {privileges} ON {grants[0].object}"
        f" FROM {quote_identifier(role)}",
        role_text=quote_literal(role),
        schema_text=quote_literal(schema),
        runs=runs,
        uses=uses,
    )
    return Statement(sql=f"DO {dollar_quoted(render('migrate/revoke.jinja', view))}")
