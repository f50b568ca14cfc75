"""What a migration breaks for whom, and which changes are refused.

Stage: migrate. Pure. Three levels: `data` (rows in flight lose or change meaning),
`sql` (workers or producers of the previous release fail), `python` (handlers no
longer type-check). Nothing is guessed: what is gone is only retired where the schema
says that it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jobgen.migrate.changes import Change
from jobgen.migrate.codes import Break
from jobgen.migrate.diff import diff
from jobgen.migrate.enum_breaks import broken_labels, broken_name, broken_names
from jobgen.migrate.enum_renames import under_new_names
from jobgen.migrate.renames import can_cast
from jobgen.migrate.retype import can_retype, is_retype, obstacle
from jobgen.migrate.rules import is_same_reference
from jobgen.migrate.target import Snapshot
from jobgen.schema.guesses import Guesses
from jobgen.schema.indexes import Index
from jobgen.schema.model import Job, Schema
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import (
    Check,
    Column,
    Database,
    EnumType,
    ForeignKey,
    Table,
)


def breaks(old: Snapshot, wanted: Database, schema: Schema) -> tuple[Break, ...]:
    """All of them, refused ones too."""
    return tuple(_breaks(old, wanted, schema))


def _breaks(old: Snapshot, wanted: Database, schema: Schema) -> Iterator[Break]:
    jobs = {job.table: job for job in schema.jobs}
    known = frozenset(old.retired)
    retired = {(each.table, each.name) for each in known}
    was = under_new_names(old.database, wanted)
    yield from broken_names(old.database, wanted)
    for mine in schema.jobs:
        yield from _in_a_circle(qualified(wanted.schema, mine.table), mine)
    for change in diff(was, wanted):
        match change:
            case Change(old=Table() as table, new=None):
                if ("", table.name) not in retired:
                    yield from _gone_table(table, schema)
            case Change(old=None, new=Table() as table):
                if table.name in jobs:
                    yield from _new_table(jobs[table.name], was)
            case Change(old=EnumType() as before, new=EnumType() as after):
                yield from broken_labels(change.where, before, after)
            case Change(old=None, new=EnumType() as enum):
                yield from broken_name(change.where, enum, old.database)
            case Change(old=Column() as column, new=None):
                job = _job(jobs, change.where, wanted)
                if job and (job.table, column.name) not in retired:
                    yield from _gone_column(change.where, column, job, was)
            case Change(old=None, new=Column() as column):
                job = _job(jobs, change.where, wanted)
                if job:
                    yield from _new_column(change, column, job, was)
            case Change(old=Column() as before, new=Column() as after):
                yield from _column(change.where, before, after)
                yield from _type(change.where, before, after, was, wanted)
            case Change() if is_same_reference(change):
                pass
            case Change(new=Check() | ForeignKey() as rule):
                yield _rule(change.where, f"the rule {rule.name}")
            case Change(new=Index(unique=True) as index):
                yield _rule(change.where, f"the unique index {index.name}")
            case _:
                pass


def still_referred(old: Database, left: Database) -> Iterator[Break]:
    """Tables that cannot be dropped, because rows of others refer to theirs."""
    names = {table.name for table in left.tables}
    gone = {table.name for table in old.tables} - names
    for table in left.tables:
        for key in table.foreign_keys:
            if key.schema == old.schema and key.table in gone:
                yield Break(
                    code="removed-job",
                    level="data",
                    where=key.table,
                    message=f"'{key.columns[0]}' of {table.name} refers to this table,"
                    " which cannot be dropped",
                    help="take away its 'references' first, with a migration of its own",
                    refused=True,
                )


def _job(jobs: dict[str, Job], where: str, wanted: Database) -> Job | None:
    return next(
        (
            job
            for table, job in jobs.items()
            if qualified(wanted.schema, table) == where
        ),
        None,
    )


def _gone_table(table: Table, schema: Schema) -> Iterator[Break]:
    name = table.job or table.name
    same = next((job for job in schema.jobs if job.name == table.job), None)
    if same is not None:
        yield _renamed_table(same, table)
    elif not any(job.renamed_from == table.job for job in schema.jobs):
        if name not in schema.reserved:
            yield Break(
                code="removed-job",
                level="data",
                where=table.name,
                message=f"the job '{name}' is gone, and with it all of its rows",
                help=f"add it to 'reserved: [{name}]' at the top of the schema, or to"
                " the job that it is now 'renamed_from'",
                refused=True,
            )
        else:
            yield Break(
                code="removed-job",
                level="sql",
                where=table.name,
                message=f"no worker of the new release runs '{name}'",
                help="its table stays until 'jobgen migrate new --drop'",
            )


def _new_table(job: Job, old: Database) -> Iterator[Break]:
    """One that was called something else is no new one."""
    before = {each.job: each for each in old.tables}
    if job.renamed_from in before and job.name not in before:
        yield _renamed_table(job, before[job.renamed_from])


def _renamed_table(job: Job, table: Table) -> Break:
    return Break(
        code="renamed-table",
        level="sql",
        where=table.name,
        message=f"the jobs of '{job.name}' lie in this table, and every process of the"
        f" previous release looks for them here, not in {job.table}",
        help=f"write 'table: {table.name}' in the job; to have another table, add a job"
        " and reserve this one",
        refused=True,
    )


def _gone_column(
    where: str, column: Column, job: Job, old: Database
) -> Iterator[Break]:
    name = column.name
    # One that was there beside it has values of its own, and does not take these.
    beside = {
        each.name
        for table in old.tables
        if table.name == job.table
        for each in table.columns
    }
    if name == "priority":
        yield _retired(where, name)
    elif any(
        each.renamed_from == name and each.name not in beside for each in job.columns
    ):
        pass
    elif name in job.reserved:
        yield _retired(where, name)
    else:
        similar = Guesses().closest(name, [each.name for each in job.columns])
        other = f", or 'renamed_from: {name}' to '{similar}'" if similar else ""
        yield Break(
            code="removed-column",
            level="data",
            where=where,
            message=f"the column '{name}' is gone, and with it its values",
            help=f"add 'reserved: [{name}]' to the job{other}",
            refused=True,
        )


def _in_a_circle(where: str, job: Job) -> Iterator[Break]:
    """No step could do it: either release would read the values of another column."""
    before = {column.name: column.renamed_from for column in job.columns}
    for first in before:
        circle, other = [first], before[first]
        while other is not None and other not in circle:
            circle.append(other)
            other = before.get(other)
        if other == first == min(circle) and len(circle) > 1:
            names = " and ".join(f"'{name}'" for name in circle)
            yield Break(
                code="renamed-column",
                level="data",
                where=where,
                message=f"{names} cannot swap names: the previous release would read"
                " the values of one as those of another",
                help="give one of them another name first, and end that with 'jobgen"
                " migrate new --drop'; or take each 'renamed_from' away",
                refused=True,
            )


def _retired(where: str, name: str) -> Break:
    return Break(
        code="removed-column",
        level="sql",
        where=where,
        message=f"workers of the previous release may need '{name}', which producers"
        " no longer write",
        help="deploy the workers before the producers; the column stays until 'jobgen"
        " migrate new --drop'",
    )


def _new_column(
    change: Change, column: Column, job: Job, old: Database
) -> Iterator[Break]:
    mine = next((each for each in job.columns if each.name == column.name), None)
    table = next((each for each in old.tables if each.name == job.table), None)
    names = {each.name for each in table.columns} if table else set[str]()
    if table is not None and mine is not None and mine.renamed_from in names:
        yield from _renamed_column(change.where, column, mine.renamed_from, table)
    elif column.not_null and column.default is None:
        yield Break(
            code="required-column",
            level="sql",
            where=change.where,
            message=f"rows that there are have no '{column.name}', nor do those that"
            " the previous release enqueues",
            help="give it a default, or let it be nullable until all producers write it",
            refused=True,
        )


def _renamed_column(
    where: str, column: Column, name: str, table: Table
) -> Iterator[Break]:
    old = next(each for each in table.columns if each.name == name)
    problem, help = None, ""
    if column.type != old.type and not can_cast(old, column):
        problem = f"{old.type}, which '{name}' is, cannot become {column.type}"
        help = f"add '{column.name}' as a column of its own, and reserve '{name}'"
    elif not column.not_null and (old.default or column.default):
        problem = f"NULL in '{column.name}' could mean its default, or NULL"
        help = "take away the default of the nullable column first"
    elif any(name in (sync.old, sync.new) for sync in table.syncs):
        problem = f"'{name}' is being renamed already"
        help = "end that first, with 'jobgen migrate new --drop'"
    if problem is not None:
        yield Break(
            code="renamed-column",
            level="sql",
            where=where,
            message=problem,
            help=help,
            refused=True,
        )
        return
    if column.type != old.type:
        yield Break(
            code="renamed-column",
            level="sql",
            where=where,
            message=f"'{name}' is called '{column.name}', and is {column.type}: who"
            " enqueues a value that only one of the two types can say gets an error",
            help="both are there, and say the same, until 'jobgen migrate new --drop'",
        )
    else:
        yield Break(
            code="renamed-column",
            level="python",
            where=where,
            message=f"'{name}' is called '{column.name}'",
            help="both are there, and the same, until 'jobgen migrate new --drop'",
        )
    yield from _column(where, old, replace(column, name=name))


def _type(
    where: str, old: Column, new: Column, before: Database, wanted: Database
) -> Iterator[Break]:
    """Where a type has to be written anew, and that cannot be done beside the work."""
    if new.name == "id" or not is_retype(old, new):
        return
    problem: str | None = "values would have to be written anew, and read otherwise"
    if can_retype(old.type, new.type):
        tables = _table(before, where), _table(wanted, where)
        problem = obstacle(*tables, new.name, (*before.tables, *wanted.tables))
    if problem is not None:
        yield Break(
            code="changed-type",
            level="sql",
            where=where,
            message=f"'{new.name}' cannot become {new.type}: {problem}",
            help=f"write it under another name, with 'renamed_from: {new.name}'"
            if can_cast(old, new)
            else f"keep {old.type}, and add a column of the new type",
            refused=True,
        )


def _table(database: Database, where: str) -> Table:
    """The one with this qualified name, which is there."""
    every = (database.workers, *database.tables)
    return next(each for each in every if qualified(each.schema, each.name) == where)


def _column(where: str, old: Column, new: Column) -> Iterator[Break]:
    name = new.name
    if old.identity != new.identity or (name == "id" and old.type != new.type):
        yield Break(
            code="changed-id",
            level="data",
            where=where,
            message="who enqueued a job knows it by its id, which cannot become another"
            " one",
            help="add a job with the other kind of id, and reserve this one when its"
            " rows are done",
            refused=True,
        )
    if new.not_null and not old.not_null:
        yield Break(
            code="required-now",
            level="sql",
            where=where,
            message=f"producers of the previous release may enqueue NULL for '{name}'",
            help="deploy producers that do not, before this is applied",
        )
    if old.not_null and not new.not_null:
        yield Break(
            code="nullable-now",
            level="python",
            where=where,
            message=f"'{name}' may be None, which handlers of the previous release do"
            " not expect",
            help="deploy the workers before the producers",
        )
    if old.default is not None and new.default is None and new.not_null:
        yield Break(
            code="removed-default",
            level="sql",
            where=where,
            message=f"producers of the previous release may leave '{name}' out",
            help="deploy producers that write it, before this is applied",
        )


def _rule(where: str, what: str) -> Break:
    return Break(
        code="new-rule",
        level="sql",
        where=where,
        message=f"producers of the previous release may enqueue what {what} refuses",
        help="deploy producers that do not, before this is applied",
    )
