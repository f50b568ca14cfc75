"""A column that is written anew for a wider type, while others write to it."""

from __future__ import annotations

import psycopg
import pytest

from jobgen.emit import emit
from jobgen.migrate.plan import steps_between
from jobgen.migrate.retype import can_retype
from jobgen.migrate.script import script
from jobgen.migrate.statements import split
from jobgen.runtime.job import Shape
from jobgen.runtime.needs import Column, Needs, compared
from jobgen.schema.tables import tables_of
from tests.emit.schemas import HEAD, SOURCE, load
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
            for statement in split(script(step)):
                conn.execute(statement.encode())
        other.execute("INSERT INTO work_jobs (kept, a) VALUES (%s, %s)", [2**40] * 2)
        wrong = "SELECT count(*) FROM work_jobs WHERE kept IS DISTINCT FROM a::text"
        assert conn.execute(wrong).fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM work_jobs").fetchone() == (
            len(steps) + 1,
        )


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
