"""The triggers that announce new rows: reported, mended, never waited for."""

import asyncio
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import generated_example as jobs
from jobgen.runtime import Handlers, bind
from tests.worker.support import enqueue, mail_handlers, running, until

_DAMAGES = [
    "DROP TRIGGER did_insert_job_send_mail_jobs ON send_mail_jobs",
    "ALTER TABLE send_mail_jobs DISABLE TRIGGER did_insert_job_send_mail_jobs",
    "DROP FUNCTION notify_job_queued_send_mail_jobs CASCADE",
    "CREATE OR REPLACE FUNCTION notify_job_queued_send_mail_jobs() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
]


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _heard(conn: psycopg.Connection[object], dsn: str) -> bool:
    """Whether a new job is announced."""
    conn.execute("LISTEN job_available_send_mail_jobs")
    enqueue(dsn)
    return any(conn.notifies(timeout=0.5, stop_after=1))


@pytest.mark.parametrize(
    "damage", _DAMAGES, ids=["missing", "disabled", "no function", "other function"]
)
def test_a_damaged_trigger_is_reported_and_mended(
    jobs_dsn: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    def messages() -> str:
        return "\n".join(record.getMessage() for record in caplog.records)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(_nothing)):
            await until(lambda: "triggers mended" in messages())

    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        conn.execute(damage.encode())
        assert not _heard(conn, jobs_dsn)
        asyncio.run(scenario())
        assert _heard(conn, jobs_dsn)
    assert "new jobs are found by polling until it is mended" in messages()
    assert messages().count("triggers mended") == 1


def test_what_is_not_damaged_is_left_alone(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(_nothing)):
            await asyncio.sleep(0.5)  # more than two looks

    asyncio.run(scenario())
    messages = [record.getMessage() for record in caplog.records]
    table = jobs.send_mail.TABLE
    assert not [message for message in messages if message.startswith(table)]


def test_a_worker_never_waits_for_a_locked_table(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A dump's lock forbids the mending; inserts and work go on meanwhile."""

    def messages() -> str:
        return "\n".join(record.getMessage() for record in caplog.records)

    def waiting() -> int:
        query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return dump.execute(query).rowcount

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(_nothing)) as worker:
            await until(lambda: "is locked" in messages())
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)
            assert waiting() == 0
            dump.rollback()
            await until(lambda: "triggers mended" in messages())

    with psycopg.connect(jobs_dsn) as dump:
        dump.execute(
            "ALTER TABLE send_mail_jobs DISABLE TRIGGER did_insert_job_send_mail_jobs"
        )
        dump.commit()
        dump.execute("LOCK TABLE send_mail_jobs IN ACCESS SHARE MODE")
        # As strong as an open INSERT's; it conflicts with mending, not with work.
        dump.execute("LOCK TABLE send_mail_jobs IN ROW EXCLUSIVE MODE")
        with caplog.at_level("INFO", "jobgen"):
            asyncio.run(scenario())


def test_what_may_not_be_mended_is_told_once_and_holds_up_no_other(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The owner of the tables lost the right to create anything in their schema."""

    async def nothing(job: object) -> None: ...

    modules = (jobs.send_mail, jobs.render_report)
    handlers = Handlers(
        jobs.PACKAGE, tuple(bind(module.JOB, nothing) for module in modules)
    )
    name = f"owner_{uuid4().hex}"

    def told(text: str) -> int:
        return sum(text in record.getMessage() for record in caplog.records)

    async def scenario(conn: psycopg.Connection[object]) -> None:
        async with running(make_conninfo(jobs_dsn, user=name), handlers):
            # The first cannot be mended, and yet the second is looked at.
            await until(lambda: told("triggers not mended") == 2)
            await asyncio.sleep(1)  # several rounds
            assert told("triggers not mended") == 2
            assert told("permission denied") == 2
            assert told("triggers not checked") == 0
            # Another fault: it is tried at once.
            conn.execute(_DAMAGES[1].replace("insert", "update").encode())
            await until(lambda: told("triggers not mended") == 3)

    with psycopg.connect(jobs_dsn, autocommit=True) as conn:

        def execute(statement: str) -> None:
            conn.execute(statement.replace("{}", name).encode())

        execute("CREATE ROLE {} LOGIN")
        try:
            execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}")
            execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {}")
            for module in modules:
                execute(f"ALTER TABLE {module.TABLE} OWNER TO {{}}")
                trigger = f"did_insert_job_{module.TABLE.removeprefix('public.')}"
                execute(f"ALTER TABLE {module.TABLE} DISABLE TRIGGER {trigger}")
            asyncio.run(scenario(conn))
        finally:
            execute("REASSIGN OWNED BY {} TO CURRENT_USER")
            execute("DROP OWNED BY {}")
            execute("DROP ROLE {}")
