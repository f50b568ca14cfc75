"""One measurement each: prepares its rows, returns jobs per second."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.runtime import Worker

JOBS: Final = 5_000
_RAW_BATCH: Final = 500

_INSERT: Final = """
INSERT INTO public.send_mail_jobs (user_id, email) VALUES (%s, %s) RETURNING id
"""
_ACKNOWLEDGE: Final = """
UPDATE public.send_mail_jobs SET status = 'job_status_succeeded', locked_by = NULL
WHERE id = ANY(%s)
"""


def raw_drain(dsn: str) -> float:
    """The fetch statement and one UPDATE for a whole batch: no fence, no handler."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        _fill(conn)
        cursor = psycopg.RawCursor(conn)
        started = time.perf_counter()
        while True:
            parameters = (uuid.uuid4(), _RAW_BATCH)
            rows = cursor.execute(jobs.send_mail.FETCH_SQL, parameters).fetchall()
            if not rows:
                break
            conn.execute(_ACKNOWLEDGE, ([row[0] for row in rows],))
        return JOBS / (time.perf_counter() - started)


def worker_drain(dsn: str) -> float:
    """A worker with its defaults and an async handler that does nothing."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        _fill(conn)
    return asyncio.run(_drain(dsn))


def raw_insert(dsn: str) -> float:
    """INSERT … RETURNING, one transaction each."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        return _timed(lambda n: conn.execute(_INSERT, (n, "a@example.org")))


def enqueue(dsn: str) -> float:
    """`enqueue`, one transaction each."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        return _timed(lambda n: jobs.send_mail.enqueue(conn, _mail(n)))


def enqueue_many(dsn: str) -> float:
    """`enqueue_many` of all at once."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        started = time.perf_counter()
        jobs.send_mail.enqueue_many(conn, map(_mail, range(JOBS)))
        return JOBS / (time.perf_counter() - started)


def enqueue_copy(dsn: str) -> float:
    """`enqueue_copy` of all at once."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        started = time.perf_counter()
        jobs.send_mail.enqueue_copy(conn, map(_mail, range(JOBS)))
        return JOBS / (time.perf_counter() - started)


async def _drain(dsn: str) -> float:
    left = JOBS
    started = time.perf_counter()

    async def send_mail(job: jobs.SendMailJob) -> None:
        nonlocal left
        left -= 1
        if not left:
            worker.stop()

    async def nothing(job: object) -> None:
        del job

    handlers = jobs.handlers(
        send_mail=send_mail,
        render_report=nothing,
        post_webhook=nothing,
        import_contacts=nothing,
        prune_charts=nothing,
    )
    worker = Worker(dsn, handlers, only=["send_mail"])
    await worker.run()
    return JOBS / (time.perf_counter() - started)


def _timed(insert: Callable[[int], object]) -> float:
    started = time.perf_counter()
    for number in range(JOBS):
        insert(number)
    return JOBS / (time.perf_counter() - started)


def _fill(conn: psycopg.Connection[TupleRow]) -> None:
    jobs.send_mail.enqueue_copy(conn, map(_mail, range(JOBS)))
    conn.execute("ANALYZE public.send_mail_jobs")


def _mail(number: int) -> jobs.SendMail:
    return jobs.SendMail(user_id=number, email="a@example.org")
