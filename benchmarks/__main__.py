"""`python -m benchmarks`: rounds that alternate, medians, ratios to the raw loops."""

import statistics
from collections.abc import Callable
from typing import Final

from benchmarks import measure
from tests import servers

ROUNDS: Final = 5
_PAIRS: Final[tuple[tuple[Callable[[str], float], Callable[[str], float]], ...]] = (
    (measure.worker_drain, measure.raw_drain),
    (measure.enqueue, measure.raw_insert),
    (measure.enqueue_many, measure.raw_insert),
    (measure.enqueue_copy, measure.raw_insert),
)


def main() -> None:
    """Print a Markdown table of jobs per second. fsync is off on the test server."""
    with servers.run():
        server = servers.shared_server(servers.installations()[-1])
        print(f"PostgreSQL {server.full_version()}, {measure.JOBS} jobs a round")
        print("| what | jobs/s (median, range) | raw | ratio |")
        print("|---|---|---|---|")
        for ours, raw in _PAIRS:
            print(_row(server, ours, raw), flush=True)


def _row(
    server: servers.Server,
    ours: Callable[[str], float],
    raw: Callable[[str], float],
) -> str:
    speeds: list[float] = []
    raw_speeds: list[float] = []
    for _ in range(ROUNDS):
        for measured, found in ((ours, speeds), (raw, raw_speeds)):
            with server.jobs_database() as dsn:
                found.append(measured(dsn))
    ratio = statistics.median(speeds) / statistics.median(raw_speeds)
    return f"| {ours.__name__} | {_text(speeds)} | {_text(raw_speeds)} | {ratio:.2f} |"


def _text(speeds: list[float]) -> str:
    median = statistics.median(speeds)
    return f"{median:,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"


if __name__ == "__main__":
    main()
