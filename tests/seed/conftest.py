"""A queue to test: once by the synchronous functions, once by their twins."""

from collections.abc import Iterator

import pytest

from tests.seed.kit import AioQueue, Queue, SyncQueue


@pytest.fixture(params=["sync", "aio"])
def queue(request: pytest.FixtureRequest, jobs_dsn: str) -> Iterator[Queue]:
    made: Queue = SyncQueue(jobs_dsn) if request.param == "sync" else AioQueue(jobs_dsn)
    yield made
    made.close()


@pytest.fixture
def other(queue: Queue, jobs_dsn: str) -> Iterator[Queue]:
    """A second session of the same kind."""
    made = type(queue)
    yield (second := SyncQueue(jobs_dsn) if made is SyncQueue else AioQueue(jobs_dsn))
    second.close()
