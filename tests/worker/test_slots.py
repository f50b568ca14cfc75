"""How many handlers start at once, and that all of them do."""

import asyncio
import threading
import time

import psycopg
import pytest

import generated_example as jobs
from jobgen.runtime import Handlers, Worker, bind
from tests.worker.support import (
    PATIENCE,
    enqueue,
    mail,
    mail_handlers,
    rows,
    run_all,
    running,
    statuses,
    until,
)


def test_a_burst_larger_than_the_limit_runs_to_its_end(jobs_dsn: str) -> None:
    ran = 0

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal ran
        ran += 1

    enqueue(jobs_dsn, 450)
    stats = run_all(jobs_dsn, mail_handlers(handler, concurrency=450), 450)
    assert (ran, stats.given_back) == (450, 0)


def test_the_loop_has_its_turn_within_a_burst(jobs_dsn: str) -> None:
    turn = 0
    turns: list[int] = []

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        if len(turns) < 450:
            asyncio.get_running_loop().call_soon(next_turn)

    async def handler(job: jobs.SendMailJob) -> None:
        if not turns:
            asyncio.get_running_loop().call_soon(next_turn)
        turns.append(turn)

    enqueue(jobs_dsn, 450)
    run_all(jobs_dsn, mail_handlers(handler, concurrency=450), 450)
    assert max(map(turns.count, turns)) < 200


def test_all_free_slots_are_taken_by_handlers_that_wait(jobs_dsn: str) -> None:
    started = 0
    all_started = asyncio.Event()

    async def handler(job: jobs.SendMailJob) -> None:
        nonlocal started
        started += 1
        if started == 16:
            all_started.set()
        await all_started.wait()

    enqueue(jobs_dsn, 16)
    stats = run_all(jobs_dsn, mail_handlers(handler, concurrency=16), 16)
    assert stats.given_back == 0, "rows that nobody starts are given back"


@pytest.mark.parametrize("plain", [False, True], ids=["async", "plain"])
def test_a_limit_of_the_process_holds_for_all_jobs_together(
    jobs_dsn: str, conn: psycopg.Connection[object], *, plain: bool
) -> None:
    now = most = 0
    lock = threading.Lock()

    def change(by: int) -> None:
        nonlocal now, most
        with lock:
            now += by
            most = max(most, now)

    async def in_loop(job: jobs.SendMailJob | jobs.PruneChartsJob) -> None:
        change(1)
        await asyncio.sleep(0.01)
        change(-1)

    def in_thread(job: jobs.SendMailJob | jobs.PruneChartsJob) -> None:
        change(1)
        time.sleep(0.01)
        change(-1)

    handler = in_thread if plain else in_loop
    bound = (*mail_handlers(handler).bound, bind(jobs.prune_charts.JOB, handler))
    jobs.send_mail.enqueue_many(conn, map(mail, range(20)))
    jobs.prune_charts.enqueue_many(conn, [jobs.PruneCharts()] * 20)
    conn.commit()
    run_all(jobs_dsn, Handlers(jobs.PACKAGE, bound), 40, limit=3)
    assert most == 3


def test_every_deadline_is_kept_and_not_the_first_alone(jobs_dsn: str) -> None:
    async def handler(job: jobs.SendMailJob) -> None:
        await asyncio.sleep(PATIENCE)

    async def scenario() -> None:
        handlers = mail_handlers(handler, timeout=0.3)
        async with running(jobs_dsn, handlers) as worker:
            enqueue(jobs_dsn)
            await until(lambda: statuses(jobs_dsn) == ["running"])
            await asyncio.sleep(0.05)
            enqueue(jobs_dsn, 2)
            await until(lambda: worker.stats().retried == 3)

    asyncio.run(scenario())
    assert rows(jobs_dsn, "last_error") == [("Timeout reached",)] * 3


def test_under_a_limit_of_the_process_no_row_waits_for_the_end_of_another_job(
    jobs_dsn: str, conn: psycopg.Connection[object]
) -> None:
    """However many short handlers ended lately; another worker can run it.

    Several times: they have to end shortly before.
    """
    rounds, short_jobs = 5, 400
    blocked = enqueued = 0
    release = asyncio.Event()

    async def short(job: jobs.SendMailJob) -> None: ...

    async def long(job: jobs.PruneChartsJob) -> None:
        nonlocal blocked
        blocked += 1
        await release.wait()

    bound = (*mail_handlers(short).bound, bind(jobs.prune_charts.JOB, long))

    def more() -> None:
        nonlocal enqueued
        enqueue(jobs_dsn, short_jobs)
        enqueued += short_jobs

    async def block(worker: Worker) -> None:
        nonlocal enqueued
        done = worker.stats().succeeded
        more()
        await until(lambda: worker.stats().succeeded > done + 50)
        jobs.prune_charts.enqueue_many(conn, [jobs.PruneCharts()] * 2)
        conn.commit()
        enqueued += 2
        # However late the long ones start, short ones are left for them to hold up.
        async with asyncio.timeout(PATIENCE):
            while blocked < 2:
                more()
                await asyncio.sleep(0.02)
        await until(lambda: "running" not in statuses(jobs_dsn))
        assert "not_started" in statuses(jobs_dsn)

    async def scenario() -> None:
        nonlocal blocked
        handlers = Handlers(jobs.PACKAGE, bound)
        async with running(jobs_dsn, handlers, concurrency=2) as worker:
            for _ in range(rounds):
                await block(worker)
                # Rows that wait in vain are given back after a while: there were none.
                assert worker.stats().given_back == 0
                blocked = 0
                release.set()
                release.clear()
                await until(lambda: worker.stats().succeeded == enqueued)

    asyncio.run(scenario())


def test_the_name_of_a_job_is_no_list_of_names() -> None:
    """Its letters are not the jobs that somebody wants, as the message would say."""
    with pytest.raises(TypeError, match=r"pass \['send_mail'\]"):
        Worker("", mail_handlers(_ignored), only="send_mail")


async def _ignored(job: jobs.SendMailJob) -> None: ...
