"""What generated code tells a worker about its package as a whole.

A module of its own, because whoever only enqueues does without it.
"""

from __future__ import annotations

from typing import LiteralString, NamedTuple


class Package(NamedTuple):
    """What a worker needs to know of a generated package as a whole.

    minimum: the oldest major version of PostgreSQL that its SQL is made for.
    beat: id, host, pid, jobs, protocol (registers, and from then on renews).
    leave: id. forget: how long silent.
    """

    name: str
    source: str  # the schema file, as the banner names it
    schema: str
    minimum: int
    protocol: int
    digest: str
    beat_sql: LiteralString
    leave_sql: LiteralString
    forget_sql: LiteralString
