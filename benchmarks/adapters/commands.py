"""The commands that adapters understand, in terms of their queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from benchmarks.adapters import drain
from benchmarks.adapters.adapter import NewT, Payload, Producer, Queue, RowT, Table
from benchmarks.adapters.process import Answer, Command, answer, next_line


class Filler(Table, Protocol[NewT]):
    """A queue that can be filled."""

    def producer(self, dsn: str) -> AbstractAsyncContextManager[Producer[NewT]]: ...


def of_filler(queue: Filler[NewT]) -> dict[str, Command]:
    """What also the raw loops can do."""
    return {
        "settings": partial(_settings, queue),
        "install": partial(_install, queue),
        "unfinished": partial(_unfinished, queue),
        "bulk": partial(_bulk, queue),
        "single": partial(_single, queue),
    }


def of_queue(queue: Queue[NewT, RowT]) -> dict[str, Command]:
    """What a queue with a worker of its own can do."""
    return of_filler(queue) | {
        "drain": partial(drain.by_worker, queue),
        "take": partial(drain.some, queue),
        "work": partial(_work, queue),
        "wake": partial(_wake, queue),
        "steady": partial(_steady, queue),
        "schedule": partial(_schedule, queue),
    }


async def _settings(queue: Table, arguments: Mapping[str, str]) -> Answer:
    del arguments
    return dict(queue.settings)


async def _install(queue: Table, arguments: Mapping[str, str]) -> Answer:
    await queue.install(arguments["dsn"])
    return {}


async def _unfinished(queue: Table, arguments: Mapping[str, str]) -> Answer:
    return {"unfinished": await queue.unfinished(arguments["dsn"])}


async def _bulk(queue: Filler[NewT], arguments: Mapping[str, str]) -> Answer:
    """`count` jobs, `batch` at a time: the seconds that it took."""
    batch = int(arguments["batch"])
    async with queue.producer(arguments["dsn"]) as producer:
        jobs = [producer.job(Payload(n)) for n in range(int(arguments["count"]))]
        batches = [jobs[at : at + batch] for at in range(0, len(jobs), batch)]
        started = time.perf_counter()
        for each in batches:
            await producer.bulk(each)
        return {"seconds": time.perf_counter() - started}


async def _single(queue: Filler[NewT], arguments: Mapping[str, str]) -> Answer:
    """`count` jobs, one after the other: the seconds that it took."""
    async with queue.producer(arguments["dsn"]) as producer:
        jobs = [producer.job(Payload(n)) for n in range(int(arguments["count"]))]
        await producer.single(jobs[0])  # Connections and statements are made here.
        started = time.perf_counter()
        for job in jobs:
            await producer.single(job)
        return {"seconds": time.perf_counter() - started}


async def _work(queue: Queue[NewT, RowT], arguments: Mapping[str, str]) -> Answer:
    """Work until the next line: when which job ran, by two clocks, in nanoseconds."""
    seen: list[tuple[RowT, int, int]] = []

    def handle(job: RowT) -> None:
        seen.append((job, time.monotonic_ns(), time.time_ns()))

    async with queue.worker(arguments["dsn"], handle, float(arguments["pause"])):
        answer({"memory": drain.resident()})
        await next_line()
    return {"seen": [(queue.user_id(job), mono, wall) for job, mono, wall in seen]}


async def _wake(queue: Queue[NewT, RowT], arguments: Mapping[str, str]) -> Answer:
    """`count` jobs with a pause after each: when COMMIT was sent, and answered."""
    sent: list[tuple[int, int]] = []
    answered: list[tuple[int, int]] = []
    async with queue.producer(arguments["dsn"]) as producer:
        for number in range(int(arguments["count"])):
            job = producer.job(Payload(number))
            sent.append((number, await producer.committed(job)))
            answered.append((number, time.monotonic_ns()))
            await asyncio.sleep(float(arguments["pause"]))
    return {"sent": sent, "answered": answered}


async def _steady(queue: Queue[NewT, RowT], arguments: Mapping[str, str]) -> Answer:
    """`rate` jobs a second for `seconds`, in bulks 10 ms apart: when each was sent.

    They are numbered from `first` on.
    """
    tick = 0.01
    first = int(arguments["first"])
    rate, seconds = float(arguments["rate"]), float(arguments["seconds"])
    sent: list[tuple[int, int]] = []
    async with queue.producer(arguments["dsn"]) as producer:
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < seconds:
            due = range(first + len(sent), first + int(rate * (elapsed + tick)))
            jobs = [producer.job(Payload(number)) for number in due]
            now = time.monotonic_ns()
            sent.extend((number, now) for number in due)
            if jobs:
                await producer.bulk(jobs)
            spent = time.monotonic() - started - elapsed
            await asyncio.sleep(max(0.0, tick - spent))
    return {"sent": sent}


async def _schedule(queue: Queue[NewT, RowT], arguments: Mapping[str, str]) -> Answer:
    """`count` jobs, evenly over `seconds` from `after` on: when each is due."""
    count, seconds = int(arguments["count"]), float(arguments["seconds"])
    first = datetime.now(UTC) + timedelta(seconds=float(arguments["after"]))
    due = [first + timedelta(seconds=seconds * n / count) for n in range(count)]
    async with queue.producer(arguments["dsn"]) as producer:
        for number, when in enumerate(due):
            await producer.schedule(Payload(number), when)
    late = datetime.now(UTC) > first
    return {"late": late, "due": [round(when.timestamp() * 1e9) for when in due]}
