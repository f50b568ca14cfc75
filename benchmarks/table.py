"""Results as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from benchmarks.goals import GOALS, Goal
from benchmarks.results import Results
from benchmarks.rounds import Measured, Row

_CAVEATS: Final = """\
## What to keep in mind

In jobgen's favour:

- Handlers that do nothing show what a queue costs. With handlers that take
  milliseconds, all of them wait for the handlers.
- jobgen knows the columns beforehand, and binds them; the peers store JSON or bytes.
- The drain of jobgen has `concurrency: 1000`, as the peers are set up; its default of
  16 is a row of its own.
- jobgen takes up to 1,000 rows at a time, and the raw loop 500.
- Not every queue drains the same number of jobs: a slow one would take hours.
- `enqueue_copy` is one transaction for all; the peers have nothing like it, but awa-pg.

Against it:

- The server, the worker and the producer share the cores: a worker that needs little
  of them leaves more to the server on a machine of its own.
- pgqueuer and awa-pg get payloads as bytes and take them apart in no handler; the
  handlers of jobgen get every column as a Python value.
- jobgen keeps finished rows, as oban and procrastinate do; pgqueuer moves them to a
  log in the same statement.
- The raw loop rescues nothing, and runs no handler but for wake-ups, one at a time.

A run in which a queue did not finish every job is void, and says so.
"""


def to_json(results: Results) -> str:
    """Every sample, and all that the table says."""
    return json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n"


def to_markdown(results: Results) -> str:
    """For readers: settings, goals, a table for each measure, caveats."""
    parts = [
        "# What the benchmarks measured\n",
        _heading(results),
        "## Against the goals\n",
        _table(
            ("", "measured", "goal", ""),
            (_goal(goal, results) for goal in GOALS),
        ),
        *(measured_markdown(each) for each in results.measured),
        _CAVEATS,
        "## Settings\n",
        _settings("PostgreSQL", results.server),
        *(_settings(label, found) for label, found in results.settings.items()),
    ]
    return "\n".join(parts)


def _heading(results: Results) -> str:
    versions = ", ".join(f"{name} {text}" for name, text in results.versions.items())
    lines = [
        f"`make bench{'-quick' if results.form == 'quick' else ''}`,"
        f" {results.date}, in {results.minutes} minutes; {results.rounds} rounds that"
        " alternate; medians, and ranges in brackets.",
        f"{results.machine}.",
        f"PostgreSQL {results.postgres} (fsync on), Python {results.python}: {versions}.",
        *(f"Not measured: {text}." for text in results.left_out),
    ]
    return "  \n".join(lines) + "\n"


def _goal(goal: Goal, results: Results) -> Sequence[str]:
    value = goal.value(results)
    sign = "≥" if goal.at_least else "≤"
    bound = f"{sign} {goal.bound:g}"
    if value is None:
        return (goal.text, "not measured", bound, "")
    return (
        goal.text,
        f"{value:.2f}",
        bound,
        "reached" if goal.reached(value) else "missed",
    )


def measured_markdown(measured: Measured) -> str:
    """One measure: what it means, a row for each case, and what was void."""
    rows = (
        (row.label, *(_cell(row, figure) for figure in measured.figures))
        for row in measured.rows
    )
    return "\n".join(
        (
            f"## {measured.title}\n",
            measured.how + "\n",
            _table(("", *measured.figures), rows),
            *(
                f"Void, {row.label}: {text}\n"
                for row in measured.rows
                for text in row.voids
            ),
        )
    )


def _cell(row: Row, figure: str) -> str:
    values = row.values(figure)
    median = row.median(figure)
    if median is None:
        return "void"
    if len(values) == 1:
        return number(median)
    return f"{number(median)} ({number(min(values))} – {number(max(values))})"


def number(value: float) -> str:
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _settings(label: str, found: Mapping[str, str]) -> str:
    texts = "; ".join(f"{name} {text}" for name, text in found.items())
    return f"- {label}: {texts}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines.extend("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join(lines) + "\n"
