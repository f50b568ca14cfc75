"""SIGTERM in a program that has a worker beside other things."""

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager

import pytest

import generated_example as jobs
from jobgen.runtime import Worker
from tests.worker.support import mail_handlers, until


async def _ignore(job: jobs.SendMailJob) -> None: ...


@contextmanager
def _handled(heard: list[int]) -> Generator[None]:
    """The program has a handler of its own, as a web server does."""
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_worker_leaves_signals_to_the_program_that_says_so(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on until the program stops it."""
    heard: list[int] = []

    async def scenario() -> None:
        worker = Worker(jobs_dsn, mail_handlers(_ignore), signals=False)
        running = asyncio.create_task(worker.run())
        await until(lambda: "runs send_mail" in caplog.text)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: bool(heard))
        assert not running.done()
        worker.stop()
        await running

    with _handled(heard), caplog.at_level("INFO", "jobgen"):
        asyncio.run(scenario())
    assert heard == [signal.SIGTERM]
    assert "SIGTERM" not in caplog.text


def test_the_programs_handlers_are_back_after_the_worker(jobs_dsn: str) -> None:
    heard: list[int] = []

    async def scenario() -> None:
        worker = Worker(jobs_dsn, mail_handlers(_ignore))
        before = signal.getsignal(signal.SIGINT)
        running = asyncio.create_task(worker.run())
        await until(lambda: signal.getsignal(signal.SIGINT) is not before)
        worker.stop()
        await running
        assert signal.getsignal(signal.SIGINT) is before
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: heard == [signal.SIGTERM])

    with _handled(heard):
        asyncio.run(scenario())


def test_a_loops_handler_that_was_replaced_does_not_swallow_signals(
    jobs_dsn: str,
) -> None:
    """It cannot be put back, and what would be left of it does nothing."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: None)
        worker = Worker(jobs_dsn, mail_handlers(_ignore))
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(0)
        worker.stop()
        await running
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    asyncio.run(scenario())


def test_a_worker_tells_whose_signals_it_takes(
    jobs_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the program waits for them, and nobody knows why it does not stop."""
    heard: list[int] = []

    async def scenario() -> None:
        running = asyncio.create_task(Worker(jobs_dsn, mail_handlers(_ignore)).run())
        await until(lambda: "runs send_mail" in caplog.text)
        os.kill(os.getpid(), signal.SIGTERM)
        await running

    with _handled(heard), caplog.at_level("INFO", "jobgen"):
        asyncio.run(scenario())
    assert heard == []
    assert "SIGTERM had a handler" in caplog.text
    caplog.clear()
    with caplog.at_level("INFO", "jobgen"):
        asyncio.run(scenario())
    assert "SIGTERM had a handler" not in caplog.text
