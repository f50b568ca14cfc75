"""`python -m examples.demo [--jobs N]`: exit status 0 if all that it says is true."""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Final, Never

CHECKOUT: Final = Path(__file__).parents[2]
SCHEMA: Final = "schemas/jobs.yaml"


def main() -> int:
    """0: done, and everything agrees; 1: something does not; 2: it cannot be done."""
    arguments = _parser().parse_args()
    # SIGINT too: whoever starts us in the background may have turned it off.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        print(f"jobgen build {SCHEMA}", flush=True)
        build = [sys.executable, "-m", "jobgen", "build", SCHEMA]
        if (status := subprocess.run(build, cwd=CHECKOUT).returncode) != 0:
            return status
        return _play(arguments.jobs)
    except KeyboardInterrupt:
        print("\ninterrupted; everything is stopped", file=sys.stderr)
        return 130


def _play(count: int) -> int:
    # Not before the code that these modules import is as the schema says.
    from examples.demo import scenario
    from examples.demo.display import display
    from examples.demo.server import ServerError

    traces = Path(tempfile.mkdtemp(prefix="jobgen-demo-"))
    try:
        return scenario.run(count, display(sys.stdout), traces)
    except BaseException as error:
        shutil.rmtree(traces, ignore_errors=True)  # Kept where there is a verdict.
        if not isinstance(error, scenario.DemoError | ServerError):
            raise
        print(f"demo: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo",
        description="Run jobs on a temporary PostgreSQL, with a worker that is killed.",
    )
    parser.add_argument(
        "--jobs", type=int, default=5000, metavar="N", help="about so many (5000)"
    )
    return parser


def _leave(number: int, frame: FrameType | None) -> Never:
    """Leave through every block that has something to stop."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
