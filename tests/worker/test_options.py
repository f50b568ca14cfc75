"""How job tables are stored: what the options say, and that none of them is needed."""

import asyncio

import psycopg
from psycopg.rows import TupleRow

import generated_example as jobs
from jobgen.schema.tables import OPTIONS
from tests.worker.support import (
    enqueue,
    mail_handlers,
    running,
    statuses,
    until,
    wait_until,
)


async def _handler(job: jobs.SendMailJob) -> None: ...


def test_a_job_table_has_its_options_and_the_table_of_workers_none(
    conn: psycopg.Connection[TupleRow],
) -> None:
    query = "SELECT reloptions FROM pg_class WHERE oid = %s::regclass"
    for module in (jobs.send_mail, jobs.prune_charts, jobs.sync_crm):
        row = conn.execute(query, [module.TABLE]).fetchone()
        assert row == ([f"{name}={value}" for name, value in OPTIONS],)
    assert conn.execute(query, ["jobgen_workers"]).fetchone() == (None,)


def test_no_update_of_an_attempt_could_use_the_room_of_a_fillfactor(
    jobs_dsn: str, conn: psycopg.Connection[TupleRow]
) -> None:
    """None is HOT, though its page has room: the reason why there is no fillfactor."""
    conn.execute("ALTER TABLE send_mail_jobs SET (fillfactor = 10)")
    conn.commit()
    enqueue(jobs_dsn, 20)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(_handler)) as worker:
            await until(lambda: worker.stats().succeeded == 20)

    asyncio.run(scenario())
    query = (
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
        " WHERE relname = 'send_mail_jobs'"
    )
    # A session reports when it ends, which is after its client has gone.
    wait_until(lambda: _committed(conn, query) == (40, 0))


def _committed(conn: psycopg.Connection[TupleRow], query: str) -> TupleRow | None:
    """The statistics as they are now: a transaction sees them as they were."""
    conn.commit()
    return conn.execute(query.encode()).fetchone()


def test_a_table_without_options_is_served(
    jobs_dsn: str, conn: psycopg.Connection[TupleRow]
) -> None:
    """As IHP makes it, or whoever had a reason to store it in another way."""
    names = ", ".join(name for name, _ in OPTIONS)
    conn.execute(f"ALTER TABLE send_mail_jobs RESET ({names})".encode())
    conn.commit()
    enqueue(jobs_dsn)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(_handler)) as worker:
            await until(lambda: worker.stats().succeeded == 1)

    asyncio.run(scenario())
    assert statuses(jobs_dsn) == ["succeeded"]
