"""Draws a chart as SVG: values in, text out; knows neither jobs nor files."""

import math
from dataclasses import dataclass
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from generated_example import ReportStyle

_STYLE = """
text { font-family: system-ui, 'Helvetica Neue', Arial, sans-serif; fill: #475569 }
.title { font-weight: 600; fill: #0f172a }
.grid { stroke: #e2e8f0 }
.axis { stroke: #94a3b8 }
.bar { fill: #4f46e5 }
.area { fill: #4f46e5; fill-opacity: .12 }
.curve { fill: none; stroke: #4f46e5; stroke-linejoin: round }
.dot { fill: #4f46e5; stroke: #fff }
.target { stroke: #e11d48; stroke-dasharray: 6 4 }
.target-label { fill: #e11d48 }
"""

_ASPECT = 0.5
_TICKS = 5
"""About so many lines across the chart."""
_LABEL_EMS = 4.5
"""The room that a label below the chart takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One value, and what stands below it."""

    label: str
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that a chart shows. `width` is in pixels; the height follows from it."""

    title: str
    subtitle: str
    bars: tuple[Bar, ...]
    target: Decimal | None
    style: ReportStyle
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """The rectangle in which the values stand, and its scales."""

    left: float
    top: float
    width: float
    height: float
    em: float
    slots: int
    ceiling: float

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def slot(self) -> float:
        return self.width / max(self.slots, 1)

    def x(self, index: int) -> float:
        """The middle of a bar."""
        return self.left + (index + 0.5) * self.slot

    def y(self, value: float | Decimal) -> float:
        return self.bottom - self.height * float(value) / self.ceiling


def draw(chart: Chart) -> str:
    """The chart as a document of its own."""
    height = round(chart.width * _ASPECT)
    svg = Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {chart.width} {height}",
        width=str(chart.width),
        height=str(height),
        role="img",
    )
    SubElement(svg, "title").text = chart.title
    SubElement(svg, "desc").text = chart.subtitle
    SubElement(svg, "style").text = _STYLE
    SubElement(svg, "rect", width="100%", height="100%", fill="#fff")
    step = _step(chart)
    plot = _plot(chart, height, step)
    _draw_heading(svg, chart, plot)
    _draw_grid(svg, plot, step)
    if chart.style is ReportStyle.LINE:
        _draw_line(svg, chart, plot)
    else:
        _draw_bars(svg, chart, plot)
    _draw_labels(svg, chart, plot)
    _draw_target(svg, chart, plot)
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def _step(chart: Chart) -> float:
    """The distance of two lines: 1, 2 or 5 times a power of ten."""
    values = [float(bar.value) for bar in chart.bars]
    largest = max([*values, float(chart.target or 0)], default=0.0)
    rough = (largest or 1.0) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)


def _plot(chart: Chart, height: int, step: float) -> _Plot:
    em = chart.width / 60
    values = [float(bar.value) for bar in chart.bars]
    largest = max([*values, float(chart.target or 0), step], default=step)
    ceiling = math.ceil(largest / step - 1e-9) * step
    left = em * (2 + 0.62 * len(_number(ceiling)))
    return _Plot(
        left=left,
        top=em * 5.5,
        width=chart.width - left - 2 * em,
        height=height - em * 8.5,
        em=em,
        slots=len(chart.bars),
        ceiling=ceiling,
    )


def _draw_heading(svg: Element, chart: Chart, plot: _Plot) -> None:
    _text(svg, chart.title, plot.left, plot.em * 2.3, plot.em * 1.5, css="title")
    _text(svg, chart.subtitle, plot.left, plot.em * 4, plot.em)


def _draw_grid(svg: Element, plot: _Plot, step: float) -> None:
    for tick in range(round(plot.ceiling / step) + 1):
        y = plot.y(tick * step)
        _line(svg, plot, y, "grid" if tick else "axis")
        _text(
            svg,
            _number(tick * step),
            plot.left - plot.em * 0.6,
            y + plot.em * 0.33,
            plot.em * 0.9,
            anchor="end",
        )


def _draw_bars(svg: Element, chart: Chart, plot: _Plot) -> None:
    for index, bar in enumerate(chart.bars):
        top = plot.y(bar.value)
        rect = SubElement(
            svg,
            "rect",
            x=_px(plot.x(index) - plot.slot * 0.36),
            y=_px(top),
            width=_px(plot.slot * 0.72),
            height=_px(plot.bottom - top),
            rx=_px(min(plot.slot * 0.1, plot.em * 0.2)),
        )
        _mark(rect, "bar", bar)


def _draw_line(svg: Element, chart: Chart, plot: _Plot) -> None:
    points = [(plot.x(i), plot.y(bar.value)) for i, bar in enumerate(chart.bars)]
    curve = " ".join(f"{_px(x)},{_px(y)}" for x, y in points)
    if points:
        first, last = _px(points[0][0]), _px(points[-1][0])
        floor = _px(plot.bottom)
        area = f"{first},{floor} {curve} {last},{floor}"
        SubElement(svg, "polygon", {"class": "area", "points": area})
    width = _px(plot.em * 0.2)
    SubElement(
        svg, "polyline", {"class": "curve", "points": curve, "stroke-width": width}
    )
    for (x, y), bar in zip(points, chart.bars, strict=True):
        radius = _px(min(plot.em * 0.32, plot.slot * 0.4))
        _mark(SubElement(svg, "circle", cx=_px(x), cy=_px(y), r=radius), "dot", bar)


def _draw_labels(svg: Element, chart: Chart, plot: _Plot) -> None:
    """As many of the labels as fit, the first one among them."""
    every = max(1, math.ceil(plot.em * _LABEL_EMS / plot.slot))
    for index in range(0, len(chart.bars), every):
        _text(
            svg,
            chart.bars[index].label,
            plot.x(index),
            plot.bottom + plot.em * 1.5,
            plot.em * 0.9,
            anchor="middle",
        )


def _draw_target(svg: Element, chart: Chart, plot: _Plot) -> None:
    if chart.target is None:
        return
    y = plot.y(chart.target)
    _line(svg, plot, y, "target")
    _text(
        svg,
        f"target {_number(float(chart.target))}",
        plot.right,
        y - plot.em * 0.4,
        plot.em * 0.9,
        anchor="end",
        css="target-label",
    )


def _mark(shape: Element, css: str, bar: Bar) -> None:
    """Let the reader's pointer show what a shape stands for."""
    shape.set("class", css)
    SubElement(shape, "title").text = f"{bar.label}: {bar.value:,.2f}"


def _line(svg: Element, plot: _Plot, y: float, css: str) -> None:
    ends = {"x1": _px(plot.left), "x2": _px(plot.right), "y1": _px(y), "y2": _px(y)}
    SubElement(svg, "line", {"class": css, **ends})


def _text(
    svg: Element,
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    anchor: str = "start",
    css: str = "label",
) -> None:
    SubElement(
        svg,
        "text",
        {
            "class": css,
            "x": _px(x),
            "y": _px(y),
            "font-size": _px(size),
            "text-anchor": anchor,
        },
    ).text = text


def _px(value: float) -> str:
    return f"{value:.1f}"


def _number(value: float) -> str:
    """Without decimals where there are none."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
