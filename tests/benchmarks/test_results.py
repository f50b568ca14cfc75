"""What a run leaves behind: a table, JSON, a picture."""

import json
from xml.etree import ElementTree

import pytest

from benchmarks.goals import GOALS
from benchmarks.picture import to_svg
from benchmarks.table import number, to_json, to_markdown
from jobgen.runtime.table import BATCH
from tests.benchmarks.runs import drain, results

_SVG = "{http://www.w3.org/2000/svg}"


def test_the_table_has_the_median_and_the_range() -> None:
    text = to_markdown(results(drain(jobgen=(40_000.0, 60_000.0, 50_000.0))))
    assert "| jobgen | 50,000 (40,000 – 60,000) |" in text


def test_the_table_says_what_is_void_and_why() -> None:
    text = to_markdown(results(drain(jobgen=(1.0,), pgqueuer=(None,))))
    assert "| pgqueuer | void |" in text
    assert "Void, pgqueuer: 2 of 9 jobs were not finished" in text


def test_the_table_says_who_was_left_out_and_with_which_settings() -> None:
    text = to_markdown(results())
    assert "Not measured: oban needs Python 3.12." in text
    assert "- PostgreSQL: fsync on" in text
    assert "- jobgen: worker defaults" in text


def test_the_table_says_how_many_rows_are_taken_at_a_time() -> None:
    """Larger batches are in jobgen's favour."""
    text = to_markdown(results())
    favour, _ = text.split("Against it:")
    assert f"takes up to {BATCH:,} rows at a time, and the raw loop 500" in favour


@pytest.mark.parametrize(
    ("ours", "verdict"), [(40.0, "reached"), (39.0, "missed"), (None, "")]
)
def test_a_goal_is_reached_or_missed_or_not_measured(
    ours: float | None, verdict: str
) -> None:
    text = to_markdown(results(drain(jobgen=(ours,), pgqueuer=(10.0,))))
    (line,) = (each for each in text.splitlines() if "| drain ÷ pgqueuer |" in each)
    assert line.split("|")[4].strip() == verdict


def test_a_goal_of_at_most_is_missed_above() -> None:
    (goal,) = (each for each in GOALS if each.text == "wake-up, p50 ms")
    assert goal.reached(2.0)
    assert not goal.reached(2.1)


def test_json_has_every_sample() -> None:
    found = json.loads(to_json(results(drain(jobgen=(1.0, None)))))
    (row,) = found["measured"][0]["rows"]
    assert row["samples"] == [{"jobs/s": 1.0}, None]


def test_the_picture_is_xml_with_a_bar_for_each_row_that_counts() -> None:
    speeds = drain(jobgen=(50_000.0,), pgqueuer=(10_000.0,), oban=(None,))
    root = ElementTree.fromstring(to_svg(results(speeds)))
    bars = root.findall(f"{_SVG}rect")
    assert [bar.get("class") for bar in bars] == ["ours", "peer"]
    longest, other = (float(bar.get("width", "0")) for bar in bars)
    assert longest == pytest.approx(5 * other, rel=0.01)


def test_the_picture_names_the_versions_of_the_peers() -> None:
    root = ElementTree.fromstring(to_svg(results(drain(pgqueuer=(1.0,)))))
    texts = [text.text for text in root.findall(f"{_SVG}text")]
    assert "pgqueuer 1.6.0" in texts


def test_the_picture_names_what_a_number_was_measured_with() -> None:
    root = ElementTree.fromstring(to_svg(results(drain(jobgen=(1.0,)))))
    texts = [text.text or "" for text in root.findall(f"{_SVG}text")]
    assert "PostgreSQL 18.6, Python 3.13.0, 2031-05-06" in texts[-1]


@pytest.mark.parametrize(
    ("value", "text"), [(12_345.6, "12,346"), (12.34, "12.3"), (1.234, "1.23")]
)
def test_numbers_have_three_digits_that_mean_something(value: float, text: str) -> None:
    assert number(value) == text
