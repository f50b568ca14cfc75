"""A column that gets another name and another type: both releases have their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.migrate.casts import cast
from jobgen.migrate.statements import split
from jobgen.migrate.target import Snapshot, target
from jobgen.schema.quoting import quote_literal
from jobgen.schema.tables import tables_of
from tests.cli.project import SCHEMA, Project
from tests.emit.schemas import HEAD, SOURCE, load
from tests.migrate.commands import migrate, new, recorded
from tests.migrate.migrations import carry_out, drift, steps

ENUMS = "enums: {tone: [soft, loud], way: [loud, soft]}\n"

Group = dict[str, str]
"""One value, as it is said in each type."""

GROUPS: tuple[Group, ...] = (
    {
        **dict.fromkeys(("smallint", "int", "bigint", "real", "float"), "7"),
        "numeric(10,2)": "7.00",
    },
    {"numeric": "7", "int": "7", "float": "7", "numeric(5,0)": "7", "text": "7"},
    dict.fromkeys(("int", "text", "varchar(9)", "varchar(2)", "jsonb"), "7"),
    {"numeric(10,2)": "7.50", "text": "7.50"},
    {"numeric(10,2)": "7.50", "numeric(9,1)": "7.5"},
    {"boolean": "true", "text": "true"},
    {"boolean": "true", "int": "1"},
    dict.fromkeys(("uuid", "text"), "c7e1c4c0-1d1f-4d0c-9c39-2a4b6d8e0f10"),
    dict.fromkeys(("json", "jsonb", "text"), '{"a": [1, null]}'),
    {
        "date": "2026-05-06",
        "timestamp": "2026-05-06 00:00",
        "timestamptz": "2026-05-06 00:00+00",
    },
    dict.fromkeys(("inet", "cidr", "text"), "10.0.0.0/8"),
    dict.fromkeys(("tone", "way", "text", "varchar(4)"), "soft"),
    dict.fromkeys(("int[]", "bigint[]", "text[]", "numeric[]"), "{7,NULL}"),
    dict.fromkeys(("tone[]", "way[]", "text[]", "varchar(9)[]"), "{soft}"),
    dict.fromkeys(("json[]", "jsonb[]", "text[]"), '{"{\\"a\\": 1}"}'),
)


def _sql(kind: str) -> str:
    """As `Column.type` spells it."""
    job = load(f"{HEAD}{ENUMS}jobs:\n  work: {{columns: {{a: '{kind}'}}}}\n")
    return tables_of(job).tables[0].columns[-1].type


def _pairs() -> list[tuple[str, str, str, str]]:
    """Types and values of the first and of the second one."""
    found: list[tuple[str, str, str, str]] = []
    for group in GROUPS:
        spelt = {kind: _sql(kind) for kind in group}
        for old, after in permutations(group, 2):
            if cast(spelt[old], spelt[after]) and cast(spelt[after], spelt[old]):
                found.append((old, group[old], after, group[after]))
    return found


PAIRS = _pairs()
NUMBERS = range(len(PAIRS))


def _schema(columns: Sequence[str]) -> str:
    listed = "\n".join(f"      {column}" for column in columns)
    return f"{HEAD}{ENUMS}jobs:\n  work:\n    columns:\n{listed}\n"


OLD = load(_schema([f"a{n}: '{PAIRS[n][0]}'" for n in NUMBERS]))
NEW = load(
    _schema([f"b{n}: {{type: '{PAIRS[n][2]}', renamed_from: a{n}}}" for n in NUMBERS])
)


def _insert(conn: psycopg.Connection[TupleRow], letter: str, values: list[str]) -> None:
    columns = ", ".join(f"{letter}{n}" for n in NUMBERS)
    texts = ", ".join(map(quote_literal, values))
    conn.execute(f"INSERT INTO work_jobs ({columns}) VALUES ({texts})".encode())


def test_both_columns_say_the_same_in_their_types(database: str) -> None:
    """Of rows that there were, and of those of either release, wherever it lives."""
    assert len(PAIRS) > 100
    first = Snapshot(database=tables_of(OLD))
    second = target(first, tables_of(NEW))
    old_values = [pair[1] for pair in PAIRS]
    new_values = [pair[3] for pair in PAIRS]
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(emit(OLD, source=SOURCE)["schema.sql"].encode())
        _insert(conn, "a", old_values)
        carry_out(database, steps(first, second))
        assert drift(database, second.database) == []
        conn.execute("SET timezone = 'Asia/Tokyo'")
        _insert(conn, "a", old_values)
        _insert(conn, "b", new_values)
        conn.execute("UPDATE work_jobs SET status = 'job_status_running'")
        conn.execute("SET timezone = 'UTC'")
        for letter, at in (("a", 0), ("b", 2)):
            for n in NUMBERS:
                kind, value = _sql(PAIRS[n][at]), quote_literal(PAIRS[n][at + 1])
                question = (
                    f"SELECT count(*) FROM work_jobs"
                    f" WHERE {letter}{n}::text = {value}::{kind}::text"
                )
                found = conn.execute(question.encode()).fetchone()
                assert found == (3,), (letter, PAIRS[n])
    last = target(second, tables_of(NEW), drop=True)
    carry_out(database, steps(second, last), "sample_last")
    assert drift(database, tables_of(NEW)) == []


@pytest.mark.parametrize(
    ("old", "after"),
    [
        ("interval", "text"),
        ("text", "timestamptz"),
        ("bytea", "text"),
        ("citext", "text"),
        ("float", "text"),
        ("timestamp[]", "timestamptz[]"),
        ("int", "int[]"),
        ("int4range", "int8range"),
        ("date", "int"),
        ("int", "jsonb"),
    ],
)
def test_what_a_setting_could_change_is_not_cast(old: str, after: str) -> None:
    """Nor what PostgreSQL cannot."""
    assert cast(_sql(old), _sql(after)) is None


@pytest.mark.parametrize(
    ("old", "good", "bad", "after"),
    [
        ("bigint", "7", str(2**40), "int"),
        ("numeric(10,2)", "7.00", "7.50", "int"),
        ("numeric(10,2)", "7.00", "12345.00", "numeric(4,1)"),
        ("numeric(10,2)", "7.00", "7.25", "numeric(4,1)"),
        ("float", "7", str(2**53 + 2**30 + 2), "real"),
        ("text", "abc", "abcd", "varchar(3)"),
        ("text", "abc", "abc ", "varchar(3)"),
        ("text", "{}", "{", "jsonb"),
        ("text", "soft", "shrill", "tone"),
        ("timestamp", "2026-05-06", "2026-05-06 07:00", "date"),
        ("inet", "10.0.0.0/8", "10.0.0.1/8", "cidr"),
        ("text[]", "{7}", "{7,x}", "int[]"),
        ("int", "1", "2", "boolean"),
        ("text", "7.50", "7.505", "numeric(10,2)"),
        ("text[]", "{7.50}", "{7.50,7.505}", "numeric(10,2)[]"),
        ("numeric", "7", "NaN", "int"),
    ],
)
def test_a_value_that_is_none_of_the_new_type_is_named(
    project: Project, database: str, old: str, good: str, bad: str, after: str
) -> None:
    """Before anything is changed; and nobody can enqueue one later."""
    dsn = f"--dsn={database}"
    head = SCHEMA[: SCHEMA.index("jobs:")] + ENUMS + "jobs:\n  send_mail:\n"
    new(project, f"{head}    columns: {{a: '{old}'}}\n")
    assert migrate(project, "apply", dsn).code == 0
    insert = "INSERT INTO send_mail_jobs (a) VALUES (%s)"
    with psycopg.connect(database, autocommit=True) as conn:
        for value in (good, bad, good):
            conn.execute(insert.replace("%s", quote_literal(value)).encode())
        renamed = f"{{b: {{type: '{after}', renamed_from: a}}}}"
        done = new(project, f"{head}    columns: {renamed}\n")
        assert "sql[renamed-column]: 'a' is called 'b', and is " in done.out
        done = migrate(project, "apply", dsn)
        assert done.code == 2
        assert "a of rows of public.send_mail_jobs cannot become" in done.err
        assert ": id 2" in done.err
        assert recorded(database) == 1
        conn.execute("DELETE FROM send_mail_jobs WHERE id = 2")
        assert migrate(project, "apply", dsn).code == 0
        with pytest.raises((psycopg.DataError, psycopg.NotSupportedError)):
            conn.execute(insert.replace("%s", quote_literal(bad)).encode())
        conn.execute(insert.replace("%s", quote_literal(good)).encode())
        rows = conn.execute("SELECT a::text FROM send_mail_jobs ORDER BY id")
        assert len({row[0] for row in rows.fetchall()}) == 1
    assert migrate(project, "drift", dsn).code == 0
    done = new(project, f"{head}    columns: {renamed}\n", "end", "--drop")
    assert (done.code, migrate(project, "apply", dsn).code) == (0, 0)
    assert migrate(project, "drift", dsn).code == 0


def test_what_only_the_new_type_can_say_waits_for_the_end(
    project: Project, database: str
) -> None:
    """The previous release's workers could not read it."""
    dsn = f"--dsn={database}"
    head = SCHEMA[: SCHEMA.index("jobs:")] + "jobs:\n  send_mail:\n"
    after = head + "    columns: {b: {type: text, renamed_from: a}}\n"
    new(project, head + "    columns: {a: int}\n")
    new(project, after)
    assert migrate(project, "apply", dsn).code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        insert = "INSERT INTO send_mail_jobs (b) VALUES ('seven')"
        with pytest.raises(psycopg.DataError):
            conn.execute(insert)
        new(project, after, "end", "--drop")
        assert migrate(project, "apply", dsn).code == 0
        conn.execute(insert)


def test_a_row_that_does_not_fit_can_still_be_fetched(
    project: Project, database: str
) -> None:
    """One that came after the look: it hinders the backfill, and no worker."""
    dsn = f"--dsn={database}"
    head = SCHEMA[: SCHEMA.index("jobs:")] + "jobs:\n  send_mail:\n"
    new(project, head + "    columns: {a: text}\n")
    assert migrate(project, "apply", dsn).code == 0
    new(project, head + "    columns: {b: {type: jsonb, renamed_from: a}}\n")
    _, look, change, *rest = sorted(Path("schemas/migrations/app_jobs").glob("*.sql"))
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(look.read_bytes())
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES ('{')")
        conn.execute(change.read_bytes())
        conn.execute("UPDATE send_mail_jobs SET status = 'job_status_running'")
        conn.execute("UPDATE send_mail_jobs SET a = '{}'")
        for path in rest:
            for statement in split(path.read_text(encoding="utf-8")):
                conn.execute(statement.encode())
        row = conn.execute("SELECT b FROM send_mail_jobs").fetchone()
        assert row == ({},)
