"""Rows between their fetch and their handlers: a full batch is decoded while the server
works on the next one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import pytest

import generated_example as jobs
from jobgen.runtime import DecodeError, Handlers, Worker, bind
from tests.worker.support import (
    enqueue,
    mail_handlers,
    rows,
    running,
    statuses,
    until,
    watch_fetches,
)

_Raw: TypeAlias = Sequence[Any]  # a row's types are those of its columns
_Decode: TypeAlias = Callable[[_Raw], jobs.SendMailJob]

_FIRST: Final = 50
"""Rows in a worker's first fetch; a later one takes 500."""
_COUNT: Final = _FIRST + 2 * 500


async def _nothing(job: jobs.SendMailJob) -> None: ...


def _handlers(decode: _Decode) -> Handlers:
    policy = jobs.send_mail.JOB.policy._replace(concurrency=1_000)
    job = replace(jobs.send_mail.JOB, decode=decode, policy=policy)
    return Handlers(jobs.PACKAGE, (bind(job, _nothing),))


def test_the_next_fetch_is_sent_before_a_full_batch_is_decoded(
    jobs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(jobs_dsn, _COUNT)
    events: list[str] = []

    def tell(limit: int, taken: int) -> None:
        if taken < 0:
            events.append("asked")
        else:
            events.append("all" if taken == limit else "rest")

    def decode(row: _Raw) -> jobs.SendMailJob:
        if events[-1] != "decoded":
            events.append("decoded")
        return jobs.send_mail.JOB.decode(row)

    watch_fetches(monkeypatch, tell)

    async def scenario() -> None:
        async with running(jobs_dsn, _handlers(decode)) as worker:
            await until(lambda: worker.stats().succeeded == _COUNT)

    asyncio.run(scenario())
    full = [at for at, event in enumerate(events) if event == "all"]
    # Now and then something else is sent before, such as a promise.
    assert ["asked", "decoded"] in [events[at + 1 : at + 3] for at in full]


def test_rows_that_are_not_decoded_yet_take_room(jobs_dsn: str) -> None:
    """A worker with one slot has one row, though each of its batches is full."""
    enqueue(jobs_dsn, 20)
    running_rows: list[int] = []

    async def slow(job: jobs.SendMailJob) -> None:
        await asyncio.sleep(0.1)  # none is fetched ahead of such handlers
        running_rows.append(statuses(jobs_dsn).count("running"))

    handlers = mail_handlers(slow, concurrency=1)

    async def scenario() -> None:
        async with running(jobs_dsn, handlers) as worker:
            await until(lambda: worker.stats().succeeded >= 3)

    asyncio.run(scenario())
    assert set(running_rows) == {1}


def test_rows_of_a_full_batch_that_cannot_be_decoded_fail_alone(jobs_dsn: str) -> None:
    ids = enqueue(jobs_dsn, _COUNT)
    bad = set(ids[::100])

    def decode(row: _Raw) -> jobs.SendMailJob:
        if row[0] in bad:
            raise DecodeError("no mail")
        return jobs.send_mail.JOB.decode(row)

    async def scenario() -> None:
        async with running(jobs_dsn, _handlers(decode)) as worker:
            await until(lambda: worker.stats().succeeded == _COUNT - len(bad))
            await until(lambda: worker.stats().failed == len(bad))
            assert worker.stats().fetched == _COUNT

    asyncio.run(scenario())
    found = rows(jobs_dsn, "id, status::text, last_error, locked_by")
    assert {row[0] for row in found if row[1] == "job_status_failed"} == bad
    assert {row[1:] for row in found} == {
        ("job_status_succeeded", None, None),
        ("job_status_failed", "Cannot be decoded: no mail", None),
    }


@pytest.mark.parametrize("number", [_FIRST + 10, _COUNT - 1])
def test_a_full_batch_is_given_back_where_a_module_is_missing(
    jobs_dsn: str, number: int
) -> None:
    """The worker ends with the error; what it had decoded before was run."""
    missing = enqueue(jobs_dsn, _COUNT)[number]

    def decode(row: _Raw) -> jobs.SendMailJob:
        if row[0] == missing:
            raise ImportError("no module")
        return jobs.send_mail.JOB.decode(row)

    with pytest.raises(ImportError, match="no module"):
        asyncio.run(Worker(jobs_dsn, _handlers(decode)).run())
    found = rows(jobs_dsn, "id, status::text, attempts_count, locked_by")
    assert {row[1:] for row in found} == {
        ("job_status_succeeded", 1, None),
        ("job_status_not_started", 0, None),
    }
    assert (missing, "job_status_not_started", 0, None) in found
