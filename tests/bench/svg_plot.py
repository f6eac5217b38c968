"""Line plots as SVG, for the pages in docs/: points, one or two axes, linear or logarithmic.

Threading: none.
"""

import dataclasses
import html
import math

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 78, 78, 46, 54
COLOURS = ["#1f6fb2", "#c8502b", "#3f8f4f", "#7a56a8"]
TEXT = 'font-family="sans-serif" font-size="12" fill="#333"'


@dataclasses.dataclass
class Series:
    name: str
    points: list  # of (x, y)
    right: bool = False  # belongs to the axis on the right


@dataclasses.dataclass
class Axis:
    name: str
    log: bool = False
    least: float = None  # left out: of the points; linear axes begin at 0
    most: float = None


class _Scale:
    """Numbers of one axis to places on the page."""

    def __init__(self, axis, values, begin, end):
        self._log, self._begin, self._end = axis.log, begin, end
        values = values or [1]
        low = axis.least if axis.least is not None else (min(values) if axis.log else 0)
        high = axis.most if axis.most is not None else max(values)
        self.ticks = _decades(low, high) if axis.log else _round_steps(low, high)
        self._low, self._high = (math.log10(v) if axis.log else v for v in (self.ticks[0], self.ticks[-1]))

    def __call__(self, value):
        value = math.log10(value) if self._log else value
        part = (value - self._low) / ((self._high - self._low) or 1)
        return self._begin + min(max(part, 0), 1) * (self._end - self._begin)


def _decades(low, high):
    return [10.0**e for e in range(math.floor(math.log10(low)), max(math.ceil(math.log10(high)), 1) + 1)]


def _round_steps(low, high):
    rough = (high - low) / 5 or 1
    step = 10 ** math.floor(math.log10(rough))
    step *= next(m for m in (1, 2, 5, 10) if m * step >= rough)
    return [low + step * n for n in range(math.ceil((high - low) / step) + 1)]


def _label(value):
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _text(x, y, words, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {TEXT} {more}>{html.escape(words)}</text>'


def _horizontal(axis, scale):
    yield f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - RIGHT}" y2="{HEIGHT - BOTTOM}" stroke="#333"/>'
    for tick in scale.ticks:
        yield f'<line x1="{scale(tick):.1f}" y1="{TOP}" x2="{scale(tick):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>'
        yield _text(scale(tick), HEIGHT - BOTTOM + 17, _label(tick))
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, axis.name)


def _vertical(axis, scale, right):
    x, anchor, away = (WIDTH - RIGHT, "start", 7) if right else (LEFT, "end", -7)
    for tick in scale.ticks:
        if not right:
            yield f'<line x1="{LEFT}" y1="{scale(tick):.1f}" x2="{WIDTH - RIGHT}" y2="{scale(tick):.1f}" stroke="#eee"/>'
        yield _text(x + away, scale(tick) + 4, _label(tick), anchor)
    yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="#333"/>'
    place = WIDTH - 14 if right else 18
    yield _text(place, (TOP + HEIGHT - BOTTOM) / 2, axis.name, more=f'transform="rotate(-90 {place} {(TOP + HEIGHT - BOTTOM) / 2:.0f})"')


def _drawn(series, colour, x, y):
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in series.points)
    marks = [] if len(series.points) > 40 else [
        f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in series.points
    ]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *marks]


def draw(file, title, axes, series):
    """`axes`: of x, of y on the left and, if a series is on the right, of y there."""
    x = _Scale(axes[0], [a for s in series for a, _ in s.points], LEFT, WIDTH - RIGHT)
    ys = [
        _Scale(axis, [b for s in series if s.right == (side == 1) for _, b in s.points], HEIGHT - BOTTOM, TOP)
        for side, axis in enumerate(axes[1:])
    ]
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', _text(WIDTH / 2, 20, title, more='font-weight="bold"')]
    parts += _horizontal(axes[0], x)
    for side, axis in enumerate(axes[1:]):
        parts += _vertical(axis, ys[side], right=side == 1)
    legend = LEFT
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        parts += _drawn(one, colour, x, ys[int(one.right)])
        parts.append(f'<rect x="{legend}" y="29" width="14" height="8" fill="{colour}"/>')
        parts.append(_text(legend + 19, 37, one.name, "start"))
        legend += 34 + 6.6 * len(one.name)
    body = "\n".join(parts)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>\n', encoding="utf-8")
