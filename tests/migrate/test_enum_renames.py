"""An enum gets another name while both releases use it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.migrate.released import statements_in
from jobgen.migrate.script import script
from jobgen.migrate.statements import split
from jobgen.migrate.target import Snapshot, nothing, target
from jobgen.migrate.verify import failures
from jobgen.runtime import DEFAULT
from jobgen.schema.model import Schema
from jobgen.schema.tables import tables_of
from tests.cli.project import SCHEMA, Project
from tests.emit.schemas import HEAD, SOURCE, load
from tests.migrate.commands import RESERVED, migrate, new
from tests.migrate.migrations import carry_out, drift, steps
from tests.migrate.test_live import Run, work
from tests.migrate.test_verify import git
from tests.properties import roles
from tests.properties.packages import imported
from tests.unseen import Unseen

ROLES = "roles: {producer: renames_producer, worker: renames_worker}\n"


def release(name: str, *before: str, mood: str = "mood: {type: NAME}") -> Schema:
    """One whose enum is called so; `before`: what it was called."""
    renamed = "".join(f", renamed_from: {each}" for each in before)
    text = f"""{ROLES}
enums: {{NAME: {{labels: [good, bad]{renamed}}}}}
jobs:
  send_mail:
    columns:
      {mood}
      maybe: "NAME?"
      usual: {{type: NAME, default: bad}}
      typed: {{type: NAME, default_sql: "'bad'::public.NAME"}}
      checked: {{type: NAME, nullable: true, check: "checked <> 'bad'"}}
      many: "NAME[]"
      maybe_many: "NAME[]?"
      usual_many: {{type: "NAME[]", default: [bad, good]}}
    indexes: [[usual], {{columns: [maybe], where: "usual = 'bad'"}}]
"""
    return load(HEAD + text.replace("NAME", name))


FEELING, MOOD = release("feeling"), release("mood", "feeling")
HUMOUR = release("humour", "mood")


def made(dsn: str, schema: Schema) -> Snapshot:
    """The database of a first release."""
    roles.create(dsn, ("renames_producer", "renames_worker"))
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(emit(schema, source=SOURCE)["schema.sql"].encode())
    return target(nothing(tables_of(schema)), tables_of(schema))


def migrated(
    dsn: str, old: Snapshot, schema: Schema, package: str, *, drop: bool = False
) -> Snapshot:
    snapshot = target(old, tables_of(schema), drop=drop)
    carry_out(dsn, steps(old, snapshot), package)
    assert drift(dsn, snapshot.database) == []
    return snapshot


def enum_of(package: Unseen, class_name: str) -> Unseen:
    return getattr(import_module(f"{package.__name__}.enums"), class_name)


def jobs(package: Unseen, class_name: str) -> Iterator[Unseen]:
    """With every column said, and with those that have a default left out."""
    enum = enum_of(package, class_name)
    yield package.SendMail(
        mood=enum.GOOD,
        maybe=None,
        usual=DEFAULT,
        typed=DEFAULT,
        checked=None,
        many=[],
        maybe_many=None,
        usual_many=DEFAULT,
    )
    yield package.SendMail(
        mood=enum.BAD,
        maybe=enum.GOOD,
        usual=enum.GOOD,
        typed=enum.GOOD,
        checked=enum.GOOD,
        many=[enum.GOOD, enum.BAD],
        maybe_many=[enum.BAD],
        usual_many=[enum.GOOD],
    )


COLUMNS = (
    *("mood", "maybe", "usual", "typed", "checked"),
    *("many", "maybe_many", "usual_many"),
)


def check(
    producer: psycopg.Connection[TupleRow],
    worker: psycopg.Connection[TupleRow],
    package: Unseen,
    class_name: str,
) -> None:
    """Each way to enqueue, and what comes back: often enough to be prepared."""
    module = package.send_mail
    plain, full = jobs(package, class_name)
    enum = enum_of(package, class_name)
    usual: tuple[Unseen, ...]
    usual = (enum.GOOD, None, enum.BAD, enum.BAD, None, [], None, [enum.BAD, enum.GOOD])
    said = tuple(getattr(full, name) for name in COLUMNS)
    for _ in range(6):
        for job in (plain, full):
            module.enqueue(producer, job)
        module.enqueue_many(producer, [plain, full])
        module.enqueue_copy(producer, [plain, full])
        found = module.fetch_many(worker, uuid4(), 10)
        values = [tuple(getattr(job, name) for name in COLUMNS) for job in found]
        assert values == [usual, said] * 3
        assert all(type(job.mood) is enum for job in found)
        assert all(type(each) is enum for job in found for each in job.usual_many)
        for job in found:
            assert module.succeed(worker, job) is not None


def test_each_release_finds_the_enum_by_its_name(database: str) -> None:
    """On connections that used it before, and on others; a second name later, that of
    the first release still leads to it; the last one needs no other."""
    first = made(database, FEELING)
    with ExitStack() as stack:

        def connect(role: str) -> psycopg.Connection[TupleRow]:
            conn = stack.enter_context(psycopg.connect(database, autocommit=True))
            conn.execute(f"SET ROLE {role}".encode())
            return conn

        def both() -> tuple[psycopg.Connection[TupleRow], psycopg.Connection[TupleRow]]:
            return connect("renames_producer"), connect("renames_worker")

        old, new, last = (
            stack.enter_context(imported(emit(each, source=SOURCE), {}))
            for each in (FEELING, MOOD, HUMOUR)
        )
        of_old, of_new = both(), both()
        check(*of_old, old, "Feeling")
        second = migrated(database, first, MOOD, "sample_1")
        check(*of_old, old, "Feeling")
        check(*both(), old, "Feeling")
        check(*of_new, new, "Mood")
        third = migrated(database, second, HUMOUR, "sample_2")
        check(*of_old, old, "Feeling")
        check(*of_new, new, "Mood")
        check(*both(), new, "Mood")
        check(*both(), last, "Humour")
        end = migrated(database, third, HUMOUR, "sample_3", drop=True)
        assert end.retired == ()
        assert drift(database, tables_of(HUMOUR)) == []
        check(*of_new, last, "Humour")


def test_a_worker_of_the_previous_release_starts(database: str) -> None:
    """Until the old name is dropped."""
    second = migrated(database, made(database, FEELING), MOOD, "sample_1")
    release = emit(FEELING, source=SOURCE)
    released = statements_in(release)
    with imported(release, {}) as old:
        with psycopg.connect(database, autocommit=True) as conn:
            ids = old.send_mail.enqueue_many(conn, [*jobs(old, "Feeling")])
        done = list[Run]()
        asyncio.run(work(database, old, done, lambda: len(done) == len(ids)))
        assert sorted(run.id for run in done) == ids
        with psycopg.connect(database) as conn:
            assert failures(conn, released, second.database) == ()
        third = migrated(database, second, MOOD, "sample_2", drop=True)
        with psycopg.connect(database) as conn:
            found = failures(conn, released, third.database)
        assert {each.message for each in found} == {
            'type "public.feeling" does not exist'
        }


def test_a_rename_takes_one_step_and_locks_no_table(database: str) -> None:
    """Wherever that is cut off, it is done as a whole by the next; nobody waits for
    it, nor it for anybody."""
    old = made(database, FEELING)
    snapshot = target(old, tables_of(MOOD))
    [step] = steps(old, snapshot)
    assert step.locks == {}
    statements = split(script(step))
    with psycopg.connect(database) as busy:
        busy.execute("LOCK TABLE send_mail_jobs IN ACCESS EXCLUSIVE MODE")
        for end in range(len(statements)):
            with closing(psycopg.connect(database, autocommit=True)) as conn:
                for statement in statements[:end]:
                    conn.execute(statement.encode())
        carry_out(database, (step,))
    assert drift(database, snapshot.database) == []


def test_a_column_that_is_being_renamed_keeps_its_two_names(database: str) -> None:
    """The trigger that keeps them the same names the enum, as it is called by then."""
    field = "mind: {type: NAME, default: good, renamed_from: mood}"
    first = made(database, FEELING)
    second = migrated(database, first, release("feeling", mood=field), "sample_1")
    wanted = release("mood", "feeling", mood=field)
    third = target(second, tables_of(wanted))
    [step] = steps(second, third)
    assert step.locks == {}
    carry_out(database, (step,), "sample_2")
    assert drift(database, third.database) == []
    with psycopg.connect(database) as conn:
        conn.execute("INSERT INTO send_mail_jobs (mood, many) VALUES ('bad', '{}')")
        conn.execute("INSERT INTO send_mail_jobs (many) VALUES ('{}')")
        rows = conn.execute("SELECT mood, mind FROM send_mail_jobs ORDER BY id")
        assert rows.fetchall() == [("bad", "bad"), ("good", "good")]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DROP DOMAIN feeling", "is missing"),
        (
            "ALTER DOMAIN feeling SET NOT NULL",
            "is public.mood NOT NULL, should be public.mood",
        ),
        (
            "ALTER DOMAIN feeling ADD CONSTRAINT x CHECK (VALUE <> 'bad')",
            "is public.mood CHECK ((VALUE <> 'bad'::public.mood)), should be public.mood",
        ),
        (
            "DROP DOMAIN feeling; CREATE DOMAIN feeling AS text DEFAULT 'x'",
            "is text DEFAULT 'x'::text, should be public.mood",
        ),
    ],
)
def test_another_domain_than_the_one_that_was_made_is_drift(
    database: str, damage: str, found: str
) -> None:
    """Processes of the previous release would meet it."""
    second = migrated(database, made(database, FEELING), MOOD, "sample_1")
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(damage.encode())
    [line] = drift(database, second.database)
    assert line.startswith(f"public.feeling: domain {found}"), line


TONE = SCHEMA.replace("text", "tone") + "enums: {tone: [soft, loud]}\n"
SOUND = SCHEMA.replace("text", "sound") + (
    "enums: {sound: {labels: [soft, loud], renamed_from: tone}}\n"
)


def test_the_old_name_is_retired_and_dropped(project: Project, database: str) -> None:
    """With every command, as they are typed."""
    dsn = f"--dsn={database}"
    new(project, TONE, "start")
    migrate(project, "apply", dsn)
    project.build()
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "release")
    done = new(project, SOUND, "sound")
    assert done.code == 0
    assert "public.sound: python[renamed-enum]: 'tone' is called 'sound'" in done.out
    assert "pending  0002_sound.sql" in migrate(project, "status", dsn).out
    assert migrate(project, "drift", dsn).code == 1
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "status", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0
    assert "retired: domain tone\n" in new(project, SOUND).out
    assert migrate(project, "verify", dsn).code == 0
    done = migrate(project, "verify", dsn, "--drop")
    assert done.code == 1
    assert 'ENQUEUE_SQL: type "public.tone" does not exist' in done.out
    assert new(project, SOUND, "end", "--drop").code == 0
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0
    assert "retired" not in new(project, SOUND).out


def test_an_enum_that_is_gone_goes_with_its_old_name(
    project: Project, database: str
) -> None:
    """The name first: the type cannot go while it leads there."""
    for number, schema in enumerate((TONE, SOUND, RESERVED)):
        assert new(project, schema, f"release_{number}").code == 0
    assert new(project, RESERVED, "end", "--drop").code == 0
    dsn = f"--dsn={database}"
    assert migrate(project, "apply", dsn).code == 0
    assert migrate(project, "drift", dsn).code == 0
    left = "SELECT FROM pg_type WHERE typname IN ('tone', 'sound')"
    with psycopg.connect(database) as conn:
        assert conn.execute(left).rowcount == 0


@pytest.mark.parametrize(
    ("old", "wanted", "message"),
    [
        (
            TONE.replace(
                "{email: tone}",
                '{email: {type: tone, default_sql: "(enum_range(NULL::tone))[1]"}}',
            ),
            SOUND,
            "the default of send_mail_jobs.email names 'tone'",
        ),
        (
            TONE,
            SOUND.replace("enums: {", "enums: {tone: [soft, loud], "),
            "'tone' cannot become 'sound' and be there as well",
        ),
        (
            TONE,
            SOUND.replace("enums: {", "enums: {voice: {labels: [soft, loud],"
            " renamed_from: tone}, "),
            "'tone' cannot become 'voice' and be there as well",
        ),
        (
            TONE,
            SOUND.replace("jobs:\n", "jobs:\n  other: {table: tone, columns: {}}\n"),
            "this is another name of public.sound for processes",
        ),
    ],
)  # fmt: skip
def test_a_name_that_is_not_that_of_the_enum_alone_is_refused(
    project: Project, old: str, wanted: str, message: str
) -> None:
    """Or that the previous release's statements use as no domain can be used."""
    assert new(project, old, "start").code == 0
    done = new(project, wanted)
    assert done.code == 1
    assert "sql[renamed-enum]" in done.err
    assert message in done.err


@pytest.mark.parametrize("labels", ["[soft, loud]", "[high, low]"])
def test_the_old_name_is_free_when_it_is_dropped(project: Project, labels: str) -> None:
    """For the same enum, which gets it back, and for another one."""
    back = TONE.replace("[soft, loud]", "{labels: [soft, loud], renamed_from: sound}")
    other = SOUND.replace("enums: {", f"enums: {{tone: {labels}, ")
    again = back if labels == "[soft, loud]" else other
    new(project, TONE, "start")
    new(project, SOUND, "sound")
    done = new(project, again)
    assert done.code == 1
    assert "end that first, with 'jobgen migrate new --drop'" in done.err
    assert new(project, SOUND, "end", "--drop").code == 0
    assert new(project, again).code == 0
