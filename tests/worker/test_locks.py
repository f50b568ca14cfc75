"""A lock of somebody else holds up nothing but what it is about."""

import asyncio

import psycopg

import generated_example as jobs
from jobgen.runtime import Handlers, Worker, bind
from tests.worker.support import mail_handlers, running, until


def test_a_locked_table_holds_up_no_other(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    async def handler(job: jobs.SendMailJob | jobs.PruneChartsJob) -> None: ...

    mails = mail_handlers(handler)
    both = Handlers(jobs.PACKAGE, (*mails.bound, bind(jobs.prune_charts.JOB, handler)))

    async def scenario() -> None:
        async with running(jobs_dsn, both) as worker:
            await one_more(worker)
            with psycopg.connect(jobs_dsn) as owner:
                owner.execute("LOCK TABLE send_mail_jobs")
                for _ in range(5):
                    await one_more(worker)

    async def one_more(worker: Worker) -> None:
        before = worker.stats().succeeded
        jobs.prune_charts.enqueue(conn, jobs.PruneCharts())
        conn.commit()
        await until(lambda: worker.stats().succeeded == before + 1)

    asyncio.run(scenario())
