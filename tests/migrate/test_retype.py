"""A column that is written anew for a wider type, while others write to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.migrate.plan import steps_between
from jobgen.migrate.retype import can_retype, obstacle
from jobgen.migrate.script import script
from jobgen.migrate.statements import split
from jobgen.migrate.steps import Step
from jobgen.runtime.job import Shape
from jobgen.runtime.needs import Column, Needs, compared
from jobgen.schema.tables import tables_of
from tests.cli.project import SCHEMA, Project
from tests.emit.schemas import HEAD, SOURCE, load
from tests.migrate.commands import migrate, new
from tests.migrate.migrations import drift
from tests.servers import Server

JOB = "jobs:\n  work: {columns: {kept: text, a: %s}, indexes: [[a]]}\n"


@pytest.mark.parametrize("old", ["int", "'int?'"])
def test_what_is_written_between_its_steps_is_kept(server: Server, old: str) -> None:
    """As the previous release writes it, also to rows that were copied already."""
    before, after = (
        load(HEAD + JOB % kind) for kind in (old, old.replace("i", "bigi"))
    )
    with (
        server.database() as dsn,
        psycopg.connect(dsn, autocommit=True) as conn,
        psycopg.connect(dsn, autocommit=True) as other,
    ):
        conn.execute(emit(before, source=SOURCE)["schema.sql"].encode())
        steps = steps_between(tables_of(before), tables_of(after))
        for number, step in enumerate(steps):
            other.execute(
                "INSERT INTO work_jobs (kept, a) VALUES (%s, %s::integer)",
                [number, number],
            )
            other.execute("UPDATE work_jobs SET a = a + 1, kept = (a + 1)::text")
            _run(conn, [step])
        other.execute("INSERT INTO work_jobs (kept, a) VALUES (%s, %s)", [2**40] * 2)
        wrong = "SELECT count(*) FROM work_jobs WHERE kept IS DISTINCT FROM a::text"
        assert conn.execute(wrong).fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM work_jobs").fetchone() == (
            len(steps) + 1,
        )


def test_a_default_of_the_wider_type_comes_with_it(
    project: Project, database: str
) -> None:
    """The previous release, which leaves it to the server, has the old one till then."""
    columns = "{{a: {{type: {}, default: {}}}}}"
    new(project, SCHEMA.replace("{email: text}", columns.format("int", 1)))
    migrate(project, "apply", f"--dsn={database}")
    new(project, SCHEMA.replace("{email: text}", columns.format("bigint", 2**40)))
    files = sorted(Path("schemas/migrations/app_jobs").glob("*.sql"))[1:]
    with psycopg.connect(database, autocommit=True) as conn:
        for path in files:
            conn.execute("INSERT INTO send_mail_jobs DEFAULT VALUES")
            for statement in split(path.read_text(encoding="utf-8")):
                conn.execute(statement.encode())
        conn.execute("INSERT INTO send_mail_jobs DEFAULT VALUES")
        rows = conn.execute("SELECT a FROM send_mail_jobs ORDER BY id").fetchall()
    assert rows == [(1,)] * len(files) + [(2**40,)]


STRANGER = """
CREATE FUNCTION by_hand() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.a := NEW.a + 1000; RETURN NEW; END';
CREATE TRIGGER {} BEFORE INSERT ON work_jobs
    FOR EACH ROW EXECUTE FUNCTION by_hand();
"""


def test_what_a_trigger_of_others_gives_the_column_is_kept(server: Server) -> None:
    """Triggers run by name; the one that copies runs after nearly all."""
    with server.database() as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        *steps, swap = _made(conn)
        conn.execute(STRANGER.format("own_trigger").encode())
        _run(conn, steps)
        conn.execute("INSERT INTO work_jobs (kept, a) VALUES ('', 7)")
        _run(conn, [swap])
        found = conn.execute("SELECT a FROM work_jobs ORDER BY id").fetchall()
        assert found == [(1,), (1007,)]


def test_a_column_that_got_other_values_does_not_take_its_place(server: Server) -> None:
    """By a trigger that runs even later, or in a session without triggers."""
    with server.database() as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        looked, added, *steps = _made(conn)
        conn.execute(STRANGER.format("zzzz").encode())
        _run(conn, [looked, added])
        conn.execute("INSERT INTO work_jobs (kept, a) VALUES ('', 7)")
        with pytest.raises(psycopg.errors.RaiseException, match="do not fulfil") as why:
            _run(conn, steps)
        assert "Disable the other trigger" in (why.value.diag.message_hint or "")


@pytest.mark.parametrize(
    ("stranger", "named"),
    [
        ("CREATE VIEW seen AS SELECT a FROM work_jobs", "rule _RETURN on view seen"),
        ("CREATE INDEX by_hand ON work_jobs (a, kept)", "index by_hand"),
        ("CREATE INDEX by_hand ON work_jobs (kept) WHERE a > 0", "index by_hand"),
        ("ALTER TABLE work_jobs ADD CONSTRAINT c CHECK (a > -3)", "constraint c"),
        ("CREATE STATISTICS pair ON a, kept FROM work_jobs", "object pair"),
        ("CREATE PUBLICATION others FOR TABLE work_jobs (id, a)", "publication others"),
        ("GRANT SELECT (a) ON work_jobs TO PUBLIC", "SELECT for PUBLIC"),
        (
            STRANGER.format("mine").replace("INSERT ON", "UPDATE OF a ON"),
            "trigger mine",
        ),
    ],
)
def test_what_only_the_database_knows_of_is_named(
    server: Server, stranger: str, named: str
) -> None:
    """Before anything is done: it would be lost with the first column."""
    with server.database() as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        looked, *_ = _made(conn)
        conn.execute(stranger.encode())
        with pytest.raises(psycopg.errors.RaiseException, match=named):
            _run(conn, [looked])


def test_a_check_finds_its_column_in_capitals(server: Server) -> None:
    """As SQL does."""
    rule = """jobs: {work: {columns: {a: {type: %s, check: "A > 0"}}}}\n"""
    before, after = (load(HEAD + rule % kind) for kind in ("int", "bigint"))
    with server.database() as dsn, psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(emit(before, source=SOURCE)["schema.sql"].encode())
        _run(conn, steps_between(tables_of(before), tables_of(after)))
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute("INSERT INTO work_jobs (a) VALUES (-1)")
        assert drift(dsn, tables_of(after)) == []


def test_a_column_that_is_referred_to_is_left_as_it_is() -> None:
    """The other table's column has that type, too."""
    text = """
jobs:
  work: {columns: {a: %s}, indexes: [{columns: [a], unique: true}]}
  more: {columns: {b: {type: int, references: {table: work_jobs, column: a, on_delete: cascade}}}}
"""
    before, after = (tables_of(load(HEAD + text % each)) for each in ("int", "bigint"))
    (old, new) = (each.tables[0] for each in (before, after))
    problem = obstacle(old, new, "a", (*before.tables, *after.tables))
    assert problem == "more_jobs refers to it"


def _made(conn: psycopg.Connection[TupleRow]) -> tuple[Step, ...]:
    """A table with a row, and the steps that widen its column `a`."""
    before, after = (load(HEAD + JOB % kind) for kind in ("int", "bigint"))
    conn.execute(emit(before, source=SOURCE)["schema.sql"].encode())
    conn.execute("INSERT INTO work_jobs (kept, a) VALUES ('', 1)")
    return steps_between(tables_of(before), tables_of(after))


def _run(conn: psycopg.Connection[TupleRow], steps: Iterable[Step]) -> None:
    for step in steps:
        for statement in split(script(step)):
            conn.execute(statement.encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("smallint", "bigint"),
        ("integer[]", "bigint[]"),
        ("real", "double precision"),
        ("numeric(10,2)", "numeric(12,4)"),
        ("character varying(9)[]", "text[]"),
        ("numeric(10,2)[]", "numeric(12,2)[]"),
    ],
)
def test_a_type_with_the_same_values_in_python_will_do(old: str, new: str) -> None:
    """The previous release's workers start with it, too."""
    assert can_retype(old, new)
    shape = Shape(name="a", type=old, not_null=False)
    wanted = Needs("t", (shape,), (), frozenset("a"), frozenset())
    column = Column(
        type=new,
        not_null=False,
        filled=True,
        computed=False,
        keyed=False,
        labels=(),
        held=(),
    )
    assert compared(wanted, {"a": column}).lacks == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bigint", "integer"),
        ("integer", "text"),
        ("integer", "numeric"),
        ("text", "jsonb"),
        ("integer", "bigint[]"),
        ("integer[]", "bigint"),
        ("numeric(10,2)", "numeric(10,4)"),
        ("numeric(10,4)", "numeric(12,2)"),
        ("text[]", "character varying(9)[]"),
        ("timestamp without time zone", "timestamp with time zone"),
    ],
)
def test_another_type_will_not(old: str, new: str) -> None:
    assert not can_retype(old, new)
