"""What is written while a column has two names, and often two types."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.migrate.statements import split
from tests.cli.project import SCHEMA, Project
from tests.emit.schemas import SOURCE, load
from tests.migrate.commands import migrate, new, recorded, start
from tests.properties.packages import imported

HEAD = SCHEMA[: SCHEMA.index("jobs:")] + "enums: {tone: [soft, loud]}\n"
FILES = Path("schemas/migrations/app_jobs")


def _schema(columns: str) -> str:
    return f"{HEAD}jobs:\n  send_mail:\n    columns: {{{columns}}}\n"


def _released(project: Project, dsn: str, columns: str) -> None:
    """The first release, and its tables."""
    assert new(project, _schema(columns), "first").code == 0
    assert migrate(project, "apply", f"--dsn={dsn}").code == 0


def _renamed(project: Project, dsn: str, old: str, after: str) -> None:
    """The second one, in which `a`, an `old`, is `b`."""
    _released(project, dsn, f"a: {old}")
    assert new(project, _schema(f"b: {after}"), "second").code == 0
    done = migrate(project, "apply", f"--dsn={dsn}")
    assert (done.code, done.err) == (0, "")


def _run(conn: psycopg.Connection[TupleRow], path: Path) -> None:
    for statement in split(path.read_text(encoding="utf-8")):
        conn.execute(statement.encode())


def _rows(conn: psycopg.Connection[TupleRow]) -> list[tuple[str | None, str | None]]:
    found = conn.execute("SELECT a::text, b::text FROM send_mail_jobs ORDER BY id")
    return [(row[0], row[1]) for row in found.fetchall()]


BY_HAND = """
CREATE FUNCTION by_hand() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.a := lower(NEW.a); RETURN NEW; END';
CREATE TRIGGER own_trigger BEFORE INSERT OR UPDATE ON send_mail_jobs
    FOR EACH ROW EXECUTE FUNCTION by_hand();
"""


@pytest.mark.parametrize("kind", ["text", "varchar(9)"])
def test_what_a_trigger_of_others_gives_one_is_in_both(
    project: Project, database: str, kind: str
) -> None:
    """Of rows that there were, too, when the backfill writes to them."""
    _released(project, database, "a: text")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES ('Before')")
        conn.execute(BY_HAND)
        new(project, _schema(f"b: {{type: {kind}, renamed_from: a}}"), "second")
        assert migrate(project, "apply", f"--dsn={database}").code == 0
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES ('After'), ('-')")
        conn.execute("UPDATE send_mail_jobs SET a = 'LATE' WHERE a = '-'")
        values = [row[0] for row in _rows(conn)]
        assert [value and value.lower() for value in values] == values or kind == "text"
        assert all(old == after for old, after in _rows(conn))
        assert values[1:] == ["after", "late"]


@pytest.mark.parametrize(
    ("old", "one", "other", "after"),
    [
        ("citext", "Foo", "foo", "citext"),
        ("numeric", "7.5", "7.50", "numeric"),
        ("numeric", "7.5", "7.50", "text"),
        ("json", "[1]", "[ 1 ]", "text"),
        ("jsonb", "1", "1.0", "json"),
    ],
)
def test_a_value_that_is_only_spelt_otherwise_reaches_the_other_column(
    project: Project, database: str, old: str, one: str, other: str, after: str
) -> None:
    """For PostgreSQL it is the same one; not for who reads it."""
    _renamed(project, database, old, f"{{type: {after}, renamed_from: a}}")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES (%s)", [one])
        assert _rows(conn) == [(one, one)]
        conn.execute(f"UPDATE send_mail_jobs SET a = '{other}'".encode())
        assert _rows(conn) == [(other, other)]
        conn.execute(f"UPDATE send_mail_jobs SET b = '{one}'".encode())
        assert _rows(conn) == [(one, one)]


def test_each_release_writes_and_removes_values_of_rows(
    project: Project, database: str
) -> None:
    """NULL is NULL in both; what was written last is in both."""
    after = "{type: jsonb, nullable: true, renamed_from: a}"
    _renamed(project, database, "'text?'", after)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES ('[ 1]'), (NULL)")
        assert _rows(conn) == [("[ 1]", "[1]"), (None, None)]
        for column, value, rows in (
            ("b", "NULL", (None, None)),
            ("b", "'[ 2]'", ("[2]", "[2]")),
            ("a", "NULL", (None, None)),
            ("a", "'[ 3]'", ("[ 3]", "[3]")),
            ("status", "'job_status_retry'", ("[ 3]", "[3]")),
            ("b", "'null'", ("null", "null")),
        ):
            conn.execute(f"UPDATE send_mail_jobs SET {column} = {value}".encode())
            assert _rows(conn) == [rows] * 2


def test_what_is_written_while_the_backfill_runs_is_kept(
    project: Project, database: str
) -> None:
    """By either name, before it comes to the row or while it waits for it; and a text
    that only the backfill read stays as it was spelt."""
    _released(project, database, "a: text")
    new(project, _schema("b: {type: int, renamed_from: a}"), "second")
    _, look, change, fill, *rest = sorted(FILES.glob("*.sql"))
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(fill), database]
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES ('1'),('2'),('3'),(' 4')")
        _run(conn, look)
        _run(conn, change)
        conn.execute("UPDATE send_mail_jobs SET a = '20' WHERE a = '2'")
        conn.execute("UPDATE send_mail_jobs SET b = 30 WHERE a = '3'")
        with psycopg.connect(database) as other:
            other.execute("UPDATE send_mail_jobs SET a = '10' WHERE a = '1'")
            process = subprocess.Popen(psql, stderr=subprocess.DEVNULL)
            while _rows(conn)[-1][1] is None:
                assert process.poll() is None
        assert process.wait() == 0
        for path in rest:
            _run(conn, path)
        rows = [("10", "10"), ("20", "20"), ("30", "30"), (" 4", "4")]
        assert _rows(conn) == rows


def test_a_copy_of_either_release_is_in_both_columns(
    project: Project, database: str
) -> None:
    """As `enqueue_copy` writes it; a value that does not fit undoes all of it."""
    _renamed(project, database, "text", "{type: tone, renamed_from: a, default: soft}")
    with psycopg.connect(database, autocommit=True) as conn:
        for name in ("a", "b"):
            with conn.cursor().copy(
                f"COPY send_mail_jobs ({name}) FROM STDIN".encode()
            ) as copy:
                copy.write("loud\nsoft\n")
        assert _rows(conn) == [("loud",) * 2, ("soft",) * 2] * 2
        with (
            pytest.raises(psycopg.DataError),
            conn.cursor().copy("COPY send_mail_jobs (a) FROM STDIN") as copy,
        ):
            copy.write("loud\nshrill\n")
        assert len(_rows(conn)) == 4


@pytest.mark.parametrize(
    ("old", "after"),
    [
        ("a: text", "b: {type: text, renamed_from: a}"),
        ("a: text, tone: {type: tone, default: soft}",
         "b: {type: tone, renamed_from: a}, tone: {type: tone, default: soft}"),
    ],
)  # fmt: skip
def test_what_either_release_generates_copies_into_both_columns(
    project: Project, database: str, old: str, after: str
) -> None:
    """The functions themselves, of both releases, one after the other and again."""
    releases = [_schema(old), _schema(after)]
    _released(project, database, old)
    assert new(project, releases[1], "second").code == 0
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    for schema, name in zip(releases, ("a", "b"), strict=True):
        files = emit(load(schema), source=SOURCE)
        with imported(files, {}) as package, psycopg.connect(database) as conn:
            jobs = [package.SendMail(**{name: text}) for text in ("loud", "soft")]
            assert package.send_mail.enqueue_copy(conn, jobs) == 2
            assert len(package.send_mail.enqueue_many(conn, jobs)) == 2
            worker = UUID(int=1)
            for text in ("loud", "soft") * 2:
                job = package.send_mail.fetch(conn, worker)
                assert getattr(job, name) == text
                package.send_mail.succeed(conn, job)
    with psycopg.connect(database) as conn:
        assert _rows(conn) == [("loud",) * 2, ("soft",) * 2] * 4


PAIRS = {
    ("text", "text"): [("x", "x"), ("", "")],
    ("citext", "citext"): [("Foo", "Foo")],
    ("json", "json"): [("[ 1]", "[ 1]")],
    ("text", "int"): [("7", "8"), (" 7", "7")],
    ("text", "jsonb"): [("[1]", "[1]"), (' {"a":1 }', '{"a": 1}')],
    ("jsonb", "json"): [("[1]", "[ 1]")],
    ("json", "jsonb"): [("[ 1]", "[1]")],
    ("numeric", "numeric(8,2)"): [("7.5", "7.50")],
    ("text", "numeric(8,2)"): [("7.5", "7.50")],
    ("timestamptz", "date"): [("2026-01-02 00:00:00+00", "2026-01-02")],
    ("int", "bool"): [("1", "true")],
}


@pytest.mark.parametrize("types", PAIRS)
def test_a_column_goes_only_when_the_other_one_has_its_values(
    project: Project, database: str, types: tuple[str, str]
) -> None:
    """A session without triggers may have written to one alone; a value that the other
    type spells otherwise is the same."""
    old, after = types
    dsn = f"--dsn={database}"
    column = f"{{type: '{after}', nullable: true, renamed_from: a}}"
    _renamed(project, database, f"{{type: {old}, nullable: true}}", column)
    assert new(project, _schema(f"b: {column}"), "third", "--drop").code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        for one, other in [*PAIRS[types], (None, None)]:
            values = sql.SQL("INSERT INTO send_mail_jobs ({}) VALUES ({})")
            for name, value in (("a", one), ("b", other)):
                conn.execute(values.format(sql.Identifier(name), sql.Literal(value)))
        [(value, _), *_] = _rows(conn)
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE send_mail_jobs SET b = NULL WHERE id = 1")
        conn.execute("RESET session_replication_role")
        done = migrate(project, "apply", dsn)
        assert done.code == 2
        assert "rows of public.send_mail_jobs do not fulfil a = b" in done.err
        assert _rows(conn)[0] == (value, None)
        conn.execute("UPDATE send_mail_jobs SET a = NULL WHERE id = 1")
        done = migrate(project, "apply", dsn)
        assert (done.code, done.err) == (0, "")
    assert migrate(project, "drift", dsn).code == 0


def test_columns_that_were_both_there_stay_two(project: Project, database: str) -> None:
    """Although one claims the name of the other, and that goes: each release goes on to
    write and read its own values."""
    both = "a: 'int?', b: 'int?'"
    _released(project, database, both)
    after = _schema("b: {type: int, nullable: true, renamed_from: a}")
    done = new(project, after + "    reserved: [a]\n", "second")
    assert done.code == 0
    assert "'renamed_from: a' of 'b' does nothing, because both columns" in done.err
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (a, b) VALUES (1, 2), (NULL, 3)")
        assert _rows(conn) == [("1", "2"), (None, "3")]


def test_a_name_that_claims_nothing_is_told(project: Project, database: str) -> None:
    """Once what it claimed is gone, or where that never was; it does no harm."""
    after = "b: {type: text, renamed_from: a}"
    told = (
        "public.send_mail_jobs: 'renamed_from: a' of 'b' does nothing, because no"
        " migration leaves a column 'a'; take it away\n"
    )
    _renamed(project, database, "text", after.removeprefix("b: "))
    assert new(project, _schema(after), "third").err == ""
    assert new(project, _schema(after), "third", "--drop").err == ""
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    done = migrate(project, "plan", "--format=json")
    assert (done.code, done.err) == (0, told)
    done = new(
        project, _schema(f"{after}, c: {{type: int, renamed_from: d, default: 1}}")
    )
    assert (done.code, done.err) == (
        0,
        told + told.replace("a'", "d'").replace("'b'", "'c'"),
    )


def test_columns_may_be_called_as_the_trigger_calls_its_own(
    project: Project, database: str
) -> None:
    """Or as words of PL/pgSQL are, or of SQL; and the table, too."""
    names = {"loop": "if", "order": "user", "old": "new", "filled": "value"}
    names |= {"said": "given", "found": "row", "tg_op": "exception"}
    before = ", ".join(f"{name}: text" for name in names)
    new(project, _schema(before) + "    table: loop\n", "first")
    migrate(project, "apply", f"--dsn={database}")
    after = ", ".join(
        f"{name}: {{type: jsonb, renamed_from: {old}, default: {{x: 1}}}}"
        for old, name in names.items()
    )
    assert new(project, _schema(after) + "    table: loop\n", "second").code == 0
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(["'[1]'"] * len(names))
    insert = f"INSERT INTO public.loop ({columns}) VALUES ({values})".encode()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(insert)
        done = migrate(project, "apply", f"--dsn={database}")
        assert (done.code, done.err) == (0, "")
        conn.execute(insert)
        conn.execute("INSERT INTO public.loop DEFAULT VALUES")
        for old, name in names.items():
            question = f'SELECT "{old}", "{name}"::text FROM public.loop'
            found = conn.execute(f"{question} ORDER BY id".encode()).fetchall()
            assert found == [("[1]", "[1]")] * 2 + [('{"x": 1}',) * 2]
    assert migrate(project, "drift", f"--dsn={database}").code == 0


def test_a_check_may_be_written_in_capitals(project: Project, database: str) -> None:
    """That of the new column is kept for either release."""
    _released(project, database, 'a: {type: int, check: "A > 1"}')
    after = "b: {type: text, renamed_from: a, check: \"B <> '7'\"}"
    assert new(project, _schema(after), "second").code == 0
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (a) VALUES (0)")
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute("INSERT INTO send_mail_jobs (a) VALUES (7)")
    assert migrate(project, "drift", f"--dsn={database}").code == 0


@pytest.mark.parametrize("default", ["none", "'7 '"])
def test_a_default_that_the_old_type_cannot_say_is_found_first(
    project: Project, database: str, default: str
) -> None:
    """Who leaves it to the server could enqueue nothing, whichever release that is."""
    _released(project, database, "a: {type: varchar(2), default: x}")
    after = f"b: {{type: text, renamed_from: a, default: {default}}}"
    assert new(project, _schema(after.replace("7 ", "77 ")), "second").code == 0
    done = migrate(project, "apply", f"--dsn={database}")
    assert done.code == 2
    assert "the default of b of public.send_mail_jobs cannot become" in done.err
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs DEFAULT VALUES")
        columns = "SELECT FROM information_schema.columns WHERE column_name = 'b'"
        assert conn.execute(columns).rowcount == 0


def test_a_default_that_changes_meanwhile_is_looked_at_too(
    project: Project, database: str
) -> None:
    """In a third release, before the trigger has it."""
    after = "{type: text, renamed_from: a, default: '7'}"
    _renamed(project, database, "{type: int, default: 8}", after)
    dsn = f"--dsn={database}"
    with psycopg.connect(database, autocommit=True) as conn:
        insert = "INSERT INTO send_mail_jobs DEFAULT VALUES"
        conn.execute(insert)
        new(project, _schema(f"b: {after.replace('7', '6')}"), "third")
        assert migrate(project, "apply", dsn).code == 0
        conn.execute(insert)
        new(project, _schema(f"b: {after.replace('7', 'six')}"), "fourth")
        done = migrate(project, "apply", dsn)
        assert "the default of b of public.send_mail_jobs cannot become" in done.err
        conn.execute(insert)
        assert _rows(conn) == [("7", "7"), ("6", "6"), ("6", "6")]


def test_the_enum_of_one_may_get_another_name_meanwhile(
    project: Project, database: str
) -> None:
    """After each step both releases go on."""
    after = "b: {type: tone, renamed_from: a, default: soft}"
    _renamed(project, database, "text", after.removeprefix("b: "))
    third = _schema(after.replace("type: tone", "type: sound"))
    third = third.replace("{tone: [", "{sound: {renamed_from: tone, labels: [")
    assert new(project, third.replace("loud]}", "loud]}}"), "third").code == 0
    files = sorted(each for each in FILES.glob("*.sql") if "third" in each.name)
    assert files
    with psycopg.connect(database, autocommit=True) as conn:
        for path in files:
            _run(conn, path)
            for text in (
                "(a) VALUES ('loud')",
                "(b) VALUES ('loud')",
                "DEFAULT VALUES",
            ):
                conn.execute(f"INSERT INTO send_mail_jobs {text}".encode())
        rows = [("loud", "loud"), ("loud", "loud"), ("soft", "soft")] * len(files)
        assert _rows(conn) == rows


@pytest.mark.parametrize(
    ("old", "after", "said"),
    [
        ("'int?'", "{type: int, renamed_from: a}", "required-now"),
        ("int", "{type: text, nullable: true, renamed_from: a}", "nullable-now"),
        ("{type: int, default: 7}", "{type: text, renamed_from: a}", "removed-default"),
    ],
)
def test_what_another_name_breaks_besides_is_said(
    project: Project, database: str, old: str, after: str, said: str
) -> None:
    """As of a column that keeps its name, by which the previous release knows it."""
    _released(project, database, f"a: {old}")
    done = new(project, _schema(f"b: {after}"), "second")
    assert done.code == 0
    [line] = [line for line in done.out.splitlines() if f"[{said}]" in line]
    assert "'a'" in line


ROWS = 30_000


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_one_that_was_killed_is_finished_by_the_next(
    project: Project, database: str, delay: float
) -> None:
    """In the look, between the steps or in the backfill; and then again at the end."""
    old, after = (
        "a: text, c: int",
        ("b: {type: jsonb, renamed_from: a}, d: {type: text, renamed_from: c}"),
    )
    _released(project, database, old)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO send_mail_jobs (a, c)"
            f" SELECT '[ ' || n || ']', n FROM generate_series(1, {ROWS}) AS n".encode()
        )
        for options in ((), ("--drop",)):
            assert new(project, _schema(after), "next", *options).code == 0
            _finish(project, database, delay)
            assert migrate(project, "drift", f"--dsn={database}").code == 0
            if not options:
                both = "a = '[ ' || c || ']' AND "
                found = conn.execute(
                    "SELECT count(*) FROM send_mail_jobs"
                    f" WHERE {both}b = jsonb_build_array(c) AND d = c::text".encode()
                ).fetchone()
                assert found == (ROWS,)
        found = conn.execute(
            "SELECT count(*) FROM send_mail_jobs WHERE b = jsonb_build_array(d::int)"
        ).fetchone()
        assert found == (ROWS,)


def _finish(project: Project, dsn: str, delay: float) -> None:
    """Kills one after the other, `delay` seconds after it has done a step."""
    files = len(list(FILES.glob("*.sql")))
    while (done := recorded(dsn)) < files:
        process = start(project, dsn)
        while recorded(dsn) == done and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.kill()
        process.communicate()
