"""A fetch that the server carried out, and of which the worker never heard."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import generated_example as jobs
from jobgen.runtime import Cancel, Outcome, Retry, Snooze, plans, worker_plans
from jobgen.runtime.job import Fence, Statements
from tests.worker.proxy import Proxy, SlowProxy
from tests.worker.support import (
    enqueue,
    mail_handlers,
    rows,
    running,
    take_over,
    until,
)

_FETCH = b"run_at <= now()"  # no other statement says so
_DONE = [("job_status_succeeded", 1)]


def test_rows_of_a_fetch_whose_answer_is_lost_are_given_back_and_run(
    jobs_dsn: str,
) -> None:
    runs: Counter[int] = Counter()

    async def handler(job: jobs.SendMailJob) -> None:
        runs[job.id] += 1

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, _FETCH, answered=True)
        async with (
            proxy.serving(),
            running(proxy.dsn, mail_handlers(handler)) as worker,
        ):
            await until(lambda: worker.stats().succeeded == 3)
            assert proxy.cut.is_set()

    enqueue(jobs_dsn, 3)
    asyncio.run(scenario())
    assert set(runs.values()) == {1}
    # Nothing ran, so the lost fetch does not count.
    assert rows(jobs_dsn, "status::text, attempts_count") == _DONE * 3


@pytest.mark.parametrize("own", [False, True], ids=["a DSN", "a role without rights"])
def test_a_worker_looks_for_unknown_rows_until_there_can_be_none(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    looks = 0
    held = worker_plans.held

    def counted(statements: Statements, worker_id: UUID) -> plans.Plan[list[Fence]]:
        nonlocal looks
        looks += 1
        return held(statements, worker_id)

    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, _FETCH, answered=True)
        async with proxy.serving():
            dsn = make_conninfo(proxy.dsn, user=role) if own else proxy.dsn
            handlers = mail_handlers(handler)
            async with running(dsn, handlers, heartbeat_interval=0.05) as worker:
                await until(lambda: worker.stats().succeeded == 3)
                await asyncio.sleep(0.5)
                enough = looks
                await asyncio.sleep(1)
                assert 1 <= looks == enough

    monkeypatch.setattr(worker_plans, "held", counted)
    enqueue(jobs_dsn, 3)
    role = f"worker_{uuid4().hex}"
    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        for statement in (
            f"CREATE ROLE {role} LOGIN",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}",
        ):
            conn.execute(statement.encode())
        try:
            asyncio.run(scenario())
        finally:
            conn.execute(f"DROP OWNED BY {role}".encode())
            conn.execute(f"DROP ROLE {role}".encode())


_SLOW_FETCH = """\
CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql
    SET lock_timeout = 0 AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1);
    RETURN NEW;
END $$;
CREATE TRIGGER wait_for_the_test BEFORE UPDATE ON send_mail_jobs
    FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()
"""


def test_a_row_that_a_lost_fetch_takes_after_the_worker_is_back_is_found_too(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    async def handler(job: jobs.SendMailJob) -> None: ...

    def asked_when_the_next_is_due() -> bool:
        query = (
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'jobgen worker%'"
            " AND query LIKE '%AS seconds%'"
        )
        return conn.execute(query).rowcount == 1

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, _FETCH, answered=False)
        async with (
            proxy.serving(),
            running(proxy.dsn, mail_handlers(handler)) as worker,
        ):
            # The worker is back and found nothing; its lost fetch goes on.
            await until(asked_when_the_next_is_due)
            conn.execute("SELECT pg_advisory_unlock(1)")
            await until(lambda: worker.stats().succeeded == 1)
            assert proxy.cut.is_set()

    enqueue(jobs_dsn)
    conn.autocommit = True
    conn.execute(_SLOW_FETCH.encode())
    conn.execute("SELECT pg_advisory_lock(1)")
    asyncio.run(scenario())
    assert rows(jobs_dsn, "status::text, attempts_count") == _DONE


def test_a_worker_that_stops_leaves_no_row_of_a_lost_fetch_behind(
    jobs_dsn: str,
) -> None:
    ran = False

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal ran
        ran = True

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, _FETCH, answered=True)
        async with (
            proxy.serving(),
            running(proxy.dsn, mail_handlers(handler)) as worker,
        ):
            await until(proxy.cut.is_set)
            worker.stop()

    enqueue(jobs_dsn, 3)
    asyncio.run(scenario())
    assert not ran
    assert (
        rows(jobs_dsn, "status::text, attempts_count, locked_by")
        == [("job_status_not_started", 0, None)] * 3
    )


_REFUSED = """\
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not yet';
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON send_mail_jobs FOR EACH ROW
    WHEN (NEW.status = 'job_status_running') EXECUTE FUNCTION refuse()
"""
_HELD = b"SELECT id, locked_by, locked_at, attempts_count"


@pytest.mark.parametrize("finishes", [True, False], ids=["finishes", "runs on"])
def test_what_is_in_hand_while_the_worker_looks_is_not_taken_for_lost(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
    finishes: bool,
) -> None:
    """Its row was held when the server looked, and may be nobody's at the answer."""
    release = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        await release.wait()

    async def scenario() -> None:
        proxy = SlowProxy(jobs_dsn, _HELD)
        async with (
            proxy.serving(),
            running(proxy.dsn, mail_handlers(handler)) as worker,
        ):
            await until(lambda: worker.stats().fetched == 1)
            conn.execute(_REFUSED.encode())
            enqueue(jobs_dsn)  # its fetch fails: the worker looks what it holds
            await until(proxy.kept.is_set)
            if finishes:
                release.set()
                await until(lambda: worker.stats().succeeded == 1)
            proxy.delivered.set()
            await asyncio.to_thread(
                conn.execute, "DROP TRIGGER refuse ON send_mail_jobs"
            )
            await until(lambda: worker.stats().fetched == 2)
            release.set()
            await until(lambda: worker.stats().succeeded == 2)

    conn.autocommit = True
    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert rows(jobs_dsn, "status::text, attempts_count") == _DONE * 2
    assert "not yet" in caplog.text
    assert "without an answer" not in caplog.text


_HOUR: Final = timedelta(hours=1)
# Of each statement that writes a result a part that no other one has.
_SUCCESSES: Final = b"AS done(id, locked_at, attempt)\n"
_FAILURES: Final = b"last_error = done.error"
_GIVE_BACK: Final = b"coalesce(now() + $5::interval, run_at)"
_CANCEL: Final = (
    b"job_status_failed',\n    updated_at = now(),\n    last_error = $5::text,\n"
)


_STATE: Final = b"SELECT status::text, locked_by, locked_at, attempts_count\n"


def test_a_refused_result_counts_as_refused_where_only_the_reason_was_lost(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    """Somebody else has the row; that the result found none was answered."""

    async def handler(job: jobs.SendMailJob) -> Retry:
        take_over(conn)
        return Retry(_HOUR)

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, _STATE, answered=True)
        async with (
            proxy.serving(),
            running(proxy.dsn, mail_handlers(handler)) as worker,
        ):
            await until(lambda: worker.stats().refused + worker.stats().retried == 1)
            assert proxy.cut.is_set()
            assert worker.stats().refused == 1

    enqueue(jobs_dsn)
    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("outcome", "statement", "counted"),
    [
        (None, _SUCCESSES, {"succeeded": 1}),
        (Retry(_HOUR), _FAILURES, {"retried": 1}),
        (Retry(timedelta(0)), _FAILURES, {"retried": 1, "succeeded": 1}),
        (Snooze(_HOUR), _GIVE_BACK, {"given_back": 1}),
        (Snooze(timedelta(0)), _GIVE_BACK, {"given_back": 1, "succeeded": 1}),
        (Cancel("no"), _CANCEL, {"failed": 1}),
    ],
)
def test_a_result_whose_answer_is_lost_is_counted_as_what_it_was(
    jobs_dsn: str,
    caplog: pytest.LogCaptureFixture,
    outcome: Outcome | None,
    statement: bytes,
    counted: dict[str, int],
) -> None:
    """Also where the next attempt has begun when the worker asks what became of it."""
    runs = 0

    async def handler(job: jobs.SendMailJob) -> Outcome | None:
        nonlocal runs
        runs += 1
        return outcome if runs == 1 else None

    async def scenario() -> None:
        proxy = Proxy(jobs_dsn, statement, answered=True)
        async with (
            proxy.serving(),
            running(proxy.dsn, mail_handlers(handler)) as worker,
        ):
            await until(
                lambda: all(
                    getattr(worker.stats(), name) == number
                    for name, number in counted.items()
                )
            )
            assert proxy.cut.is_set()
            assert worker.stats().completed_by_handler == 0
            assert worker.stats().refused == 0

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert "later attempt" not in caplog.text
