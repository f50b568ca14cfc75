"""The previous release works on while a migration is applied."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.runtime import Worker
from tests.cli.project import SCHEMA, Project
from tests.emit.schemas import SOURCE, load
from tests.migrate.test_apply import end, holding, start
from tests.migrate.test_commands import migrate, new
from tests.properties.packages import imported
from tests.unseen import Unseen

ROWS = 50_000

PATIENCE = 120
"""Seconds after which a worker stops, whatever is left."""

OLD = SCHEMA.replace(
    "{email: text}", "{email: text, size: 'int?', kind: {type: text, default: x}}"
)

ADDED = """
    columns:
      email: {type: text, check: "email <> ''"}
      size: int?
      kind: {type: text, default: y}
      token: {type: uuid, default_sql: gen_random_uuid()}
      at: {type: timestamptz, default_sql: now(), doc: When.}
    indexes: [[email], {columns: [token], unique: true}]
    priority: true
    notify: always
    retention: {failed: 30d}
"""

GONE = """
    columns:
      address: {type: text, renamed_from: email}
    reserved: [size, kind]
    notify: never
    doc: Says less.
"""

CHANGES = {"added": ADDED, "gone": GONE}


@dataclass(slots=True)
class Producer:
    """Enqueues as fast as it can, and knows what, how long it took, and what failed."""

    dsn: str
    package: Unseen
    ids: list[int] = field(default_factory=list[int])
    pauses: list[float] = field(default_factory=list[float])
    errors: list[Exception] = field(default_factory=list[Exception])
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                for enqueue in cycle(self._ways(conn)):
                    if self.stopped.is_set():
                        return
                    begin = time.monotonic()
                    enqueue()
                    self.pauses.append(time.monotonic() - begin)
                    time.sleep(0.005)
        except Exception as error:
            self.errors.append(error)

    def _ways(self, conn: psycopg.Connection[TupleRow]) -> Iterator[Callable[[], None]]:
        module = self.package.send_mail

        def news(count: int) -> list[Unseen]:
            return [self.package.SendMail(email="e") for _ in range(count)]

        yield lambda: self.ids.append(module.enqueue(conn, *news(1)))
        yield lambda: self.ids.extend(module.enqueue_many(conn, news(20)))


def prepare(dsn: str) -> None:
    """Finished rows, which a migration has to care for."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO send_mail_jobs (email, size, status)"
            f" SELECT 'x', 1, 'job_status_succeeded' FROM generate_series(1, {ROWS})".encode()
        )


async def work(
    dsn: str, package: Unseen, done: list[int], end: Callable[[], bool]
) -> None:
    """A worker that finishes jobs until `end`, with the ids of those it had."""

    async def send_mail(job: Unseen) -> None:
        done.append(job.id)

    worker = Worker(dsn, package.handlers(send_mail=send_mail))
    task = asyncio.create_task(worker.run())
    for _ in range(PATIENCE * 20):
        if end() or task.done():
            break
        await asyncio.sleep(0.05)
    worker.stop()
    await task


@pytest.mark.parametrize("change", CHANGES)
def test_the_previous_release_works_on(
    project: Project, database: str, change: str
) -> None:
    """Producers and a worker of it meet no error and no long pause, lose no job and
    run none twice; then the next release goes on with what they enqueued."""
    new(project, OLD, "start")
    migrate(project, "apply", f"--dsn={database}")
    prepare(database)
    after = OLD[: OLD.index("\n    columns")] + CHANGES[change]
    assert new(project, after, change).code == 0
    with ExitStack() as stack:
        old, next_release = (
            stack.enter_context(imported(emit(load(text), source=SOURCE), {}))
            for text in (OLD, after)
        )
        producer, done = Producer(database, old), list[int]()
        thread = threading.Thread(target=producer.run)
        migration = threading.Thread(target=_apply, args=(project, database, producer))
        thread.start()
        migration.start()
        try:
            asyncio.run(
                work(
                    database,
                    old,
                    done,
                    lambda: not thread.is_alive() and len(done) >= len(producer.ids),
                )
            )
        finally:
            producer.stopped.set()
            migration.join()
            thread.join()
        assert producer.errors == []
        assert sorted(done) == sorted(producer.ids)
        assert max(producer.pauses) < 2
        assert len(producer.ids) > 1000
        with psycopg.connect(database, autocommit=True) as conn:
            mails = [old.SendMail(email="e") for _ in range(10)]
            late = old.send_mail.enqueue_many(conn, mails)
        done.clear()
        asyncio.run(work(database, next_release, done, lambda: len(done) == len(late)))
        assert sorted(done) == sorted(late)
        # Only now: while it runs, the old release mends triggers as it knows them.
        last = migrate(project, "drift", f"--dsn={database}")
        assert (last.code, last.err) == (0, ""), last.out


def _apply(project: Project, dsn: str, producer: Producer) -> None:
    """With a transaction that is open for the first seconds; then nobody enqueues."""
    try:
        with holding(dsn, "SELECT FROM send_mail_jobs LIMIT 1"):
            process = start(project, dsn)
            assert process.stdout is not None
            while "lock timeout; again in" not in process.stdout.readline():
                assert process.poll() is None
        code, _, err = end(process)
        assert (code, err) == (0, "")
    except BaseException as error:
        producer.errors.append(AssertionError(repr(error)))
    finally:
        producer.stopped.set()
