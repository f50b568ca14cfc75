"""The demo's progress, on a terminal and in a log."""

import io
import time

import pytest

from examples.demo.display import Progress, display
from examples.demo.tables import State

DONE = State(waiting=0, running=0, retrying=0, failed=2, timed_out=1)
PROGRESS = Progress(states={"send_mail": DONE}, enqueued={"send_mail": 1234})


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_is_drawn_in_place() -> None:
    """The second picture takes the place of the first; what is said stays above."""
    stream = Terminal()
    shown = display(stream)
    shown.show(PROGRESS)
    shown.say("something happened")
    first, _, second = stream.getvalue().partition("\x1b[1F")
    assert "1,234/1,234" in first
    assert second.index("something happened") < second.index("1,234/1,234")


def test_a_row_fits_into_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that wraps could not be drawn in place."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    display(stream).show(PROGRESS)
    assert len(stream.getvalue().removeprefix("\x1b[2K").rstrip("\n")) < 80


@pytest.mark.parametrize(("variable", "colours"), [(None, True), ("1", False)])
def test_no_color_is_obeyed(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, colours: bool
) -> None:
    """Colours are for terminals whose users did not say no."""
    if variable is not None:
        monkeypatch.setenv("NO_COLOR", variable)
    stream = Terminal()
    display(stream).show(PROGRESS)
    assert colours == ("\x1b[32m" in stream.getvalue())


def test_a_log_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """One a second at most, without a single escape."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    stream = io.StringIO()
    shown = display(stream)
    shown.show(PROGRESS)
    assert stream.getvalue() == ""
    now += 1.5
    shown.show(PROGRESS)
    shown.show(PROGRESS)
    [line] = stream.getvalue().splitlines()
    assert line == "  1.5s  1,234 of 1,234 done · 0 running · 0 to be tried again"
