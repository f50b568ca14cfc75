"""Above which row a worker fetches, and for how long: `Mark`, without a database."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobgen.runtime.mark import Mark


def test_without_a_full_batch_it_begins_at_the_beginning() -> None:
    assert Mark().key(0) is None


def test_it_is_the_last_row_of_the_last_full_batch() -> None:
    mark = Mark()
    mark.full(0, (1,), 0.001)
    mark.full(0.1, (2,), 0.001)
    assert mark.key(0.1) == (2,)


def test_it_may_be_forgotten() -> None:
    mark = Mark()
    mark.full(0, (1,), 0.001)
    mark.forget()
    assert mark.key(0) is None


@pytest.mark.parametrize(
    ("cost", "lifetime"), [(0.0, 0.25), (0.01, 0.25), (0.02, 0.4), (9.0, 1.0)]
)
def test_it_lives_for_longer_where_the_beginning_costs_more(
    cost: float, lifetime: float
) -> None:
    mark = Mark()
    mark.full(0, (1,), cost)
    assert mark.key(lifetime - 0.01) == (1,)
    assert mark.key(lifetime) is None


@given(st.lists(st.floats(0, 0.1), max_size=50))
@example(gaps=[0.3] * 10)
def test_full_batches_do_not_prolong_it(gaps: list[float]) -> None:
    """However busy the queue is, what came in behind it is found within a second."""
    mark, now, from_the_beginning = Mark(), 0.0, 0.0
    for gap in gaps:
        now += gap
        if mark.key(now) is None:
            from_the_beginning = now
        assert now - from_the_beginning <= 1.0
        mark.full(now, (now,), 10.0)
