"""Results are written in batches, and rows fetched ahead; neither shows."""

import asyncio
from uuid import uuid4

import psycopg

import generated_example as jobs
from jobgen.runtime import plans, sync
from jobgen.runtime.job import Fence
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail,
    mail_handlers,
    rows,
    running,
    statuses,
    until,
)


def test_a_batch_leaves_out_what_a_later_attempt_owns(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    job = jobs.send_mail.JOB
    worker_id = uuid4()
    jobs.send_mail.enqueue_many(conn, map(mail, range(3)))
    conn.commit()
    fetched = jobs.send_mail.fetch_many(conn, worker_id, 3)
    conn.commit()
    fences = [Fence.of(row) for row in fetched]
    # The same worker again: only the time and the count tell the attempts apart.
    sync.run(conn, plans.give_back(job.statements, fences[1]))
    conn.commit()
    (again,) = jobs.send_mail.fetch_many(conn, worker_id, 1)
    conn.commit()
    assert again.id == fences[1].id
    written = sync.run(conn, plans.succeed_many(job.statements, worker_id, fences))
    assert written == {fences[0].id, fences[2].id}
    other = [Fence.of(again)]
    assert not sync.run(conn, plans.succeed_many(job.statements, uuid4(), other))
    conn.commit()
    assert statuses(jobs_dsn) == ["succeeded", "running", "succeeded"]


def test_a_locked_row_holds_up_no_other_result(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    release = asyncio.Event()
    started = 0

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal started
        started += 1
        await release.wait()

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: started == 8)
            conn.execute(
                "SELECT FROM send_mail_jobs WHERE id = %s FOR UPDATE", [ids[3]]
            )
            release.set()
            await until(lambda: worker.stats().succeeded == 7)
            assert statuses(jobs_dsn)[3] == "running"
            conn.rollback()
            await until(lambda: worker.stats().succeeded == 8)

    ids = enqueue(jobs_dsn, 8)
    asyncio.run(scenario())


def test_rows_that_wait_for_a_slot_are_given_back_at_the_end(jobs_dsn: str) -> None:
    ran = 0
    stuck = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal ran
        ran += 1
        if ran == 400:
            stuck.set()
            await asyncio.sleep(PATIENCE)

    async def scenario() -> None:
        handlers = mail_handlers(handler, concurrency=1)
        async with running(jobs_dsn, handlers, grace=0.1):
            await until(stuck.is_set)

    enqueue(jobs_dsn, 1000)
    asyncio.run(scenario())
    found = rows(jobs_dsn, "status::text, attempts_count")
    assert (
        found
        == [("job_status_succeeded", 1)] * 399 + [("job_status_not_started", 0)] * 601
    )


def test_long_handlers_keep_no_rows_from_other_workers(jobs_dsn: str) -> None:
    most = 0

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal most
        most = max(most, statuses(jobs_dsn).count("running"))
        await asyncio.sleep(0.15)

    async def scenario() -> None:
        handlers = mail_handlers(handler, concurrency=2)
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: worker.stats().succeeded == 10)

    enqueue(jobs_dsn, 10)
    asyncio.run(scenario())
    assert most <= 4  # two that run, and two whose results are on their way
