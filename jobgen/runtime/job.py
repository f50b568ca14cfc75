"""What a generated module tells the runtime about its job.

Values only: names, statements, the decoder, the policy. The statements are
literals of the generated module; the runtime sends them and composes none.

Named tuples where nothing is inherited, and no methods or slots that nobody needs:
whoever imports a generated package waits until all of these classes are made, and a
dataclass takes nine times as long as a named tuple. That compiles each annotation
that is a text, so here they are none (no `from __future__ import annotations`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import (
    Any,
    Generic,
    LiteralString,
    NamedTuple,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
)
from uuid import UUID

from jobgen.runtime.backoff import Backoff
from jobgen.runtime.status import JobStatus

PROTOCOL = 2
"""The version of what generated code and runtime agree upon.

1 knew no lease and no fetch above a mark, which are None here by default.
"""


class Owned(Protocol):
    """What names one attempt at a row."""

    @property
    def id(self) -> int | UUID: ...
    @property
    def attempts_count(self) -> int: ...
    @property
    def locked_at(self) -> datetime | None: ...
    @property
    def locked_by(self) -> UUID | None: ...


class Row(Owned, Protocol):
    """What every generated row class has: the five values of the fence."""

    @property
    def status(self) -> JobStatus: ...


N = TypeVar("N")
"""A new job: the class a producer fills in."""
J = TypeVar("J", bound=Row)
"""A fetched job: the class a handler gets."""
K = TypeVar("K", int, UUID)
"""The type of the id."""


Key: TypeAlias = tuple[object, ...]
"""A row's place in the queue: (priority,) run_at, id."""


class Fence(NamedTuple):
    """Names one attempt; while all of it matches, its result may be written."""

    id: int | UUID
    locked_by: UUID | None
    locked_at: datetime | None
    attempts_count: int

    @classmethod
    def of(cls, row: Owned) -> Self:
        return cls(row.id, row.locked_by, row.locked_at, row.attempts_count)

    @property
    def parameters(self) -> tuple[object, ...]:
        """In the order of `$1` to `$4` of every fenced statement."""
        return (self.id, self.locked_by, self.locked_at, self.attempts_count)


class Input(NamedTuple):
    """A column that a producer may fill in, in the order of `values`.

    `dump` is psycopg's name of the type for COPY. `defaulted`: the server has a
    default, and the value may be `DEFAULT`; in a statement such a column takes
    two parameters, "use the default" and the value. `literal`: in a bulk INSERT
    it travels as text, because unnest would take an array apart.
    """

    name: LiteralString  # quoted where SQL needs it
    dump: LiteralString
    defaulted: bool = False
    literal: bool = False


class Shape(NamedTuple):
    """A column as the catalogue describes it (`format_type`, an empty search path).

    labels: what the code knows of an enum of the schema.
    """

    name: str
    type: str
    not_null: bool
    labels: Collection[str] = ()


class Policy(NamedTuple):
    """The settings of a job that the worker obeys.

    deletes: rows go, those that succeed or those that are old.
    """

    max_attempts: int
    timeout: timedelta | None
    backoff: Backoff
    concurrency: int
    stale_after: timedelta
    deletes: bool = False


class Lease(NamedTuple):
    """How a worker promises to look, so that nobody need be notified meanwhile.

    promise: for how many milliseconds. withdraw: nothing is promised any more.
    barrier: a transaction id, the same modulo 2^32 → whether all of those up to it
    that may have read the promise and write to the table have ended.
    """

    promise: LiteralString
    withdraw: LiteralString
    barrier: LiteralString


class Notifications(NamedTuple):
    """The function and triggers that announce new rows, as the catalogue prints them.

    `body` is the function's source; `triggers` maps a trigger's name to what
    `pg_get_triggerdef` says under an empty search path. `install_sql` makes both
    anew where they are missing, without dropping anything. `lease`: where the
    triggers are silent while a worker promises to look.
    """

    function: str
    body: str
    triggers: tuple[tuple[str, str], ...]
    install_sql: LiteralString
    lease: Lease | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Producer(Generic[N, K]):
    """All that it takes to enqueue a job, wherever it runs."""

    name: str
    table: LiteralString
    channel: LiteralString
    inputs: tuple[Input, ...]
    values: Callable[[N], tuple[object, ...]]
    enqueue_sql: LiteralString
    enqueue_many_sql: LiteralString
    pending_sql: LiteralString


class Statements(NamedTuple):
    """The statements of a worker. `$1` to `$4` of the fenced ones are the `Fence`.

    fetch: worker id, limit → rows. fetch_above: the same, then the sort key of a row
    beyond which to look. succeed, timeout: fence → status.
    succeed_many: worker id, arrays of the rest of each fence → the ids written.
    fail: fence, error, delay or NULL for the backoff → status.
    fail_many: as succeed_many, arrays of errors and of delays → id, status of each.
    cancel: fence, error → status. give_back: fence, delay or NULL → status.
    reject: id, worker id, error (a row that cannot be decoded) → status.
    state: id → status, locked_by, locked_at, attempts_count.
    held: worker id → the fence of each row that runs under it.
    rescue: dead_after, limit → one row each. release: dead_after, limit → one row each.
    rescue_one: dead_after, how many of the oldest to pass over → one row, if there is.
    next_due: → name of the job, seconds until its first ready row is due, or NULL.
    lost: dead_after → the name of the job, where `rescue` or `release` would find rows.
    unlocked: ids → those of the rows that nobody else holds locked.
    expire: limit, where to go on → how many rows were deleted because they have been
    kept for long enough, and where to go on if there may be more of them. old: the same
    → id and due time of each, oldest first. expire_one: id → the same, if it was deleted.
    """

    fetch: LiteralString
    succeed: LiteralString
    succeed_many: LiteralString
    fail: LiteralString
    timeout: LiteralString
    cancel: LiteralString
    give_back: LiteralString
    reject: LiteralString
    state: LiteralString
    held: LiteralString
    rescue: LiteralString
    release: LiteralString
    next_due: LiteralString
    fetch_above: LiteralString | None = None
    unlocked: LiteralString | None = None
    lost: LiteralString | None = None
    fail_many: LiteralString | None = None
    rescue_one: LiteralString | None = None
    expire: LiteralString | None = None
    old: LiteralString | None = None
    expire_one: LiteralString | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class JobType(Producer[N, K], Generic[N, J, K]):
    """A job that runs here: `JOB` of its generated module.

    `order` holds the positions, in a fetched row, of the queue's sort key.
    `id` is column 0 of every row.
    """

    statements: Statements
    decode: Callable[[Sequence[Any]], J]
    order: tuple[int, ...]
    policy: Policy
    shape: tuple[Shape, ...]
    notifications: Notifications | None
