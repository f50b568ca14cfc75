"""Handlers that share a task, and what each of them has for itself all the same."""

import asyncio
import sys
from contextvars import ContextVar

import pytest

import generated_example as jobs
from tests.worker.support import (
    enqueue,
    mail_handlers,
    rows,
    run_all,
    running,
    statuses,
    until,
)

_NOTE: ContextVar[str] = ContextVar("note", default="blank")


# --- what a handler leaves behind


@pytest.mark.parametrize("waits", [False, True], ids=["never waits", "waits"])
def test_what_a_handler_writes_into_its_context_no_other_sees(
    jobs_dsn: str, *, waits: bool
) -> None:
    notes: list[str] = []

    async def handler(job: jobs.SendMailJob) -> None:
        notes.append(_NOTE.get())
        _NOTE.set(f"written by {job.user_id}")
        if waits:
            await asyncio.sleep(0)
            notes.append(_NOTE.get().replace(str(job.user_id), "itself"))

    enqueue(jobs_dsn, 30)
    run_all(jobs_dsn, mail_handlers(handler), 30)
    assert notes.count("blank") == 30
    assert notes.count("written by itself") == (30 if waits else 0)


def test_a_handler_that_waits_keeps_the_context_that_others_run_beside(
    jobs_dsn: str,
) -> None:
    found: list[str] = []
    all_started = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        _NOTE.set(str(job.user_id))
        found.append("")
        if len(found) == 10:
            all_started.set()
        await all_started.wait()
        found[job.user_id] = _NOTE.get()

    enqueue(jobs_dsn, 10)
    run_all(jobs_dsn, mail_handlers(handler), 10)
    assert found == [str(number) for number in range(10)]


# --- handlers that end, wait and cancel themselves in one lane


def test_handlers_that_never_wait_share_their_tasks(jobs_dsn: str) -> None:
    tasks: list[asyncio.Task[None] | None] = []

    async def handler(job: jobs.SendMailJob) -> None:
        tasks.append(asyncio.current_task())

    enqueue(jobs_dsn, 200)
    run_all(jobs_dsn, mail_handlers(handler, concurrency=200), 200)
    assert len(set(tasks)) < 20


def test_a_handler_that_waits_has_its_task_for_itself(jobs_dsn: str) -> None:
    """After others that did not wait, and with others that do not after it."""
    waiting: list[asyncio.Task[None] | None] = []
    beside: set[asyncio.Task[None] | None] = set()

    async def handler(job: jobs.SendMailJob) -> None:
        task = asyncio.current_task()
        if job.user_id % 5:
            beside.add(task)
            assert task not in waiting, "its task is taken"
            return
        waiting.append(task)
        await asyncio.sleep(0)  # the last one waits, too
        await until(lambda: len(waiting) == 8)
        assert asyncio.current_task() is task

    enqueue(jobs_dsn, 40)
    run_all(jobs_dsn, mail_handlers(handler, concurrency=40), 40)
    assert len(set(waiting)) == 8
    assert beside


def test_the_first_step_is_made_once_and_gets_what_it_waits_for(jobs_dsn: str) -> None:
    found: list[object] = []

    async def handler(job: jobs.SendMailJob) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        loop.call_soon(future.set_result, "an answer")
        found.append(await future)
        broken: asyncio.Future[str] = loop.create_future()
        loop.call_soon(broken.set_exception, OSError("none"))
        try:
            await broken
        except OSError as error:
            found.append(str(error))

    async def fails_at_once(job: jobs.SendMailJob) -> None:
        loop = asyncio.get_running_loop()
        broken: asyncio.Future[None] = loop.create_future()
        loop.call_soon(broken.set_exception, OSError("none"))
        try:
            await broken
        except OSError as error:
            found.append(str(error))

    enqueue(jobs_dsn)
    run_all(jobs_dsn, mail_handlers(handler), 1)
    enqueue(jobs_dsn)
    run_all(jobs_dsn, mail_handlers(fails_at_once), 1)
    assert found == ["an answer", "none", "none"]


@pytest.mark.parametrize("waits", [False, True], ids=["never waits", "waits"])
def test_a_handler_that_cancels_itself_ends_no_other(
    jobs_dsn: str, *, waits: bool
) -> None:
    """All of them begin in one lane, and the others wait after it."""

    async def handler(job: jobs.SendMailJob) -> None:
        if job.user_id == 0:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        if waits or job.user_id:
            await asyncio.sleep(0)

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler)) as worker:
            await until(lambda: worker.stats().succeeded + worker.stats().retried == 5)

    enqueue(jobs_dsn, 5)
    asyncio.run(scenario())
    own = "retry" if waits else "succeeded"
    assert statuses(jobs_dsn) == [own, *["succeeded"] * 4]
    assert rows(jobs_dsn, "attempts_count") == [(1,)] * 5


if sys.version_info >= (3, 12):

    @pytest.mark.parametrize("waits", [False, True], ids=["never waits", "waits"])
    def test_a_loop_whose_tasks_are_eager_serves(jobs_dsn: str, *, waits: bool) -> None:
        async def handler(job: jobs.SendMailJob) -> None:
            if waits:
                await asyncio.sleep(0.01)

        async def scenario() -> None:
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            handlers = mail_handlers(handler, concurrency=450)
            async with running(jobs_dsn, handlers) as worker:
                await until(lambda: worker.stats().succeeded == 450)

        enqueue(jobs_dsn, 450)
        asyncio.run(scenario())
        assert rows(jobs_dsn, "attempts_count") == [(1,)] * 450
