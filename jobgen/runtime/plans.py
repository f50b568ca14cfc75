"""What each function of a generated module does, apart from doing it.

A plan is a generator: it yields statements, is sent their results and returns
the answer. It does no I/O and knows no connection, so that one text serves
`sync` and `aio` alike (the idea of psycopg's own generators).
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from operator import itemgetter
from typing import Any, LiteralString, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from jobgen.runtime.adapters import Array, literals
from jobgen.runtime.cursor import SqlRow
from jobgen.runtime.errors import DecodeError, describe, printable, shortened
from jobgen.runtime.job import (
    Fence,
    Input,
    J,
    JobType,
    K,
    Key,
    N,
    Producer,
    Statements,
)
from jobgen.runtime.rows import UNLOADABLE, Rows, Unloadable
from jobgen.runtime.status import JobStatus
from jobgen.runtime.values import DEFAULT, STATUSES

INSERT_BATCH = 1_000
"""Rows in one bulk INSERT: beyond, nothing is gained and memory is lost."""
COPY_BATCH = 10_000
"""Rows that are sorted into COPYs, by the columns they give, at a time."""
RESCUE_BATCH = 500
"""Rows in one UPDATE of `rescue`, so that each holds its locks briefly."""


class Execute(NamedTuple):
    """A statement and its parameters; the driver sends back its rows."""

    sql: LiteralString
    parameters: Sequence[object] = ()


class Copy(NamedTuple):
    """A `COPY … FROM STDIN` in text format, and what to send: taken one by one, while
    the server is at work."""

    sql: LiteralString
    types: Sequence[str]
    rows: Iterable[Sequence[object]]


A = TypeVar("A")
Step: TypeAlias = Execute | Copy
Plan: TypeAlias = Generator[Step, Rows, A]
"""Copy steps are sent an empty result as well."""


# --- producers --------------------------------------------------------------


def enqueue(job: Producer[N, K], new: N) -> Execute:
    """The one statement; it returns a row with the id. No plan: a generator and its
    `Rows` were most of what jobgen adds to an INSERT."""
    return Execute(job.enqueue_sql, _parameters(job.inputs, job.values(new)))


def enqueue_many(job: Producer[N, K], news: Iterable[N]) -> Plan[list[K]]:
    """Everything is checked before the first row is sent."""
    values = [job.values(new) for new in news]
    return (yield from _insert(job, values))


def enqueue_copy(job: Producer[N, K], news: Iterable[N]) -> Plan[int]:
    """One COPY for each set of given columns: before 16, COPY knows no DEFAULT."""
    count = 0
    for batch in _batches(news, COPY_BATCH):
        count += len(batch)
        # Not a map: it would end early, and silently, where one raised StopIteration.
        yield from _copied(job, (job.values(new) for new in batch))
    return count


def pending(job: Producer[N, K]) -> Execute:
    """The one statement; it returns a row with the number."""
    return Execute(job.pending_sql)


def _insert(job: Producer[N, K], values: Iterable[tuple[object, ...]]) -> Plan[list[K]]:
    ids: list[K] = []
    for batch in _batches(values, INSERT_BATCH):
        rows = yield Execute(job.enqueue_many_sql, _columns(job.inputs, batch))
        ids.extend(row[0] for row in rows.all())
    return ids


def _copied(job: Producer[N, K], rows: Iterator[tuple[object, ...]]) -> Plan[None]:
    """Those that give the same columns as the first one are sent as they are made, so
    that the server is at work meanwhile; the others after them."""
    defaulted = [at for at, column in enumerate(job.inputs) if column.defaulted]
    others: dict[tuple[int, ...], list[tuple[object, ...]]] = {}

    def missing_in(row: tuple[object, ...]) -> tuple[int, ...]:
        # A list first: a generator takes three times as long, for every row.
        return tuple([at for at in defaulted if row[at] is DEFAULT])

    first = next(rows)
    missing = missing_in(first)

    def alike() -> Iterator[tuple[object, ...]]:
        yield first
        for row in rows:
            found = missing_in(row)
            if found == missing:
                yield row
            else:
                others.setdefault(found, []).append(row)

    yield from _sent(job, missing, alike())
    for found, kept in others.items():
        yield from _sent(job, found, kept)


def _sent(
    job: Producer[N, K], missing: Collection[int], rows: Iterable[tuple[object, ...]]
) -> Plan[None]:
    """missing: the columns that none of them gives, by their positions."""
    given = [at for at in range(len(job.inputs)) if at not in missing]
    if not given:  # a COPY names at least one column
        yield from _insert(job, rows)
        return
    columns = [job.inputs[at] for at in given]
    names: LiteralString = ", ".join(column.name for column in columns)
    sql: LiteralString = "COPY " + job.table + " (" + names + ") FROM STDIN"
    yield Copy(sql, [column.dump for column in columns], _picked(rows, given))


def _picked(
    rows: Iterable[tuple[object, ...]], given: Sequence[int]
) -> Iterable[tuple[object, ...]]:
    """Of each row the values in these places, of which it has one at least."""
    if len(given) == 1:
        (only,) = given
        return ((row[only],) for row in rows)
    return map(itemgetter(*given), rows)


def _parameters(inputs: Sequence[Input], values: Sequence[object]) -> list[object]:
    parameters: list[object] = []
    for column, value in zip(inputs, values, strict=True):
        if column.defaulted:
            parameters.append(value is DEFAULT)
        parameters.append(None if value is DEFAULT else value)
    return parameters


def _columns(
    inputs: Sequence[Input], rows: Sequence[tuple[object, ...]]
) -> list[object]:
    """One array for each parameter of the bulk INSERT."""
    parameters: list[object] = []
    for column, values in zip(inputs, zip(*rows, strict=True), strict=True):
        if column.defaulted:
            parameters.append(Array("bool", [value is DEFAULT for value in values]))
        given = [None if value is DEFAULT else value for value in values]
        if column.literal:
            parameters.append(Array("text", literals(column.dump, given)))
        else:
            parameters.append(Array(column.dump, given))
    return parameters


def _batches(values: Iterable[A], size: int) -> Iterator[list[A]]:
    source = iter(values)
    while batch := list(islice(source, size)):
        yield batch


# --- workers ----------------------------------------------------------------


class Taken(NamedTuple):
    """One fetch: its rows as they came, for `decoded`, and the place in the queue of
    the last of them, empty where that cannot be told."""

    rows: Rows
    last: Key

    @property
    def number(self) -> int:
        """How many rows it took."""
        return len(self.rows)


def fetch(job: JobType[N, J, K], worker_id: UUID) -> Plan[J | None]:
    """The next job that can be decoded; those before it that cannot have failed."""
    while True:
        jobs, number = yield from _jobs(job, worker_id, 1)
        if jobs:
            return jobs[0]
        if not number:
            return None


def fetch_many(job: JobType[N, J, K], worker_id: UUID, limit: int) -> Plan[list[J]]:
    """Up to `limit` jobs, in queue order."""
    if limit < 1:
        raise ValueError(f"limit is {limit}; fetch at least 1")
    found: list[J] = []
    while len(found) < limit:
        jobs, number = yield from _jobs(job, worker_id, limit - len(found))
        found.extend(jobs)
        if len(jobs) == number:
            break  # none was lost: the queue gave what it had
    return found


def _jobs(
    job: JobType[N, J, K], worker_id: UUID, limit: int
) -> Plan[tuple[list[J], int]]:
    """Those of one fetch that can be decoded, and how many it took."""
    taken = yield from take(job, worker_id, limit)
    jobs, lost = decoded(job, taken)
    yield from reject(job.statements, worker_id, lost)
    return jobs, taken.number


def take(
    job: JobType[Any, Any, Any], worker_id: UUID, limit: int, above: Key | None = None
) -> Plan[Taken]:
    """One fetch, of rows beyond `above` in the queue."""
    rows = yield _fetch(job.statements, worker_id, limit, above)
    return Taken(rows, _last(rows, _place(job.order)))


def decoded(
    job: JobType[Any, J, Any], taken: Taken
) -> tuple[list[J], list[Unloadable]]:
    """The jobs in queue order, and the rows that cannot be decoded, of which nothing
    but the id can be told. Raises `ImportError`."""
    jobs: list[J] = []
    rows, lost = _loaded(taken.rows)
    rows.sort(key=_place(job.order))
    for row in rows:
        try:
            jobs.append(job.decode(row))
        except ImportError:
            raise  # this program lacks a module: no row is to blame, and none is lost
        except Exception as error:  # a user's own decoder may raise anything
            lost.append(Unloadable(row[0], _reason(error)))
    return jobs, lost


def reject(
    statements: Statements, worker_id: UUID, lost: Iterable[Unloadable]
) -> Plan[None]:
    """Rows that cannot be decoded fail, and say why."""
    for each in lost:
        text = shortened(printable(f"Cannot be decoded: {each.reason}"))
        yield Execute(statements.reject, (each.id, worker_id, text))


def _place(order: Sequence[int]) -> Callable[[SqlRow], Key]:
    """A row's place in the queue, from the positions of the sort key."""
    return itemgetter(*order)


def _last(rows: Rows, place: Callable[[SqlRow], Key]) -> Key:
    """Of the row that came last: the largest, as the server joins to them in order."""
    with suppress(*UNLOADABLE):
        return place(rows.row(len(rows) - 1)) if rows else ()
    return ()


def _fetch(
    statements: Statements, worker_id: UUID, limit: int, above: Key | None
) -> Execute:
    if above is None or statements.fetch_above is None:
        return Execute(statements.fetch, (worker_id, limit))
    return Execute(statements.fetch_above, (worker_id, limit, *above))


def _loaded(rows: Rows) -> tuple[list[SqlRow], list[Unloadable]]:
    """All at once, which is fast; row by row where one refuses to load."""
    with suppress(*UNLOADABLE):
        return rows.all(), []
    raw: list[SqlRow] = []
    lost: list[Unloadable] = []
    for row in rows.each():
        if isinstance(row, Unloadable):
            lost.append(row)
        else:
            raw.append(row)
    return raw, lost


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, DecodeError) else describe(error)


def succeed(statements: Statements, fence: Fence) -> Plan[JobStatus | None]:
    return _result(statements.succeed, fence.parameters)


def fail(
    statements: Statements,
    fence: Fence,
    error: BaseException | str,
    delay: timedelta | None = None,
) -> Plan[JobStatus | None]:
    """`delay` in place of the backoff."""
    return _result(statements.fail, (*fence.parameters, describe(error), delay))


def timeout(statements: Statements, fence: Fence) -> Plan[JobStatus | None]:
    return _result(statements.timeout, fence.parameters)


def cancel(statements: Statements, fence: Fence, error: str) -> Plan[JobStatus | None]:
    return _result(statements.cancel, (*fence.parameters, describe(error)))


def give_back(
    statements: Statements, fence: Fence, delay: timedelta | None = None
) -> Plan[JobStatus | None]:
    """Unlock the row as if this attempt had not been; `delay` from now, if any."""
    return _result(statements.give_back, (*fence.parameters, delay))


def rescue(statements: Statements, dead_after: timedelta) -> Plan[int]:
    """How many running rows were taken from workers that are gone."""
    rescued = yield from _drain(statements.rescue, dead_after)
    yield from release(statements, dead_after)
    return rescued


def release(statements: Statements, dead_after: timedelta) -> Plan[int]:
    """How many rows that look ready a worker that is gone held locked."""
    return (yield from _drain(statements.release, dead_after))


def _drain(sql: LiteralString, dead_after: timedelta) -> Plan[int]:
    total = 0
    while True:
        rows = yield Execute(sql, (dead_after, RESCUE_BATCH))
        total += len(rows)
        if len(rows) < RESCUE_BATCH:
            return total


def _result(sql: LiteralString, parameters: Sequence[Any]) -> Plan[JobStatus | None]:
    rows = yield Execute(sql, parameters)
    row = rows.first()
    return None if row is None else STATUSES[row[0]]
