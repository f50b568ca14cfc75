"""`current()`: what a handler may ask about the attempt that runs it."""

import asyncio
import threading

import pytest

import generated_example as jobs
from jobgen.runtime import Handler, current, rehearse
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail_handlers,
    run_all,
    running,
    until,
    wait_until,
)


@pytest.mark.parametrize("kind", ["async", "plain", "lambda"])
def test_a_handlers_attempt_is_its_own_while_others_begin(
    jobs_dsn: str, kind: str
) -> None:
    """Told apart by its deadline, which no two attempts share."""
    before: list[float | None] = []
    after: dict[float | None, float | None] = {}
    all_started = threading.Event()

    def start() -> float | None:
        deadline = current().deadline
        before.append(deadline)
        if len(before) == 10:
            all_started.set()
        return deadline

    async def in_loop(job: jobs.SendMailJob) -> None:
        deadline = start()
        await until(all_started.is_set)
        after[deadline] = current().deadline

    def in_thread(job: jobs.SendMailJob) -> None:
        deadline = start()
        all_started.wait(PATIENCE)
        after[deadline] = current().deadline

    handlers: dict[str, Handler[jobs.SendMailJob]] = {
        "async": in_loop,
        "plain": in_thread,
        "lambda": lambda job: in_loop(job),
    }
    enqueue(jobs_dsn, 10)
    run_all(jobs_dsn, mail_handlers(handlers[kind]), 10)
    assert after == {deadline: deadline for deadline in before}
    assert len(after) == 10
    assert None not in after


def test_each_of_the_handlers_that_never_wait_has_its_own_attempt(
    jobs_dsn: str,
) -> None:
    deadlines: list[float | None] = []

    async def handler(job: jobs.SendMailJob) -> None:
        deadlines.append(current().deadline)

    enqueue(jobs_dsn, 30)
    run_all(jobs_dsn, mail_handlers(handler), 30)
    assert len(set(deadlines)) == 30


def test_a_handler_learns_that_its_time_is_up(jobs_dsn: str) -> None:
    found: list[tuple[bool, bool]] = []

    def handler(job: jobs.SendMailJob) -> None:
        attempt = current()
        before = attempt.cancelled
        wait_until(lambda: attempt.cancelled)
        found.append((before, (attempt.remaining or 1.0) < 0))

    async def scenario() -> None:
        async with running(jobs_dsn, mail_handlers(handler, timeout=0.1)):
            await until(lambda: bool(found))

    enqueue(jobs_dsn)
    asyncio.run(scenario())
    assert found == [(False, True)]


def test_nobody_but_a_handler_has_a_current_attempt() -> None:
    with pytest.raises(RuntimeError, match="no handler runs here"):
        current()


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_test_says_what_a_handler_is_told(*, cancelled: bool) -> None:
    """In the same thread, in a task, and in a thread of the loop."""

    def told() -> tuple[bool, bool]:
        remaining = current().remaining
        assert remaining is not None
        return 4 < remaining <= 5, current().cancelled

    async def in_task_and_thread() -> list[tuple[bool, bool]]:
        task = asyncio.create_task(asyncio.to_thread(told))
        return [told(), await task]

    with rehearse(remaining=5.0, cancelled=cancelled):
        found = [told(), *asyncio.run(in_task_and_thread())]
        with rehearse():
            assert current().deadline is current().remaining is None
            assert not current().cancelled
    assert found == 3 * [(True, cancelled)]
    with pytest.raises(RuntimeError, match="with rehearse"):
        current()
