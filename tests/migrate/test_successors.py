"""From any release to the next: the same catalogue as new, and no value is lost."""

from __future__ import annotations

from importlib import import_module
from typing import TypeAlias

import psycopg
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.migrate.breaks import breaks
from jobgen.migrate.released import statements_in
from jobgen.migrate.script import script
from jobgen.migrate.target import Snapshot, nothing, target
from jobgen.migrate.verify import failures
from jobgen.schema.model import Job, Schema
from jobgen.schema.quoting import qualified, quote_identifier
from jobgen.schema.tables import tables_of
from tests.emit.schemas import SOURCE
from tests.migrate.migrations import carry_out, drift, steps
from tests.migrate.successors import successors
from tests.properties import roles
from tests.properties.cases import Case
from tests.properties.packages import imported
from tests.properties.payloads import payloads
from tests.properties.profiles import examples
from tests.properties.schemas import cases
from tests.servers import Server
from tests.squawk import findings
from tests.unseen import Drawn

Rows: TypeAlias = dict[str, list[Drawn]]
"""Every row as text, by job."""


@examples(12)
@given(data=st.data())
def test_a_release_becomes_the_next(server: Server, data: st.DataObject) -> None:
    """Jobs of the old one stay as they are, and it can go on to enqueue; then what
    it needed is dropped, and the catalogue is that of a new database."""
    minimum = min(server.version, 18)
    case = data.draw(cases(minimum=minimum))
    old = case.load()
    donor = data.draw(cases(minimum=minimum)).load()
    new = data.draw(successors(old, donor, 1))
    first = target(nothing(tables_of(old)), tables_of(old))
    with server.database() as dsn:
        roles.create(dsn)
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(emit(old, source=SOURCE)["schema.sql"].encode())
            _enqueue(conn, data, case, old)
        before = _prepared(dsn, old, old, new)
        second = _migrated(dsn, first, new, "sample_1")
        with psycopg.connect(dsn, autocommit=True) as conn:
            assert _all_values(conn, old) == before
            _enqueue(conn, data, case, old, new)
            _check_renames(conn, second)
            _check_statements(conn, old, new, second)
        newer = new
        if data.draw(st.booleans()):  # before anything is dropped
            newer = data.draw(successors(new, donor, 2))
            before = _prepared(dsn, old, new, newer)
            second = _migrated(dsn, second, newer, "sample_2")
            with psycopg.connect(dsn, autocommit=True) as conn:
                assert _all_values(conn, old) == before
                _check_renames(conn, second)
        _drop(dsn, newer, second)


def _prepared(dsn: str, first: Schema, old: Schema, new: Schema) -> Rows:
    """What there is of the first release, when the next one can have it."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        _make_room(conn, old, new)
        return _all_values(conn, first)


def _migrated(dsn: str, old: Snapshot, new: Schema, package: str) -> Snapshot:
    wanted = tables_of(new)
    snapshot = target(old, wanted)
    assert [each for each in breaks(old, wanted, new) if each.refused] == []
    todo = steps(old, snapshot)
    assert findings(map(script, todo)) == []
    carry_out(dsn, todo, package)
    assert drift(dsn, snapshot.database) == []
    return snapshot


def _all_values(conn: psycopg.Connection[TupleRow], schema: Schema) -> Rows:
    return {job.name: _values(conn, schema, job) for job in schema.jobs}


def _check_renames(conn: psycopg.Connection[TupleRow], snapshot: Snapshot) -> None:
    """Both columns are the same in every row, whoever enqueued it."""
    for table in snapshot.database.tables:
        name = qualified(table.schema, table.name)
        for sync in table.syncs:
            old, new = quote_identifier(sync.old), quote_identifier(sync.new)
            question = (
                f"SELECT FROM {name} WHERE {old}::text IS DISTINCT FROM {new}::text"
            )
            assert conn.execute(question.encode()).rowcount == 0


def _check_statements(
    conn: psycopg.Connection[TupleRow], old: Schema, new: Schema, snapshot: Snapshot
) -> None:
    """All of the previous release's work, and `verify` says so."""
    stricter = _stricter(old, new)
    modules = {f"{job.module}.py" for job in old.jobs if job.name in stricter}
    released = statements_in(emit(old, source=SOURCE))
    found = failures(conn, released, snapshot.database)
    assert [each for each in found if each.statement.file not in modules] == []


def _drop(dsn: str, new: Schema, second: Snapshot) -> None:
    last = target(second, tables_of(new), drop=True)
    assert last.retired == ()
    with psycopg.connect(dsn, autocommit=True) as conn:
        for retired in second.retired:
            if retired.kind == "table":
                name = qualified(new.postgres.schema, retired.name)
                conn.execute(f"DELETE FROM {name}".encode())
    todo = steps(second, last)
    assert findings(map(script, todo)) == []
    carry_out(dsn, todo, "sample_last")
    assert drift(dsn, tables_of(new)) == []


def _enqueue(
    conn: psycopg.Connection[TupleRow],
    data: st.DataObject,
    case: Case,
    schema: Schema,
    new: Schema | None = None,
) -> None:
    """A few rows of each job whose columns have no rule among rows; where the next
    release is there, of those that it did not make stricter."""
    package = emit(schema, source=SOURCE)
    stricter = _stricter(schema, new or schema)
    with imported(package, case.user_modules) as module:
        enums = import_module(f"{module.__name__}.enums")
        for job, model in zip(case.jobs, schema.jobs, strict=True):
            if not job.here or job.unique or model.name in stricter:
                continue
            rows = data.draw(payloads(job))
            news = [
                row.new(getattr(module, model.class_name), enums, job) for row in rows
            ]
            functions = import_module(f"{module.__name__}.{model.module}")
            assert len(functions.enqueue_many(conn, news)) == len(news)


def _stricter(old: Schema, new: Schema) -> set[str]:
    """Jobs of which a column was nullable, or had a default, and must now be said."""
    found: set[str] = set()
    by_name = {job.name: job for job in new.jobs}
    for job in old.jobs:
        after = by_name.get(job.name, job)
        columns = {column.name: column for column in after.columns}
        for column in job.columns:
            now = columns.get(column.name, column)
            if not now.nullable and (
                column.nullable or (column.server_default and not now.server_default)
            ):
                found.add(job.name)
    return found


def _make_room(conn: psycopg.Connection[TupleRow], old: Schema, new: Schema) -> None:
    """Removes the rows that a stricter release cannot have."""
    by_name = {job.name: job for job in old.jobs}
    for job in new.jobs:
        before = by_name.get(job.name)
        nullable = {c.name for c in before.columns if c.nullable} if before else ()
        for column in job.columns:
            if column.name in nullable and not column.nullable:
                name = qualified(old.postgres.schema, job.table)
                own = quote_identifier(column.name)
                conn.execute(f"DELETE FROM {name} WHERE {own} IS NULL".encode())


def _values(
    conn: psycopg.Connection[TupleRow], schema: Schema, job: Job
) -> list[Drawn]:
    """Every row as text, of the columns that the schema has."""
    columns = ["id", "status", "run_at", "updated_at"]
    columns += [column.name for column in job.columns]
    listed = ", ".join(f"{quote_identifier(name)}::text" for name in columns)
    name = qualified(schema.postgres.schema, job.table)
    return conn.execute(f"SELECT {listed} FROM {name} ORDER BY id".encode()).fetchall()
