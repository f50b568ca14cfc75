"""The previous release works on while a migration is applied."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from math import inf
from typing import NamedTuple

import psycopg
import pytest
from psycopg.rows import TupleRow

from jobgen.emit import emit
from jobgen.runtime import Handlers, Worker, bind
from tests.cli.project import SCHEMA, Project
from tests.emit.schemas import SOURCE, load
from tests.migrate.commands import end, holding, migrate, new, start
from tests.properties.packages import imported
from tests.stalls import Pause, Stalls
from tests.unseen import Unseen

LOG = logging.getLogger(__name__)

PAUSE = 1
"""Seconds without an enqueue or a fetch."""
PAUSE_FOR_A_LOCK = 2
"""The same where somebody holds the table, so that a lock is waited for again."""

PATIENCE = 120
"""Seconds after which it is given up, and one more for so many rows."""
ROWS_A_SECOND = 1_000

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

HEAD = SCHEMA[: SCHEMA.index("jobs:")]
STRICT = f"""{HEAD}
enums: {{tone: [soft, loud]}}
jobs:
  send_mail:
    columns: {{email: text, size: 'int?', tone: {{type: tone, default: soft}}}}
  account: {{columns: {{name: text}}}}
"""
STRICTER = f"""{HEAD}
enums: {{tone: [soft, loud, shrill], way: [mail, push]}}
jobs:
  send_mail:
    columns:
      email: text
      size: int
      tone: {{type: tone, nullable: true}}
      way: {{type: way, default: mail}}
      account:
        type: bigint
        nullable: true
        references: {{table: account_jobs, column: id, on_delete: cascade}}
    on_success: delete
    max_attempts: 3
  account: {{columns: {{name: text}}}}
  letter: {{columns: {{text: text}}}}
"""


NARROW = OLD.replace("kind: {type: text, default: x}", "kind: 'varchar(8)?'")
WIDER = NARROW.replace("varchar(8)", "text").replace("'int?'", "'bigint?'")


TONES = f"""{HEAD}
enums: {{tone: [soft, loud]}}
jobs:
  send_mail:
    columns:
      email: text
      size: int?
      tone: {{type: tone, default: soft}}
      tones: {{type: "tone[]", default: [loud]}}
      second: {{type: tone, nullable: true}}
    indexes: [[tone]]
"""
SOUNDS = f"""{HEAD}
enums: {{sound: {{labels: [soft, shrill, loud], renamed_from: tone}}}}
jobs:
  send_mail:
    columns:
      email: text
      size: int?
      tone: {{type: sound, default: soft}}
      tones: {{type: "sound[]", default: [loud]}}
      third: {{type: sound, nullable: true, renamed_from: second}}
    indexes: [[tone]]
"""

RETYPED = f"""{HEAD}
enums: {{letter: [x, e]}}
jobs:
  send_mail:
    columns:
      first: {{type: letter, renamed_from: email}}
      amount: {{type: text, nullable: true, renamed_from: size}}
    reserved: [kind]
"""


def _changed(columns: str) -> tuple[str, str]:
    return OLD, OLD[: OLD.index("\n    columns")] + columns


CHANGES = {
    "added": _changed(ADDED),
    "gone": _changed(GONE),
    "stricter": (STRICT, STRICTER),
    "wider": (NARROW, WIDER),
    "another enum": (TONES, SOUNDS),
    "another type": (OLD, RETYPED),
}
"""Together, every kind of change that has steps."""


class Run(NamedTuple):
    """Of which job, and when."""

    id: int
    at: float


@dataclass(slots=True)
class Producer:
    """Enqueues as fast as it can, and knows what, how long it took, and what failed."""

    dsn: str
    package: Unseen
    ids: list[int] = field(default_factory=list[int])
    pauses: list[Pause] = field(default_factory=list[Pause])
    errors: list[Exception] = field(default_factory=list[Exception])
    stopped: threading.Event = field(default_factory=threading.Event)
    free: float = inf  # since when nobody else holds the table for long

    def run(self) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                for enqueue in cycle(self._ways(conn)):
                    if self.stopped.is_set():
                        return
                    begin = time.monotonic()
                    enqueue()
                    self.pauses.append(Pause(begin, time.monotonic()))
                    time.sleep(0.005)
        except Exception as error:
            self.errors.append(error)

    def _ways(self, conn: psycopg.Connection[TupleRow]) -> Iterator[Callable[[], None]]:
        module = self.package.send_mail

        def news(count: int) -> list[Unseen]:
            return [mail(self.package) for _ in range(count)]

        yield lambda: self.ids.append(module.enqueue(conn, *news(1)))
        yield lambda: self.ids.extend(module.enqueue_many(conn, news(20)))


def mail(package: Unseen) -> Unseen:
    """A job that the next release will have, too."""
    return package.SendMail(email="e", size=1)


def prepare(dsn: str, rows: int) -> None:
    """Finished rows, which a migration has to care for."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO send_mail_jobs (email, size, status)"
            f" SELECT 'x', 1, 'job_status_succeeded' FROM generate_series(1, {rows})".encode()
        )


async def work(
    dsn: str,
    package: Unseen,
    done: list[Run],
    end: Callable[[], bool],
    seconds: float = PATIENCE,
) -> None:
    """A worker that finishes jobs until `end`, with when it had which."""

    async def send_mail(job: Unseen) -> None:
        done.append(Run(job.id, time.monotonic()))

    bound = bind(package.send_mail.JOB, send_mail)
    worker = Worker(dsn, Handlers(package.PACKAGE, (bound,)))
    task = asyncio.create_task(worker.run())
    for _ in range(round(seconds * 20)):
        if end() or task.done():
            break
        await asyncio.sleep(0.05)
    worker.stop()
    await task


@pytest.mark.parametrize("change", CHANGES)
def test_the_previous_release_works_on(
    project: Project, database: str, change: str, rows: int
) -> None:
    """Producers and a worker of it meet no error and no long pause, lose no job and
    run none twice; then the next release goes on with what they enqueued."""
    before, after = CHANGES[change]
    new(project, before, "start")
    migrate(project, "apply", f"--dsn={database}")
    prepare(database, rows)
    assert new(project, after, change).code == 0
    with ExitStack() as stack:
        old, next_release = (
            stack.enter_context(imported(emit(load(text), source=SOURCE), {}))
            for text in (before, after)
        )
        producer, done = Producer(database, old), list[Run]()
        thread = threading.Thread(target=producer.run)
        patience = PATIENCE + rows / ROWS_A_SECOND
        migration = threading.Thread(
            target=_apply, args=(project, database, producer, patience)
        )
        stalls = stack.enter_context(Stalls())
        thread.start()
        migration.start()
        try:
            asyncio.run(
                work(
                    database,
                    old,
                    done,
                    lambda: not thread.is_alive() and len(done) >= len(producer.ids),
                    patience,
                )
            )
        finally:
            producer.stopped.set()
            migration.join()
            thread.join()
        assert producer.errors == []
        assert sorted(run.id for run in done) == sorted(producer.ids)
        fetches = [Pause(a.at, b.at) for a, b in pairwise(done)]
        _judge("enqueue", producer.pauses, stalls, producer.free)
        _judge("fetch", fetches, stalls, producer.free)
        assert len(producer.ids) > 1000
        with psycopg.connect(database, autocommit=True) as conn:
            mails = [mail(old) for _ in range(10)]
            late = old.send_mail.enqueue_many(conn, mails)
        done.clear()

        def is_over() -> bool:
            """Until it has mended triggers, too, which the old release wants otherwise
            and may have put back as long as it ran."""
            return len(done) == len(late) and not _drift(project, database)

        asyncio.run(work(database, next_release, done, is_over))
        assert sorted(run.id for run in done) == sorted(late)
        assert _drift(project, database) == ""


def _judge(what: str, pauses: list[Pause], stalls: Stalls, free: float) -> None:
    """Tells the longest, before and after the table was `free`; none may be too long."""
    held = [stalls.without(each) for each in pauses if each.begin < free]
    after = [stalls.without(each) for each in pauses if each.begin >= free]
    LOG.warning("%s: %.2f s, and %.2f once it was free", what, max(held), max(after))
    assert max(held) < PAUSE_FOR_A_LOCK
    assert max(after) < PAUSE


def _drift(project: Project, dsn: str) -> str:
    """What there is of it."""
    found = migrate(project, "drift", f"--dsn={dsn}")
    return found.out + found.err if found.code else ""


def _apply(project: Project, dsn: str, producer: Producer, seconds: float) -> None:
    """With a transaction that is open for the first seconds; then nobody enqueues."""
    try:
        with holding(dsn, "SELECT FROM send_mail_jobs LIMIT 1"):
            process = start(project, dsn)
            assert process.stdout is not None
            while "lock timeout; again in" not in process.stdout.readline():
                assert process.poll() is None
        producer.free = time.monotonic()
        code, _, err = end(process, seconds)
        assert (code, err) == (0, "")
    except BaseException as error:
        producer.errors.append(AssertionError(repr(error)))
    finally:
        producer.stopped.set()
