"""The picture for README: bars of jobs a second, as SVG, for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from benchmarks.measures.enqueue import RAW_COPY
from benchmarks.results import Results
from benchmarks.rounds import Measured
from benchmarks.subject import RAW
from benchmarks.table import number

_WIDTH: Final = 760
_LEFT: Final = 190
"""Where the bars begin; the names stand before."""
_RIGHT: Final = 110
"""What is kept free for the numbers."""
_BAR: Final = 16
_STEP: Final = 24
_TITLE: Final = 40
_FOOT: Final = 34

# GitHub shows an image on the page's own background, whichever that is.
_STYLE: Final = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.note { font-size: 11px; fill: #59636e }
.ours { fill: #1a7f37 } .raw { fill: #818b98 } .peer { fill: #54aeff }
.name { text-anchor: end }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .note { fill: #9198a1 }
  .ours { fill: #3fb950 } .raw { fill: #656c76 } .peer { fill: #1f6feb }
}"""


@dataclass(frozen=True, slots=True)
class Bar:
    """kind: `ours`, `raw` or `peer`, which has a colour."""

    label: str
    value: float
    kind: str


def to_svg(results: Results) -> str:
    """Drain and bulk enqueue, the fastest first."""
    parts: list[str] = []
    top = 6
    for name, title in (
        ("drain", "Drain: jobs per second"),
        ("bulk", "Bulk enqueue: jobs per second"),
    ):
        measured = results.of(name)
        if measured is not None:
            bars = _bars(measured, results.versions)
            parts.extend(_panel(title, bars, top))
            top += _TITLE + _STEP * len(bars)
    parts.append(_text(8, top + 20, _note(results), "note"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + _FOOT}"'
        ' role="img" aria-label="jobgen beside other job queues, jobs per second">\n'
        f"<style>\n{_STYLE}\n</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _bars(measured: Measured, versions: Mapping[str, str]) -> list[Bar]:
    """One for each row that counts, the longest first; peers with their versions."""
    (figure,) = measured.figures
    bars: list[Bar] = []
    for row in measured.rows:
        median = row.median(figure)
        if median is not None:
            kind = _kind(row.label)
            version = versions.get(row.label, "") if kind == "peer" else ""
            bars.append(Bar(f"{row.label} {version}".strip(), median, kind))
    return sorted(bars, key=lambda bar: bar.value, reverse=True)


def _kind(label: str) -> str:
    if label in (RAW.label, RAW_COPY):
        return "raw"
    return "ours" if label.startswith("jobgen") else "peer"


def _panel(title: str, bars: Sequence[Bar], top: int) -> Iterator[str]:
    yield _text(8, top + 20, title, "title")
    longest = max((bar.value for bar in bars), default=1)
    for at, bar in enumerate(bars):
        y = top + _TITLE - 8 + _STEP * at
        width = max(1.0, (_WIDTH - _LEFT - _RIGHT) * bar.value / longest)
        yield _text(_LEFT - 8, y + 13, bar.label, "name")
        yield (
            f'<rect class="{bar.kind}" x="{_LEFT}" y="{y}" width="{width:.1f}"'
            f' height="{_BAR}" rx="2"/>'
        )
        yield _text(_LEFT + width + 8, y + 13, number(bar.value), "value")


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _note(results: Results) -> str:
    return (
        f"Medians of {results.rounds} rounds on {results.machine.cores} shared cores,"
        f" PostgreSQL {results.postgres}, Python {results.python}, {results.date}."
        " Handlers do nothing."
    )
