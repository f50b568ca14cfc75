"""How many rows may wait for a slot, of a queue whose handlers are counted."""

from jobgen.runtime.pace import MOST, WINDOW, Pace


def test_nothing_is_fetched_ahead_before_a_handler_has_finished() -> None:
    pace = Pace(0.0)
    assert [pace.ahead(0.0), pace.ahead(WINDOW), pace.ahead(60.0)] == [0, 0, 0]


def test_as_many_rows_wait_as_were_finished_in_a_window() -> None:
    pace = Pace(0.0)
    pace.finished += 100
    assert pace.ahead(WINDOW / 2) == 0, "the window is not over"
    assert pace.ahead(WINDOW) == 100
    assert pace.ahead(1.5 * WINDOW) == 100, "it holds until the next is"


def test_after_a_longer_time_a_windows_share_of_it_counts() -> None:
    pace = Pace(0.0)
    pace.finished += 100
    assert pace.ahead(4 * WINDOW) == 25


def test_what_finished_before_the_last_window_counts_no_more() -> None:
    pace = Pace(0.0)
    pace.finished += 100
    pace.ahead(WINDOW)
    pace.finished += 8
    assert pace.ahead(2 * WINDOW) == 8
    assert pace.ahead(3 * WINDOW) == 0


def test_there_is_a_limit_to_the_rows_that_wait() -> None:
    pace = Pace(0.0)
    pace.finished += 50 * MOST
    assert pace.ahead(WINDOW) == MOST
