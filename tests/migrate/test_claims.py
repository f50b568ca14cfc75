"""What a plan says of locks, scans and rewrites is what the server does."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.migrate.breaks import breaks
from jobgen.migrate.plan import steps_between
from jobgen.migrate.script import script
from jobgen.migrate.statements import split
from jobgen.migrate.steps import Step
from jobgen.migrate.target import Snapshot, target
from jobgen.schema.model import Schema
from jobgen.schema.tables import Database, tables_of
from tests.emit.schemas import HEAD, SOURCE, load
from tests.migrate.migrations import carry_out, drift
from tests.properties import roles
from tests.squawk import findings

OTHER = "  other: {columns: {}}\n"
ROLES = "roles: {producer: claims_producer, worker: claims_worker}\n"
RULES = (
    "default: 7, doc: x, check: a > -1,"
    " references: {table: accounts, column: id, on_delete: cascade}"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A change of the job `work`: its settings before and after, in flow style; None
    where it is gone."""

    old: str
    new: str | None
    head: tuple[str, str] = ("", "")


KINDS = {
    "nullable column": Kind("", "columns: {a: int, b: 'text?'}"),
    "constant default": Kind("", "columns: {a: int, b: {type: int, default: -7}}"),
    "stable default": Kind(
        "", "columns: {a: int, b: {type: timestamptz, default_sql: now()}}"
    ),
    "volatile default": Kind(
        "", "columns: {a: int, b: {type: uuid, default_sql: gen_random_uuid()}}"
    ),
    "nullable volatile default": Kind(
        "",
        "columns: {a: int, b: {type: uuid, nullable: true, default_sql:"
        " gen_random_uuid()}}",
    ),
    "renamed": Kind("columns: {a: int}", "columns: {b: {type: int, renamed_from: a}}"),
    "renamed, as a document": Kind(
        "columns: {a: text}, indexes: [[a]]",
        "columns: {if: {type: jsonb, renamed_from: a, default: {x: 1}}}",
        (ROLES, ROLES),
    ),
    "renamed, as a narrower type": Kind(
        "columns: {a: {type: int, check: a > -1, default: 7}}",
        "columns: {b: {type: smallint, renamed_from: a, check: b > -1, default: 8}},"
        " indexes: [[b]]",
    ),
    "renamed, as an enum": Kind(
        "columns: {a: 'text?'}",
        "columns: {b: {type: m, nullable: true, renamed_from: a}}",
        ("", "enums: {m: ['\"x\"', y]}\n"),
    ),
    "renamed from a keyword": Kind(
        "columns: {a: 'int?', loop: 'int?'}",
        "columns: {a: 'int?', if: {type: int, nullable: true, renamed_from: loop}}",
    ),
    "a keyword as bigint": Kind(
        "columns: {a: int, if: 'int?'}", "columns: {a: int, if: 'bigint?'}"
    ),
    "dropped": Kind("columns: {a: int, b: 'text?'}", "", (ROLES, ROLES)),
    "required": Kind("columns: {a: 'int?'}", ""),
    "nullable": Kind("", "columns: {a: 'int?'}"),
    "default": Kind("", "columns: {a: {type: int, default: 1}}"),
    "no default": Kind("columns: {a: {type: int, default: 1}}", ""),
    "longer": Kind("columns: {a: varchar(5)}", "columns: {a: varchar(9)}"),
    "text": Kind(
        "columns: {a: varchar(5)}, indexes: [[a]]", "columns: {a: text}, indexes: [[a]]"
    ),
    "varchar": Kind(
        "columns: {a: text}, indexes: [[a]]", "columns: {a: varchar}, indexes: [[a]]"
    ),
    "more digits": Kind(
        "columns: {a: 'numeric(10,2)'}", "columns: {a: 'numeric(12,2)'}"
    ),
    "any digits": Kind("columns: {a: 'numeric(10,2)'}", "columns: {a: numeric}"),
    "bigint": Kind("columns: {a: int}", "columns: {a: bigint}"),
    "bigint, and all else": Kind(
        f"columns: {{a: {{type: int, {RULES}}}}}, indexes: [[a]]",
        f"columns: {{a: {{type: bigint, {RULES}}}}}, indexes: [[a]]",
        (ROLES, ROLES),
    ),
    "bigint with a default that int has not": Kind(
        "", "columns: {a: {type: bigint, default: 3000000000}}"
    ),
    "longer texts": Kind(
        "columns: {a: {type: 'varchar(9)[]', nullable: true}}",
        "columns: {a: {type: 'text[]', nullable: true}}",
    ),
    "more digits after the point": Kind(
        "columns: {a: 'numeric(10,2)'}", "columns: {a: 'numeric(12,4)'}"
    ),
    "inet": Kind("columns: {a: cidr}", "columns: {a: inet}"),
    "check": Kind("", "columns: {a: {type: int, check: a > -1}}"),
    "other check": Kind(
        "columns: {a: {type: int, check: a > -1}}",
        "columns: {a: {type: int, check: a > -2}}",
    ),
    "no check": Kind("columns: {a: {type: int, check: a > -1}}", ""),
    "reference": Kind(
        "columns: {a: 'bigint?'}",
        "columns: {a: {type: bigint, nullable: true, references: {table: other_jobs,"
        " column: id, on_delete: cascade}}}",
    ),
    "no reference": Kind(
        "columns: {a: {type: bigint, nullable: true, references: {table: other_jobs,"
        " column: id, on_delete: cascade}}}",
        "columns: {a: 'bigint?'}",
    ),
    "index": Kind("", "columns: {a: int}, indexes: [[a]]"),
    "unique": Kind("", "columns: {a: int}, indexes: [{columns: [a], unique: true}]"),
    "other index": Kind(
        "columns: {a: int}, indexes: [{columns: [a], where: a > 1}]",
        "columns: {a: int}, indexes: [{columns: [a], where: a > 2}]",
    ),
    "no index": Kind("columns: {a: int}, indexes: [[a]]", ""),
    "priority": Kind("", "columns: {a: int}, priority: true"),
    "retention": Kind("", "columns: {a: int}, retention: {failed: 1d}"),
    "doc": Kind("", "columns: {a: {type: int, doc: x}}, doc: y"),
    "always": Kind("", "columns: {a: int}, notify: always"),
    "when idle": Kind("columns: {a: int}, notify: never", ""),
    "never": Kind("", "columns: {a: int}, notify: never"),
    "deletes": Kind("", "columns: {a: int}, on_success: delete", (ROLES, ROLES)),
    "roles": Kind("", "", ("", ROLES)),
    "a role less": Kind(
        "",
        "",
        (
            "roles: {producer: claims_worker, worker: claims_worker}\n",
            "roles: {producer: claims_worker}\n",
        ),
    ),
    "no roles": Kind("", "", (ROLES, "")),
    "label": Kind(
        "columns: {a: m}",
        "columns: {a: m}",
        ("enums: {m: [a, c]}\n", "enums: {m: [a, b, c, d]}\n"),
    ),
    "another name of an enum": Kind(
        "columns: {a: m, b: {type: 'm[]', default: [c]}}, indexes: [[a]]",
        "columns: {a: n, b: {type: 'n[]', default: [c]}}, indexes: [[a]]",
        (
            "enums: {m: [a, c]}\n",
            "enums: {n: {labels: [a, c, d], renamed_from: m, doc: x}}\n",
        ),
    ),
    "doc of an enum": Kind(
        "columns: {a: m}",
        "columns: {a: m}",
        ("enums: {m: [a]}\n", "enums: {m: {labels: [a], doc: x}}\n"),
    ),
}


def schemas(kind: Kind) -> tuple[Schema, Schema]:
    usual = "columns: {a: int}"
    old, new = (
        load(
            f"{HEAD}{head}jobs:\n{OTHER}"
            + ("" if job is None else f"  work: {{{job or usual}}}\n")
        )
        for head, job in zip(kind.head, (kind.old, kind.new), strict=True)
    )
    return old, new


def led_to(old: Schema, new: Schema) -> Database:
    """The new tables; where anything has another name, both are there meanwhile."""
    expanded = target(Snapshot(database=tables_of(old)), tables_of(new)).database
    renamed = expanded.aliases or any(table.syncs for table in expanded.tables)
    return expanded if renamed else tables_of(new)


VALUES = {
    "public.m": "'a'::m",
    "cidr": "'10.0.0.0/8'::cidr",
    "bigint": "NULL",
    "text": "'\"x\"'",
    "character varying(9)[]": "ARRAY['x', n::text]",
}
"""Of the column `a`, by type; a bigint refers to another table."""


def prepare(dsn: str, old: Schema) -> None:
    """The tables, with rows that are one of each other."""
    roles.create(dsn, ("claims_producer", "claims_worker"))
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE accounts (id integer PRIMARY KEY)")
        conn.execute("INSERT INTO accounts SELECT generate_series(1, 999)")
        conn.execute(emit(old, source=SOURCE)["schema.sql"].encode())
        conn.execute("INSERT INTO other_jobs SELECT FROM generate_series(1, 10)")
        work = tables_of(old).tables[1]
        [kind] = [column.type for column in work.columns if column.name == "a"]
        value = VALUES.get(kind, "n")
        conn.execute(
            f"INSERT INTO work_jobs (a) SELECT {value} FROM generate_series(1, 999)"
            " AS n".encode()
        )


@pytest.mark.parametrize("name", KINDS)
def test_a_step_costs_what_the_plan_says(database: str, name: str) -> None:
    """Each table's lock, whether rows are read, and whether they are written anew."""
    old, new = schemas(KINDS[name])
    prepare(database, old)
    wanted = led_to(old, new)
    steps = steps_between(tables_of(old), wanted)
    assert steps
    with psycopg.connect(database, autocommit=True) as conn:
        observe_all(database, conn, steps)
    assert drift(database, wanted) == []


ENDS = {
    "a renamed column": Kind("columns: {a: int}", KINDS["renamed"].new),
    "a reserved column": Kind(
        "columns: {a: int, b: 'text?'}, indexes: [[b]]",
        "columns: {a: int}, reserved: [b]",
    ),
    "a column of a reference": Kind(
        f"columns: {{a: {{type: int, {RULES}}}, b: 'int?'}}",
        "columns: {b: 'int?'}, reserved: [a]",
    ),
    "triggers": Kind("columns: {a: int}", "columns: {a: int}, notify: never"),
    "a sequence": Kind("columns: {a: int}", "columns: {a: int}, notify: always"),
    "grants": Kind("columns: {a: int}", "columns: {a: int}", (ROLES, "")),
    "an order": Kind("columns: {a: int}", "columns: {a: int}, priority: true"),
    "a priority": Kind("columns: {a: int}, priority: true", "columns: {a: int}"),
    "the name of an enum": Kind(
        "columns: {a: m}",
        "columns: {a: n}",
        ("enums: {m: [a]}\n", "enums: {n: {labels: [a], renamed_from: m}}\n"),
    ),
    "an enum": Kind(
        "columns: {a: m}",
        "columns: {b: 'text?'}, reserved: [a]",
        ("enums: {m: [a]}\n", ""),
    ),
    "a table": Kind(
        f"columns: {{a: {{type: int, {RULES}}}}}",
        None,
        ("", "reserved: [work]\n"),
    ),
}
"""What is retired, and dropped at last."""


@pytest.mark.parametrize("name", ENDS)
def test_to_drop_costs_what_the_plan_says(database: str, name: str) -> None:
    """When nobody uses it any more; producers and workers of the rest go on."""
    old, new = schemas(ENDS[name])
    prepare(database, old)
    first = Snapshot(database=tables_of(old))
    second = target(first, tables_of(new))
    assert [each for each in breaks(first, tables_of(new), new) if each.refused] == []
    carry_out(database, steps_between(first.database, second.database))
    last = target(second, tables_of(new), drop=True)
    steps = steps_between(second.database, last.database)
    assert steps
    assert findings(map(script, steps)) == []
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("DELETE FROM work_jobs")
        observe_all(database, conn, steps)
    assert drift(database, last.database) == []


def observe_all(
    dsn: str, conn: psycopg.Connection[TupleRow], steps: tuple[Step, ...]
) -> None:
    for step in steps:
        before = files(conn)
        if step.bare:
            observe_bare(dsn, conn, step)
        else:
            observe(conn, step)
        after = files(conn)
        assert step.rewrites or all(each in before for each in after), step.title


def files(conn: psycopg.Connection[TupleRow]) -> list[TupleRow]:
    """Where the rows of each job table lie."""
    question = (
        "SELECT relname, pg_relation_filenode(oid) FROM pg_class"
        " WHERE relname IN ('work_jobs', 'other_jobs') ORDER BY relname"
    )
    return conn.execute(question).fetchall()


TABLES = """
SELECT oid, relname::text FROM pg_class
WHERE relname IN ('work_jobs', 'other_jobs', 'accounts')
"""

LOCKS = """
SELECT relation, array_agg(mode) FROM pg_locks
WHERE pid = %s AND relation = ANY (%s) AND granted
GROUP BY 1
"""

READ = "SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables"

ORDER = (
    *("AccessShareLock", "RowShareLock", "RowExclusiveLock"),
    *("ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock"),
    *("ExclusiveLock", "AccessExclusiveLock"),
)


def named(conn: psycopg.Connection[TupleRow]) -> dict[int, str]:
    """The tables by their ids; one that is dropped keeps its id, and no name."""
    return dict(conn.execute(TABLES).fetchall())


def strongest(
    conn: psycopg.Connection[TupleRow], pid: int, tables: dict[int, str]
) -> dict[str, str]:
    """The lock of each table that the backend holds, in the words of a plan."""
    found: dict[str, str] = {}
    for oid, modes in conn.execute(LOCKS, [pid, [*tables]]).fetchall():
        mode = max(modes, key=ORDER.index).removesuffix("Lock")
        words = "".join(f" {c}" if c.isupper() else c for c in mode)
        found[f"public.{tables[oid]}"] = words.strip().upper()
    return found


def claimed(step: Step) -> dict[str, str]:
    return {table: str(lock) for table, lock in step.locks.items()}


def observe(conn: psycopg.Connection[TupleRow], step: Step) -> None:
    """Looks before the transaction is committed."""
    conn.execute("SELECT pg_stat_force_next_flush()")
    tables = named(conn)
    *statements, commit = split(script(step))
    assert commit == "COMMIT"
    for statement in statements:
        conn.execute(statement.encode())
    found = strongest(conn, conn.info.backend_pid, tables)
    # What a step reads of another table, as a reference does, it need not say.
    weak = {
        table for table, lock in found.items() if lock in ("ACCESS SHARE", "ROW SHARE")
    }
    expected = claimed(step)
    assert {
        t: lock for t, lock in found.items() if t in expected or t not in weak
    } == expected
    read = conn.execute(READ).fetchone()
    assert read is not None
    assert step.scans or (read[0] or 0) == 0, step.title
    conn.execute("COMMIT")


def observe_bare(dsn: str, conn: psycopg.Connection[TupleRow], step: Step) -> None:
    """Looks while a writer's transaction is open, which a concurrent build waits for."""
    failed: list[psycopg.Error] = []
    tables = named(conn)

    def run() -> None:
        try:
            for statement in split(script(step)):
                conn.execute(statement.encode())
        except psycopg.Error as error:
            failed.append(error)

    with psycopg.connect(dsn) as writer, psycopg.connect(dsn, autocommit=True) as watch:
        writer.execute("UPDATE work_jobs SET updated_at = now() WHERE id = 1")
        thread = threading.Thread(target=run)
        thread.start()
        deadline = time.monotonic() + 20
        waiting = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        pid = conn.info.backend_pid
        found: dict[str, str] = {}
        while thread.is_alive() and time.monotonic() < deadline and not found:
            if watch.execute(waiting, [pid]).fetchone() == (True,):
                found = strongest(watch, pid, tables)
            time.sleep(0.02)
            if "_filled" in step.statements[0].sql:
                break
        # A writer like this one, and another, can go on meanwhile.
        watch.execute("INSERT INTO work_jobs SELECT * FROM work_jobs WHERE false")
        writer.rollback()
        thread.join()
    assert failed == []
    assert not found or found == claimed(step)


def test_a_concurrent_build_is_observed(database: str) -> None:
    """The claim of an index is compared with something."""
    old, new = schemas(KINDS["index"])
    prepare(database, old)
    [step] = steps_between(tables_of(old), tables_of(new))
    assert claimed(step) == {"public.work_jobs": "SHARE UPDATE EXCLUSIVE"}
    with psycopg.connect(database, autocommit=True) as conn:
        observe_bare(database, conn, step)


@pytest.mark.parametrize("name", KINDS)
def test_squawk_finds_nothing(name: str) -> None:
    """What the linter would say is excused beside the statement."""
    old, new = schemas(KINDS[name])
    assert findings(map(script, steps_between(tables_of(old), led_to(old, new)))) == []
