"""The grants of schema.sql: each role can do its work, and nothing else.

What is tried here is tried by somebody who logged in with a role of the schema.
The script is applied by an owner who is no superuser, in a database where nothing
is granted to everybody.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import TupleRow

from jobgen.runtime import Cancel, Retry, Snooze
from jobgen.schema.grants import Grant
from jobgen.schema.tables import tables_of
from tests.emit.schemas import HEAD, load
from tests.seed.kit import build
from tests.servers import Server
from tests.unseen import Unseen
from tests.worker.support import running, until

Connection: TypeAlias = psycopg.Connection[TupleRow]

JOBS = """
enums: {mood: [good, bad]}
jobs:
  keep:
    columns:
      secret: text
      mood: {type: mood, default: good}
      order: {type: jsonb, nullable: true}
    priority: true
    timeout: 200ms
    backoff: {delay: 1ms}
  drop: {columns: {size: int}, id: uuid, on_success: delete}
  expire: {columns: {}, retention: {succeeded: 1d}}
  send_away: {columns: {fax: text}, worker: elsewhere}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Names of roles that may log in; `both` enqueues and works."""

    owner: str
    producer: str
    worker: str
    both: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A database with the tables of `package`."""

    package: Unseen
    text: str
    roles: Roles
    dsn: str

    def as_(self, role: str) -> str:
        return make_conninfo(self.dsn, user=role)

    @property
    def new(self) -> Unseen:
        return self.package.Keep(secret="s", mood=self.package.Mood.BAD, order=[1])

    def rows(self, columns: str, table: str = "keep_jobs") -> list[TupleRow]:
        """What a superuser sees."""
        with psycopg.connect(self.dsn) as conn:
            query = f"SELECT {columns} FROM {table} ORDER BY 1"
            return conn.execute(query.encode()).fetchall()


@pytest.fixture
def roles(server: Server) -> Iterator[Roles]:
    """Of this test's own: they belong to the whole server."""
    suffix = uuid4().hex
    found = Roles(
        owner=f"owner_{suffix}",
        producer=f'App "Web" {suffix}',
        worker=f"worker_{suffix}",
        both=f"both_{suffix}",
    )
    names = [
        sql.Identifier(name)
        for name in (found.owner, found.producer, found.worker, found.both)
    ]
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        for name in names:
            conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        yield found
        for name in names:
            conn.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture
def home() -> str:
    """The PostgreSQL schema of the package."""
    return "public"


@pytest.fixture
def queue(server: Server, roles: Roles, home: str, tmp_path: Path) -> Iterator[Queue]:
    named = {
        "producer": [roles.producer, roles.both],
        "worker": [roles.worker, roles.both],
    }
    head = f"postgres: {{schema: {home}}}\nroles: {json.dumps(named)}\n"
    text = HEAD + head + JOBS
    package = build(text, tmp_path)
    with server.database() as dsn:
        dsn = make_conninfo(dsn, options=f"-c search_path={home}")
        prepare(dsn, roles.owner)
        with psycopg.connect(
            make_conninfo(dsn, user=roles.owner), autocommit=True
        ) as conn:
            conn.execute(package.SCHEMA_SQL)
        yield Queue(package=package, text=text, roles=roles, dsn=dsn)


def prepare(dsn: str, owner: str) -> None:
    """The owner may create, and what it creates is nobody else's."""
    harsh = """
        GRANT CREATE ON SCHEMA public TO {owner};
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO {owner} WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE ALL ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE ALL ON TYPES FROM PUBLIC
    """
    with psycopg.connect(dsn, autocommit=True) as conn:
        name = sql.Identifier(owner)
        conn.execute(sql.SQL(harsh).format(owner=name))
        conn.execute(
            sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
                sql.Identifier(conn.info.dbname), name
            )
        )


# --- a producer


@pytest.mark.parametrize("home", ["public", "queue"])
@pytest.mark.parametrize("role", ["producer", "both"])
def test_a_producer_enqueues(queue: Queue, role: str) -> None:
    """One, many, by COPY, of every job, and with what any producer may choose."""
    package, new = queue.package, queue.new
    with psycopg.connect(queue.as_(getattr(queue.roles, role))) as conn:
        first = package.keep.enqueue(conn, new)
        assert package.keep.enqueue_many(conn, [new, new]) == [first + 1, first + 2]
        assert package.keep.enqueue_copy(conn, [new]) == 1
        package.drop.enqueue(conn, package.Drop(size=1))
        package.expire.enqueue(conn, package.Expire())
        package.send_away.enqueue(conn, package.SendAway(fax="1"))
    asyncio.run(enqueue_async(queue, getattr(queue.roles, role)))
    expected = [("job_status_not_started", "s", "bad", 7)]
    assert queue.rows("status::text, secret, mood::text, priority")[-1:] == expected
    assert len(queue.rows("id")) == 7


async def enqueue_async(queue: Queue, role: str) -> None:
    package = queue.package
    new = package.Keep(secret="s", mood=package.Mood.BAD, priority=7)
    async with await AsyncConnection.connect(queue.as_(role)) as conn:
        await package.aio.keep.enqueue(conn, new)
        assert len(await package.aio.keep.enqueue_many(conn, [new])) == 1
        assert await package.aio.keep.enqueue_copy(conn, [new]) == 1


FORBIDDEN_TO_A_PRODUCER = [
    "INSERT INTO keep_jobs (secret, status) VALUES ('', 'job_status_succeeded')",
    "INSERT INTO keep_jobs (secret, attempts_count) VALUES ('', 9)",
    "INSERT INTO keep_jobs (secret, locked_by) VALUES ('', gen_random_uuid())",
    "INSERT INTO keep_jobs (secret, locked_at) VALUES ('', now())",
    "INSERT INTO keep_jobs (secret, last_error) VALUES ('', '')",
    "INSERT INTO keep_jobs (secret, created_at) VALUES ('', now())",
    "INSERT INTO keep_jobs (secret, updated_at) VALUES ('', now())",
    "INSERT INTO keep_jobs (secret, id) VALUES ('', 1)",
    "INSERT INTO keep_jobs (secret) VALUES ('') RETURNING secret",
    "INSERT INTO keep_jobs (secret) VALUES ('') ON CONFLICT (id) DO UPDATE SET id = 1",
    "COPY keep_jobs FROM STDIN",
    "COPY keep_jobs TO STDOUT",
    "SELECT * FROM keep_jobs",
    "SELECT secret FROM keep_jobs",
    "SELECT status FROM keep_jobs",
    "SELECT id FROM keep_jobs FOR UPDATE",
    "SELECT id FROM keep_jobs WHERE secret = ''",
    "UPDATE keep_jobs SET secret = ''",
    "UPDATE keep_jobs SET status = 'job_status_failed'",
    "UPDATE keep_jobs SET run_at = now()",
    "SELECT nextval('keep_jobs_id_seq')",
    "INSERT INTO jobgen_workers VALUES"
    " (gen_random_uuid(), '', 1, now(), now(), '{}', 1)",
    "SELECT id FROM jobgen_workers",
    "UPDATE jobgen_workers SET heartbeat_at = now()",
    "DELETE FROM jobgen_workers",
]

FORBIDDEN_TO_ALL = [
    "INSERT INTO drop_jobs (size, status) VALUES (1, 'job_status_running')",
    "DELETE FROM keep_jobs",
    "DELETE FROM send_away_jobs",
    "TRUNCATE keep_jobs",
    "TRUNCATE jobgen_workers",
    "ALTER TABLE keep_jobs DISABLE TRIGGER USER",
    "CREATE TRIGGER mine AFTER INSERT ON keep_jobs"
    " EXECUTE FUNCTION notify_job_queued_keep_jobs()",
    "CREATE OR REPLACE FUNCTION notify_job_queued_keep_jobs() RETURNS trigger"
    " LANGUAGE sql AS ''",
    "CREATE TABLE mine (id bigint)",
    "DROP TABLE keep_jobs",
    "SELECT setval('keep_jobs_id_seq', 1)",
    "UPDATE keep_jobs SET secret = ''",
    "UPDATE keep_jobs SET id = 7",
    "UPDATE keep_jobs SET created_at = now()",
    "UPDATE keep_jobs SET priority = -1",
    "UPDATE send_away_jobs SET fax = ''",
]


def sends(statement: str) -> Callable[[Connection], object]:
    return lambda conn: conn.execute(statement.encode())


def refused(queue: Queue, role: str, attempt: Callable[[Connection], object]) -> None:
    """`role` may not; the row that is there stays as it was."""
    with psycopg.connect(queue.as_(queue.roles.producer), autocommit=True) as conn:
        queue.package.keep.enqueue(conn, queue.new)
    before = queue.rows("*"), queue.rows("*", "jobgen_workers")
    with (
        psycopg.connect(queue.as_(role), autocommit=True) as conn,
        pytest.raises(InsufficientPrivilege),
    ):
        attempt(conn)
    assert (queue.rows("*"), queue.rows("*", "jobgen_workers")) == before


def test_a_producer_can_do_nothing_else(queue: Queue) -> None:
    """Neither read what is enqueued nor forge how far it is."""
    for statement in FORBIDDEN_TO_A_PRODUCER + FORBIDDEN_TO_ALL:
        refused(queue, queue.roles.producer, sends(statement))


def test_the_functions_of_a_worker_are_not_a_producer_s(queue: Queue) -> None:
    """Nor is `pending`, which reads the state of every row."""
    module = queue.package.keep
    attempts: list[Callable[[Connection], object]] = [
        module.pending,
        lambda conn: module.fetch(conn, uuid4()),
        lambda conn: module.fetch_many(conn, uuid4(), 2),
        module.rescue,
    ]
    for attempt in attempts:
        refused(queue, queue.roles.producer, attempt)


# --- a worker


FORBIDDEN_TO_A_WORKER = [
    "INSERT INTO keep_jobs (secret) VALUES ('')",
    "INSERT INTO drop_jobs (size) VALUES (1)",
    "SELECT nextval('keep_jobs_id_seq')",
]


def test_a_worker_can_neither_enqueue_nor_change_a_payload(queue: Queue) -> None:
    """Nor delete what the schema keeps."""
    for statement in FORBIDDEN_TO_A_WORKER + FORBIDDEN_TO_ALL:
        refused(queue, queue.roles.worker, sends(statement))


def test_who_enqueues_and_works_has_the_rights_of_both_and_no_others(
    queue: Queue,
) -> None:
    """Two grants, and not the right to everything."""
    for statement in FORBIDDEN_TO_ALL:
        refused(queue, queue.roles.both, sends(statement))


@pytest.mark.parametrize("role", ["worker", "both"])
def test_a_worker_has_every_function_of_its_side(queue: Queue, role: str) -> None:
    """Each writes what it has to, and deletes where the schema does."""
    package, worker_id = queue.package, uuid4()
    with psycopg.connect(queue.as_(queue.roles.producer)) as conn:
        package.keep.enqueue_many(conn, [queue.new] * 5)
        package.drop.enqueue(conn, package.Drop(size=1))
        package.expire.enqueue(conn, package.Expire())
    with psycopg.connect(queue.as_(getattr(queue.roles, role))) as conn:
        module = package.keep
        assert module.pending(conn) == 5
        jobs = module.fetch_many(conn, worker_id, 4)
        assert jobs[0].secret == "s"
        assert module.succeed(conn, jobs[0])
        assert module.fail(conn, jobs[1], "no")
        assert module.timeout(conn, jobs[2])
        conn.execute("UPDATE keep_jobs SET locked_at = now() - interval '1 hour'")
        assert module.rescue(conn, timedelta(0)) == 1
        for other in (package.drop, package.expire):
            found = other.fetch(conn, worker_id)
            assert found is not None
            assert other.succeed(conn, found)
        conn.execute("DELETE FROM expire_jobs")
    assert queue.rows("id", "drop_jobs") == []


@pytest.mark.parametrize("home", ["public", "queue"])
def test_a_worker_runs_with_the_rights_of_its_role(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    """Every ending, a rescue and the heartbeats; nothing is denied on the way."""
    package, seen = queue.package, list[str]()
    worker = queue.as_(queue.roles.worker)

    async def keep(job: Unseen) -> Retry | Snooze | Cancel | None:
        seen.append(job.secret)
        first = seen.count(job.secret) == 1
        match job.secret:
            case "raise" if first:
                raise ValueError("once")
            case "late" if first:
                await asyncio.sleep(10)
            case "retry" if first:
                return Retry(timedelta(0))
            case "snooze" if first:
                return Snooze(timedelta(0))
            case "cancel":
                return Cancel("no")
            case "self":
                async with await AsyncConnection.connect(worker) as conn:
                    await package.aio.keep.succeed(conn, job)
            case _:
                pass
        return None

    def nothing(job: Unseen) -> None: ...

    secrets = ["cancel", "late", "lost", "raise", "retry", "self", "snooze"]
    with psycopg.connect(queue.as_(queue.roles.producer)) as conn:
        package.keep.enqueue_many(conn, [package.Keep(secret=each) for each in secrets])
        package.drop.enqueue(conn, package.Drop(size=1))
    lose(queue, "lost")
    handlers = package.handlers(keep=keep, drop=nothing, expire=nothing)

    async def scenario() -> None:
        async with running(worker, handlers, dead_after=1, lost_after=0.9) as found:
            await until(lambda: len(queue.rows("id", "jobgen_workers")) == 1)
            await until(lambda: finished(queue) == len(secrets))
            await until(lambda: queue.rows("id", "drop_jobs") == [])
            assert found.stats().rescued == 1

    with caplog.at_level(logging.INFO, "jobgen"):
        asyncio.run(scenario())
    assert "denied" not in caplog.text
    ended: dict[str, str] = dict(queue.rows("secret, status::text"))
    assert ended.pop("cancel") == "job_status_failed"
    assert set(ended.values()) == {"job_status_succeeded"}
    assert queue.rows("id", "jobgen_workers") == []


def lose(queue: Queue, secret: str) -> None:
    """Leave a row as a worker does that was killed long ago."""
    with psycopg.connect(queue.dsn) as conn:
        conn.execute(
            "UPDATE keep_jobs SET status = 'job_status_running', attempts_count = 1,"
            " locked_by = gen_random_uuid(), locked_at = now() - interval '1 hour'"
            " WHERE secret = %s",
            [secret],
        )


def finished(queue: Queue) -> int:
    ends = "('job_status_succeeded', 'job_status_failed')"
    return len(queue.rows("id", f"keep_jobs WHERE status IN {ends}"))


def test_a_worker_that_does_not_own_the_triggers_reports_them_once(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    """It cannot mend them, and finds new jobs by polling."""
    package = queue.package
    with psycopg.connect(queue.as_(queue.roles.owner)) as conn:
        conn.execute("DROP TRIGGER did_insert_job_keep_jobs ON keep_jobs")

    async def nothing(job: Unseen) -> None: ...

    handlers = package.handlers(keep=nothing, drop=nothing, expire=nothing)

    async def scenario() -> None:
        worker = queue.as_(queue.roles.worker)
        async with running(worker, handlers) as found:
            await until(lambda: "only its owner" in caplog.text)
            with psycopg.connect(queue.as_(queue.roles.producer)) as conn:
                package.keep.enqueue(conn, queue.new)
            await until(lambda: found.stats().succeeded == 1)
            await asyncio.sleep(0.7)  # more than two looks

    asyncio.run(scenario())
    warnings = [
        each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING
    ]
    table = package.keep.TABLE
    assert warnings == [
        f"{table}: trigger did_insert_job_keep_jobs is missing, disabled or different;"
        " new jobs are found by polling until it is mended",
        f"{table}: only its owner can mend that",
    ]


# --- the catalogue


@pytest.mark.parametrize("home", ["public", "queue"])
def test_the_grants_are_those_of_the_catalogue(queue: Queue) -> None:
    """As values, so that a live database can be compared with them."""
    database = tables_of(load(queue.text))
    wanted = {(database.schema, grant) for grant in database.grants}
    for table in (database.workers, *database.tables):
        wanted.update((table.name, grant) for grant in table.grants)
        if table.notifications is not None:
            wake = table.notifications.wake or ""
            wanted.update((wake, grant) for grant in table.notifications.grants)
    granted = [
        (of, Grant(role=role, privilege=privilege, columns=tuple(columns)))
        for of, role, privilege, columns in _granted(queue)
    ]
    assert sorted(granted, key=str) == sorted(wanted, key=str)


def _granted(queue: Queue) -> list[TupleRow]:
    """What the catalogue says of everything that the owner made."""
    query = """
        SELECT of, pg_get_userbyid(grantee)::text, privilege, columns
        FROM (
            SELECT nspname::text AS of, grantee, privilege_type AS privilege,
                '{}'::text[] AS columns
            FROM pg_namespace, aclexplode(nspacl)
            WHERE nspname = current_schema()
            UNION ALL
            SELECT relname, grantee, privilege_type, '{}'
            FROM pg_class, aclexplode(relacl)
            WHERE relnamespace = current_schema()::regnamespace
            UNION ALL
            SELECT relname, grantee, privilege_type,
                array_agg(attname::text ORDER BY attnum)
            FROM pg_class
            JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
            WHERE relnamespace = current_schema()::regnamespace
            GROUP BY relname, grantee, privilege_type
        ) AS granted
        WHERE grantee <> 0 AND pg_get_userbyid(grantee) <> %s
            AND pg_get_userbyid(grantee) <> 'pg_database_owner'
    """
    with psycopg.connect(queue.dsn) as conn:
        return conn.execute(query, [queue.roles.owner]).fetchall()
