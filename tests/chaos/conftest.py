"""The stage of a scenario, on the shared server or on one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.stage import Stage, stage
from tests.chaos.times import Times
from tests.servers import Server


@pytest.fixture
def times(request: pytest.FixtureRequest) -> Times:
    return Times(float(str(request.config.getoption("--chaos-scale"))))


@pytest.fixture
def on_stage(database: str, tmp_path: Path, times: Times) -> Iterator[Stage]:
    """On the server that others use too: leave it running."""
    with stage(database, tmp_path, times) as made:
        yield made


@pytest.fixture
def on_own_stage(own_server: Server, tmp_path: Path, times: Times) -> Iterator[Stage]:
    """On a server that the scenario may stop."""
    with stage(own_server.dsn(), tmp_path, times) as made:
        yield made
