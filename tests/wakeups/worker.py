"""Workers in a process of their own, on one event loop, and without a guard tick.

`python -m tests.wakeups.worker DSN HOME LEDGER NUMBER [no-barrier]`
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final, LiteralString

from jobgen.runtime import Handlers, Worker, bind
from tests.unseen import Unseen
from tests.wakeups.ledger import Ledger
from tests.wakeups.schema import PACKAGE

NO_BARRIER: Final = "no-barrier"
_ALWAYS_PASSED: Final[LiteralString] = (
    "SELECT $1::text IS NOT NULL AND $2::text IS NOT NULL"
)
_NEVER: Final = 3600.0


async def _work(dsn: str, handlers: Handlers, number: int) -> None:
    workers = [Worker(dsn, handlers, poll_interval=_NEVER) for _ in range(number)]
    await asyncio.gather(*(worker.run() for worker in workers))


def _without_barrier(job: Unseen) -> Unseen:
    """The same job, of which every barrier is passed at once."""
    lease = job.notifications.lease._replace(barrier=_ALWAYS_PASSED)
    return replace(job, notifications=job.notifications._replace(lease=lease))


def main(dsn: str, home: str, ledger_path: str, number: str, *options: str) -> None:
    sys.path.insert(0, home)
    package: Unseen = import_module(PACKAGE)
    ledger = Ledger(Path(ledger_path))

    async def task(job: Unseen) -> None:
        ledger.write(job.id)

    job = package.task.JOB
    if NO_BARRIER in options:
        job = _without_barrier(job)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    handlers = Handlers(package.PACKAGE, (bind(job, task),))
    asyncio.run(_work(dsn, handlers, int(number)))


if __name__ == "__main__":
    main(*sys.argv[1:])
