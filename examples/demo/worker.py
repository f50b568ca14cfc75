"""The demo's worker process: `jobgen worker` with the patience of a demo.

A worker counts as dead after half a minute, as it should in production. Whoever
watches a demo wants to see the rescue sooner; these times are arguments of
`run`, not options of the command.
"""

import logging
import os

from examples.worker import handlers
from jobgen.runtime import run


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run(
        os.environ["DATABASE_URL"],
        handlers,
        grace=10.0,
        heartbeat_interval=0.5,
        lost_after=3.0,
        dead_after=4.0,
    )


if __name__ == "__main__":
    main()
