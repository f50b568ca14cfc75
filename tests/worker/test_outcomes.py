"""What a handler does, and what its row says afterwards."""

import asyncio
import functools
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import timedelta
from typing import Final, TypeAlias

import psycopg
import pytest
from psycopg import AsyncConnection

import generated_example as jobs
from jobgen.runtime import (
    Cancel,
    Handler,
    Handlers,
    Outcome,
    Retry,
    Snooze,
    Stats,
    bind,
)
from tests.worker.support import enqueue, mail_handlers, rows, running, take_over, until

_COLUMNS = (
    "status::text, attempts_count, last_error,"
    " run_at - updated_at > interval '59 minutes', locked_by IS NULL"
)
_HOUR = timedelta(hours=1)


Act: TypeAlias = Callable[[jobs.SendMailJob], Outcome | None]
Row: TypeAlias = tuple[object, ...]


def test_outcomes_are_equal_if_they_mean_the_same() -> None:
    """So that the test of a handler can compare them."""
    again: list[Outcome] = [Snooze(_HOUR), Retry(_HOUR), Retry(2 * _HOUR)]
    assert again == [Snooze(_HOUR), Retry(_HOUR), Retry(2 * _HOUR)]
    assert len({*again, Retry(_HOUR), Cancel("no"), Cancel("no")}) == 4
    assert repr(again[1]) == f"Retry(delay={_HOUR!r})"


@pytest.mark.parametrize("outcome", [Snooze(_HOUR), Retry(_HOUR), Cancel("no")])
def test_an_outcome_cannot_be_changed(outcome: Outcome) -> None:
    """A worker may look at it later."""
    for name in ("delay", "reason"):
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            setattr(outcome, name, None)


def _async(act: Act) -> Handler[jobs.SendMailJob]:
    async def handler(job: jobs.SendMailJob) -> Outcome | None:
        return act(job)

    return handler


def _plain(act: Act) -> Handler[jobs.SendMailJob]:
    return act


both_kinds = pytest.mark.parametrize("kind", [_async, _plain], ids=["async", "plain"])


def _run(dsn: str, handler: Handler[jobs.SendMailJob]) -> Row:
    """Run one job; its row."""
    (row,) = _run_many(dsn, handler, 1)
    return row


def _ended(stats: Stats) -> int:
    """Attempts of which something has been written."""
    return (
        stats.succeeded
        + stats.retried
        + stats.failed
        + stats.timed_out
        + stats.given_back
        + stats.completed_by_handler
    )


def _run_many(
    dsn: str,
    handler: Handler[jobs.SendMailJob],
    count: int,
    *,
    concurrency: int | None = None,
) -> list[Row]:
    """Run so many new jobs, of the users 0, 1, 2 and so on; their rows."""

    async def scenario() -> None:
        async with running(
            dsn, mail_handlers(handler), concurrency=concurrency
        ) as worker:
            await until(lambda: _ended(worker.stats()) == count)

    enqueue(dsn, count)
    asyncio.run(scenario())
    return list(rows(dsn, _COLUMNS)[-count:])


def test_hundreds_of_jobs_of_every_kind_run_once(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    seen: list[tuple[str, object]] = []

    async def send_mail(job: jobs.SendMailJob) -> None:
        seen.append(("send_mail", job.id))

    def render_report(job: jobs.RenderReportJob) -> None:
        raise AssertionError("there is none")

    async def post_webhook(job: jobs.PostWebhookJob) -> None:
        seen.append(("post_webhook", job.id))

    def import_contacts(job: jobs.ImportContactsJob) -> None:
        raise AssertionError("there is none")

    def prune_charts(job: jobs.PruneChartsJob) -> None:
        seen.append(("prune_charts", job.id))

    handlers = jobs.handlers(
        send_mail=send_mail,
        render_report=render_report,
        post_webhook=post_webhook,
        import_contacts=import_contacts,
        prune_charts=prune_charts,
    )

    async def scenario() -> None:
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: worker.stats().succeeded == 300)

    enqueue(jobs_dsn, 100)
    hook = jobs.PostWebhook(event="sale", url="http://x", payload={"a": [1]})
    jobs.post_webhook.enqueue_many(conn, [hook] * 100)
    jobs.prune_charts.enqueue_many(conn, [jobs.PruneCharts()] * 100)
    conn.commit()
    asyncio.run(scenario())
    assert len(seen) == len(set(seen)) == 300
    assert set(rows(jobs_dsn, _COLUMNS)) == {
        ("job_status_succeeded", 1, None, False, True)
    }
    # `on_success: delete`
    assert conn.execute("SELECT count(*) FROM prune_charts_jobs").fetchone() == (0,)


_OUTCOMES: Final[list[tuple[Outcome | None, Row]]] = [
    (None, ("job_status_succeeded", 1, None, False, True)),
    (Snooze(_HOUR), ("job_status_not_started", 0, None, True, True)),
    (Retry(_HOUR), ("job_status_retry", 1, "Retry requested", True, True)),
    (Cancel("gone"), ("job_status_failed", 1, "Cancelled: gone", False, True)),
]


@both_kinds
def test_an_outcome_is_written(
    jobs_dsn: str, kind: Callable[[Act], Handler[jobs.SendMailJob]]
) -> None:
    handler = kind(lambda job: _OUTCOMES[job.user_id][0])
    found = _run_many(jobs_dsn, handler, len(_OUTCOMES))
    assert found == [expected for _, expected in _OUTCOMES]


def test_another_value_fails_the_attempt_with_a_message(jobs_dsn: str) -> None:
    # The type of json.loads is Any: so it gets past the checkers.
    status, attempts, error, _, unlocked = _run(jobs_dsn, lambda job: json.loads("5"))
    assert (status, attempts, unlocked) == ("job_status_retry", 1, True)
    assert str(error).startswith("The handler returned int: ")


def test_a_delay_beyond_the_calendar_fails_the_attempt(jobs_dsn: str) -> None:
    def handler(job: jobs.SendMailJob) -> Outcome:
        return Snooze(timedelta.max)

    status, attempts, error, _, unlocked = _run(jobs_dsn, handler)
    assert (status, attempts, unlocked) == ("job_status_retry", 1, True)
    assert "out of range" in str(error)


@pytest.mark.parametrize("attempts_left", [True, False])
def test_a_snooze_that_the_database_refuses_is_counted_as_the_failure_it_becomes(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
    *,
    attempts_left: bool,
) -> None:
    async def handler(job: jobs.SendMailJob) -> Outcome:
        return Snooze(timedelta.max)

    async def scenario() -> Stats:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: _ended(worker.stats()) == 1)
            return worker.stats()

    enqueue(jobs_dsn)
    if not attempts_left:
        last = jobs.send_mail.JOB.policy.max_attempts
        conn.execute("UPDATE send_mail_jobs SET attempts_count = %s", [last - 1])
        conn.commit()
    with caplog.at_level(logging.WARNING, "jobgen"):
        stats = asyncio.run(scenario())
    assert stats.given_back == 0
    assert (stats.retried, stats.failed) == ((1, 0) if attempts_left else (0, 1))
    assert ("job_status_failed" in caplog.text) is not attempts_left


class _UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


_ERRORS: Final[list[tuple[BaseException, str]]] = [
    (ValueError("plain words"), "ValueError: plain words"),
    (SystemExit(3), "SystemExit: 3"),
    (KeyboardInterrupt(), "KeyboardInterrupt"),
    (asyncio.CancelledError("mine"), "CancelledError: mine"),
    (ValueError("a\0b"), "ValueError: a\\x00b"),
    (ValueError("a\ud800b"), "ValueError: a\\ud800b"),
    (ValueError("x" * 10_000_000), "ValueError: xxxxxx"),
    (_UnprintableError(), "_UnprintableError (its text failed: RuntimeError)"),
]


@both_kinds
def test_an_error_is_kept_and_the_others_go_on(
    jobs_dsn: str, kind: Callable[[Act], Handler[jobs.SendMailJob]]
) -> None:
    """Two run at a time, and every other one is well: also after the last error."""

    def act(job: jobs.SendMailJob) -> None:
        number, well = divmod(job.user_id, 2)
        if not well:
            raise _ERRORS[number][0]

    found = _run_many(jobs_dsn, kind(act), 2 * len(_ERRORS), concurrency=2)
    well = ("job_status_succeeded", 1, None, False, True)
    assert found[1::2] == [well] * len(_ERRORS)
    for (_, text), row in zip(_ERRORS, found[::2], strict=True):
        status, attempts, written, _, unlocked = row
        assert (status, attempts, unlocked) == ("job_status_retry", 1, True)
        assert str(written).startswith(text)
        assert len(str(written).encode()) <= 16 * 1024


class _Mailer:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, job: jobs.SendMailJob) -> None:
        self.sent.append(job.email)

    async def send_async(self, job: jobs.SendMailJob) -> None:
        self.sent.append(job.email)

    def send_with(self, suffix: str, job: jobs.SendMailJob) -> None:
        self.sent.append(job.email + suffix)


class _Callable(_Mailer):
    def __call__(self, job: jobs.SendMailJob) -> None:
        self.send(job)


class _AsyncCallable(_Mailer):
    async def __call__(self, job: jobs.SendMailJob) -> None:
        await self.send_async(job)


def _bound_method() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Mailer()
    return mailer, mailer.send


def _async_bound_method() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Mailer()
    return mailer, mailer.send_async


def _partial() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Mailer()
    return mailer, functools.partial(mailer.send_with, "")


def _async_partial() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Mailer()
    return mailer, functools.partial(mailer.send_async)


def _object() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Callable()
    return mailer, mailer


def _async_object() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _AsyncCallable()
    return mailer, mailer


def _lambda() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Mailer()
    return mailer, lambda job: mailer.send(job)


def _lambda_of_coroutine() -> tuple[_Mailer, Handler[jobs.SendMailJob]]:
    mailer = _Mailer()
    return mailer, lambda job: mailer.send_async(job)


_CALLABLES: Final = [
    _bound_method,
    _async_bound_method,
    _partial,
    _async_partial,
    _object,
    _async_object,
    _lambda,
    _lambda_of_coroutine,
]


def test_whatever_can_be_called_is_a_handler(jobs_dsn: str) -> None:
    for make in _CALLABLES:
        mailer, handler = make()
        status, *_ = _run(jobs_dsn, handler)
        assert status == "job_status_succeeded", make.__name__
        assert mailer.sent == ["0@example.org"], make.__name__


def test_a_plain_handler_runs_beside_the_event_loop(jobs_dsn: str) -> None:
    threads: list[threading.Thread] = []

    def handler(job: jobs.SendMailJob) -> None:
        threads.append(threading.current_thread())

    _run(jobs_dsn, handler)
    assert threading.main_thread() not in threads


def test_a_handler_may_complete_its_own_row_in_its_transaction(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    async def handler(job: jobs.SendMailJob) -> None:
        async with await AsyncConnection.connect(jobs_dsn) as own:
            await own.execute("INSERT INTO sent VALUES (%s)", [job.id])
            await jobs.aio.send_mail.succeed(own, job)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().completed_by_handler == 1)
            assert worker.stats().refused == 0

    conn.execute("CREATE TABLE sent (id bigint)")
    conn.commit()
    (job_id,) = enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert rows(jobs_dsn) == [("job_status_succeeded",)]
    assert conn.execute("SELECT id FROM sent").fetchall() == [(job_id,)]


def test_a_row_taken_over_meanwhile_is_not_overwritten(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    async def handler(job: jobs.SendMailJob) -> None:
        take_over(conn)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().refused == 1)

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert rows(jobs_dsn, "status::text, attempts_count") == [("job_status_running", 2)]


def test_a_row_that_cannot_be_decoded_fails_alone(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    conn.execute(
        "INSERT INTO prune_charts_jobs (older_than) VALUES"
        " ('1 day'), ('2000000000 days'), ('2 days')"
    )
    conn.commit()
    seen: list[timedelta] = []

    def handler(job: jobs.PruneChartsJob) -> None:
        seen.append(job.older_than)

    handlers = Handlers(jobs.PACKAGE, (bind(jobs.prune_charts.JOB, handler),))

    async def scenario() -> None:
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: worker.stats().succeeded == 2)
            stats = worker.stats()
            assert (stats.fetched, stats.failed) == (3, 1)

    asyncio.run(scenario())
    assert sorted(seen) == [timedelta(days=1), timedelta(days=2)]
    assert "prune_charts: 1 rows cannot be decoded: failed" in caplog.text
    query = "SELECT status::text, last_error, locked_by FROM prune_charts_jobs"
    with psycopg.connect(jobs_dsn) as reader:
        ((status, error, owner),) = reader.execute(query).fetchall()
    assert (status, owner) == ("job_status_failed", None)
    assert error.startswith("Cannot be decoded: ")


def test_nothing_but_rows_that_cannot_be_loaded_is_no_place_to_go_on_from(
    jobs_dsn: str,
    conn: psycopg.Connection[object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With one slot, such a row is a full batch."""

    async def handler(job: jobs.SendMailJob) -> None: ...

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler, concurrency=1)) as worker:
            await until(lambda: worker.stats().failed == 1)
            enqueue(jobs_dsn)
            await until(lambda: worker.stats().succeeded == 1)

    conn.execute(
        "INSERT INTO send_mail_jobs (user_id, email, created_at)"
        " VALUES (1, '', 'infinity')"
    )
    conn.commit()
    asyncio.run(scenario())
    assert "fetch failed" not in caplog.text


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Cancel("gone"), "Cancelled: gone"),
        (ValueError("no\nsuch  user \udcff"), "ValueError: no such user \\udcff"),
        (ValueError("x" * 1_000_000), f"ValueError: {'x' * 188}…"),
        (_UnprintableError(), "_UnprintableError (its text failed: RuntimeError)"),
    ],
    ids=["cancelled", "raised", "long", "unprintable"],
)
def test_a_failure_for_good_is_one_line_of_the_log_with_the_reason(
    jobs_dsn: str,
    caplog: pytest.LogCaptureFixture,
    outcome: Cancel | Exception,
    told: str,
) -> None:
    """A line without it would send whoever reads it to the database."""

    async def handler(job: jobs.SendMailJob) -> Outcome:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().failed == 1)

    enqueue(jobs_dsn)
    with psycopg.connect(jobs_dsn, autocommit=True) as conn:
        conn.execute("UPDATE send_mail_jobs SET attempts_count = 4")
    with caplog.at_level(logging.WARNING, "jobgen"):
        asyncio.run(scenario())
    messages = [record.getMessage() for record in caplog.records]
    about = [message for message in messages if message.startswith("send_mail")]
    assert about == [f"send_mail 1, attempt 5: job_status_failed: {told}"]


def test_a_retry_is_a_line_for_whoever_debugs(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When a service is down, every job would be one."""

    async def handler(job: jobs.SendMailJob) -> Outcome:
        raise ConnectionError("the mail server is down")

    with caplog.at_level(logging.DEBUG, "jobgen"):
        _run(jobs_dsn, handler)
    told = {record.getMessage(): record.levelno for record in caplog.records}
    line = "send_mail 1, attempt 1: job_status_retry"
    assert told[f"{line}: ConnectionError: the mail server is down"] == logging.DEBUG
