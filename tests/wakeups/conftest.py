"""How long the stress goes on."""

import pytest


@pytest.fixture
def wakeups_seconds(request: pytest.FixtureRequest) -> float:
    return float(str(request.config.getoption("--wakeups-seconds")))
