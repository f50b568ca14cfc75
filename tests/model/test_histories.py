"""Whatever happens in whatever order, a queue does what its model does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.emit.schemas import files
from tests.model.kinds import SCHEMA
from tests.model.machine import Histories
from tests.model.table import UUIDS
from tests.properties.packages import imported
from tests.properties.profiles import examples
from tests.servers import Server
from tests.unseen import Unseen

PHASES: Final = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failure is shown as it was found. `Phase.shrink` makes it short, in minutes."""


@pytest.fixture(scope="module")
def package() -> Iterator[Unseen]:
    with imported(files(SCHEMA), {}) as package:
        yield package


@pytest.fixture
def dsn(server: Server, package: Unseen) -> Iterator[str]:
    with server.database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(package.SCHEMA_SQL)
            conn.execute(UUIDS)
        yield dsn


def test_a_queue_does_what_its_model_does(dsn: str, package: Unseen) -> None:
    """Each job ends once, in time, and no late owner changes anything."""
    made = {"dsn": dsn, "package": package}
    histories = type("HistoriesHere", (Histories,), made)
    chosen = settings(examples(70), stateful_step_count=50, phases=PHASES)
    run_state_machine_as_test(histories, settings=chosen)
