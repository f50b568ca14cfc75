"""Connections that are cut, and such as are dead without a word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.network import Network, network
from tests.chaos.stage import Stage, stage
from tests.chaos.times import Times
from tests.stalls import Stalls

_NOTICED: Final = 10.0
"""Seconds within which somebody notices, at any scale: what looks is not scaled."""


@pytest.fixture
def breakable(
    database: str, tmp_path: Path, times: Times
) -> Iterator[tuple[Network, Stage]]:
    """A stage on which the workers are behind a network."""
    with (
        network(database) as (made, dsn),
        stage(database, tmp_path, times, workers_dsn=dsn) as on_stage,
    ):
        yield made, on_stage


def test_connections_are_cut_again_and_again(breakable: tuple[Network, Stage]) -> None:
    broken, on_stage = breakable
    for _ in range(4):
        broken.cut()
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict("connections cut")


def test_connections_are_half_open(
    breakable: tuple[Network, Stage], stalls: Stalls
) -> None:
    """Nothing says so: the workers have to notice it by themselves."""
    broken, on_stage = breakable
    broken.swallow()
    start = time.monotonic()
    # What handlers had begun goes on; only a new job takes a new connection.
    job_id = on_stage.enqueue("none")
    on_stage.until(lambda: job_id in on_stage.ledger.ids(), "no worker notices")
    first = stalls.since(start)
    on_stage.until(lambda: broken.abandoned, "a worker does not notice")
    last = stalls.since(start)
    print(f"chaos: half-open: noticed after {first:.1f} s, by all {last:.1f} s")
    assert first < _NOTICED
    on_stage.verdict("half-open connections")
