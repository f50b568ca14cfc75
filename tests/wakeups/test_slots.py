"""Slots fill up while a worker promises to look: it lets others have the rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from typing import Final

import psycopg

import generated_example as jobs
from jobgen.runtime import Handlers
from jobgen.runtime.watch import PROMISE
from tests.stalls import Stalls
from tests.wakeups.promises import Connection, heard, listening
from tests.worker.support import (
    PATIENCE,
    mail,
    mail_handlers,
    running,
    until,
)

_SLOTS: Final = 4
_LONG: Final = 0
"""The user whose mail takes long; those of others take no time."""
_SHORT: Final = 1
_LEFT: Final = "SELECT last_value - extract(epoch FROM now()) * 1000 > 0 FROM {}_wake"


class _Desk:
    """Handlers that are held up by the mail of one user, until it is `free`."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.held = 0
        self.done = 0

    @property
    def handlers(self) -> Handlers:
        return mail_handlers(self._handle, concurrency=_SLOTS)

    async def _handle(self, job: jobs.SendMailJob) -> None:
        if job.user_id == _LONG:
            self.held += 1
            await self.free.wait()
            self.held -= 1
        self.done += 1


@asynccontextmanager
async def _at(desk: _Desk, dsn: str) -> AsyncGenerator[None]:
    """A worker without a guard tick."""
    async with running(dsn, desk.handlers, poll_interval=5 * PATIENCE):
        try:
            yield
        finally:
            desk.free.set()


def _send(conn: Connection, user: int, count: int = 1) -> None:
    """So many jobs, each in a transaction of its own."""
    for _ in range(count):
        jobs.send_mail.enqueue(conn, mail(user))


def _is_promised(conn: Connection) -> bool:
    query = _LEFT.format(jobs.send_mail.TABLE)
    ((left,),) = conn.execute(query.encode()).fetchall()
    return bool(left)


def _keep_busy(conn: Connection) -> None:
    """Until a worker promises to look."""
    deadline = time.monotonic() + PATIENCE
    while not _is_promised(conn):
        assert time.monotonic() < deadline, "no worker promises anything"
        _send(conn, _SHORT)


def test_a_promise_runs_out_once_no_slot_is_free(jobs_dsn: str, stalls: Stalls) -> None:
    """Others are told of each job from then on. A worker that had short handlers until
    then may fetch some ahead, and promise for a last time."""

    async def scenario(conn: Connection, listener: Connection) -> None:
        desk = _Desk()
        async with _at(desk, jobs_dsn):
            await asyncio.to_thread(_keep_busy, conn)
            users = [_LONG] * _SLOTS + [_SHORT] * 1000  # more than there is room for
            news = list(map(mail, users))
            await asyncio.to_thread(jobs.send_mail.enqueue_many, conn, news)
            await until(lambda: desk.held == _SLOTS)
            heard(listener)
            full = time.monotonic()
            while time.monotonic() < full + 2:
                await asyncio.to_thread(_send, conn, _SHORT)
                if not heard(listener):
                    assert stalls.since(full) < 5 * PROMISE
                await asyncio.sleep(0.01)

    with (
        closing(psycopg.connect(jobs_dsn, autocommit=True)) as conn,
        closing(listening(jobs_dsn)) as listener,
    ):
        asyncio.run(scenario(conn, listener))


def test_a_worker_with_a_free_slot_does_not_sleep_on_its_promise(
    jobs_dsn: str, stalls: Stalls
) -> None:
    """It has taken fewer rows than it has slots: it must settle before it sleeps."""

    async def scenario(conn: Connection) -> None:
        desk = _Desk()
        async with _at(desk, jobs_dsn):
            for number in range(40):
                users = [_SHORT] * (number % 8) + [_LONG] * (_SLOTS - 1)
                news = list(map(mail, users))
                await asyncio.to_thread(jobs.send_mail.enqueue_many, conn, news)
                await until(lambda: desk.held == _SLOTS - 1)
                start = time.monotonic()
                await until(lambda: _is_withdrawn(conn))
                assert stalls.since(start) < 1
                desk.free.set()
                await until(lambda: not desk.held)
                desk.free.clear()

    with closing(psycopg.connect(jobs_dsn, autocommit=True)) as conn:
        asyncio.run(scenario(conn))


def _is_withdrawn(conn: Connection) -> bool:
    query = f"SELECT last_value = 1 FROM {jobs.send_mail.TABLE}_wake"
    ((withdrawn,),) = conn.execute(query.encode()).fetchall()
    return bool(withdrawn)


def test_a_worker_that_sleeps_takes_what_another_has_no_slot_for(
    jobs_dsn: str, stalls: Stalls
) -> None:
    async def scenario(conn: Connection) -> None:
        one, other = _Desk(), _Desk()
        async with _at(one, jobs_dsn), _at(other, jobs_dsn):
            for _ in range(3):
                await asyncio.to_thread(_keep_busy, conn)
                start = time.monotonic()
                # To fill both, one after the other: no slot is free in the end.
                await asyncio.to_thread(_send, conn, _LONG, 2 * _SLOTS)
                await until(lambda: one.held == other.held == _SLOTS)
                assert stalls.since(start) < 5 * PROMISE
                for desk in (one, other):
                    desk.free.set()
                await until(lambda: one.held == other.held == 0)
                for desk in (one, other):
                    desk.free.clear()

    with closing(psycopg.connect(jobs_dsn, autocommit=True)) as conn:
        asyncio.run(scenario(conn))


def test_rows_fetched_ahead_go_to_others_when_no_slot_becomes_free(
    jobs_dsn: str,
) -> None:
    """Short handlers let a worker fetch ahead; then all slots are held for long."""
    before, after = 2000, 1000

    async def scenario() -> None:
        one, other = _Desk(), _Desk()
        async with _at(one, jobs_dsn):
            await until(lambda: one.held == _SLOTS)
            assert one.done < before + after
            other.free.set()  # nothing takes long there
            async with _at(other, jobs_dsn):
                await until(lambda: one.done + other.done == before + after)
                assert one.held == _SLOTS

    with psycopg.connect(jobs_dsn) as conn:
        users = [_SHORT] * before + [_LONG] * _SLOTS + [_SHORT] * after
        jobs.send_mail.enqueue_many(conn, map(mail, users))
    asyncio.run(scenario())
