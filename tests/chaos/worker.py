"""A worker as a process of its own: `python -m tests.chaos.worker` and its arguments.

Like `jobgen worker`, but for the durations of its life, which that command leaves
as they are.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from importlib import import_module
from pathlib import Path

from jobgen.runtime import run
from tests.chaos.ledger import Ledger
from tests.chaos.schema import PACKAGE
from tests.chaos.times import Times
from tests.unseen import Unseen

_WORK_SECONDS = 0.01


def behave(behaviour: str, marker: Path) -> None:
    """What a handler should not do. The process ends once only, at its `marker`."""
    match behaviour:
        case "fork":
            if os.fork() == 0:
                os._exit(0)
        case "leak":
            threading.Thread(target=time.sleep, args=[3600], daemon=True).start()
        case "block":
            time.sleep(5)  # in a coroutine: it is meant to eat the loop
        case "exit":
            if not marker.exists():
                marker.touch()
                os._exit(9)
        case _:
            pass


def main(dsn: str, package_home: str, ledger_path: str, scale: str) -> None:
    sys.path.insert(0, package_home)
    package: Unseen = import_module(PACKAGE)
    ledger, times = Ledger(Path(ledger_path)), Times(float(scale))

    async def task(job: Unseen) -> None:
        behave(job.behaviour, Path(f"{ledger_path}-{job.id}"))
        await asyncio.sleep(_WORK_SECONDS)
        ledger.write(job.id)

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run(
        dsn,
        package.handlers(task=task),
        grace=30 * times.scale,
        heartbeat_interval=times.heartbeat,
        dead_after=times.dead_after,
        lost_after=times.lost_after,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
