"""When a worker looks for rows that it may hold unknown, and when it no longer does."""

from jobgen.runtime.doubt import CERTAIN_AFTER, Doubt


def test_one_look_is_enough_where_the_server_has_answered() -> None:
    doubt = Doubt(5)
    assert not doubt
    doubt.answered(100)
    assert doubt
    assert doubt.look_at <= 100
    doubt.looked(101, (), complete=False)
    assert doubt
    doubt.looked(106, (), complete=True)
    assert not doubt


def test_a_lost_session_is_in_doubt_while_it_is_there() -> None:
    doubt = Doubt(5)
    doubt.lost(100, 42)
    doubt.lost(101, 43)
    assert doubt.sessions == {42, 43}
    doubt.looked(102, {42, 43}, complete=True)
    doubt.looked(107, {43}, complete=True)
    assert doubt.sessions == {43}
    doubt.looked(112, (), complete=False)  # gone, but its rows were not all seen
    assert doubt
    doubt.looked(117, (), complete=True)
    assert not doubt


def test_a_session_that_nobody_knows_is_in_doubt_for_a_time() -> None:
    doubt = Doubt(5)
    doubt.lost(100, None)
    assert not doubt.sessions
    now, looks = 100.0, 0
    while doubt:
        doubt.looked(now, (), complete=True)
        now, looks = doubt.look_at, looks + 1
    assert CERTAIN_AFTER < now - 100 < CERTAIN_AFTER + 200
    assert looks < 30  # ever more seldom


def test_a_new_doubt_is_looked_at_soon() -> None:
    doubt = Doubt(5)
    doubt.lost(0, 42)
    for now in range(0, 600, 60):
        doubt.looked(now, {42}, complete=True)
    assert doubt.look_at == 600
    doubt.answered(541)
    assert doubt.look_at == 546
    doubt.lost(542, 43)
    assert doubt.look_at == 542
    doubt.looked(542, {42, 43}, complete=True)
    assert doubt.look_at == 547
