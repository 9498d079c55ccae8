"""Pictures of a result as SVG inside the page: no library, no network, readable in light and dark.

Every picture is drawn 400 units wide, for a phone, and grows with the window. Colours are Okabe and Ito's, which the
colour-blind tell apart, and each goes with a marker of its own. What is not drawn in a colour is grey.
"""

import html
import math

WIDTH = 400
# Okabe and Ito, "Color universal design" (2008), without their yellow, which white swallows; black is the text's colour
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "currentColor")
MARKERS = ("circle", "square", "up", "diamond", "down", "plus", "cross")
_SHAPES = {
    "square": "M-3-3h6v6h-6z",
    "up": "M0-4l4 7h-8z",
    "down": "M0 4l4-7h-8z",
    "diamond": "M0-4.5l4 4.5l-4 4.5l-4-4.5z",
    "plus": "M-1-4h2v3h3v2h-3v3h-2v-3h-3v-2h3z",
    "cross": "M-4-3l1-1l3 3l3-3l1 1l-3 3l3 3l-1 1l-3-3l-3 3l-1-1l3-3z",
}


def intervals(rows, label) -> str:
    """A row per strategy: its value as a point, its interval as a line.

    Parameters
    ----------
    rows : list of (name, value, low, high, in the best group), best first
        `low` and `high` may be NaN.
    label : str
        What a screen reader says of the picture.
    """
    values = [x for row in rows for x in row[1:4] if math.isfinite(x)]
    low, high, left, right = min(values), max(values), 140, WIDTH - 46
    margin = (high - low) * 0.03 or 0.01
    scale = _linear(low - margin, high + margin, left, right)
    height = 16 * len(rows) + 26
    ticks = _nice_ticks(low, high, 4)
    parts = [_vertical(scale(t), 4, height - 20, f"{t:g}") for t in ticks]
    for i, (name, value, lower, upper, best) in enumerate(rows):
        y = 14 + 16 * i
        kind = "best" if best else "rest"
        spoken = f"{name}: {value:.3f}" + (f", {lower:.3f} to {upper:.3f}" if math.isfinite(lower) else "")
        line = ""
        if math.isfinite(lower):
            line = f'<path d="M{scale(lower):.1f} {y}H{scale(upper):.1f}" class="range"/>'
        parts.append(
            f'<g class="{kind}"><title>{html.escape(spoken)}</title>'
            f'<text x="{left - 8}" y="{y + 3.5}" text-anchor="end">{html.escape(_cut(name, 24))}</text>{line}'
            f'<circle cx="{scale(value):.1f}" cy="{y}" r="3.2"/>'
            f'<text x="{WIDTH - 2}" y="{y + 3.5}" text-anchor="end">{value:.3f}</text></g>'
        )
    return _svg(height, label, parts)


def scatter(points, front, label, x_title, y_title) -> str:
    """Points on a logarithmic x axis; those of the front in colour, joined and named, the others grey.

    Parameters
    ----------
    points : dict of str to (x, y)
    front : list of str
        From left to right.
    """
    frame = _Frame([x for x, _ in points.values()], [y for _, y in points.values()], x_title, y_title)
    parts = frame.axes()
    corners = [(frame.x(points[name][0]), frame.y(points[name][1])) for name in front]
    steps = "".join(f"H{x:.1f}V{y:.1f}" for x, y in corners[1:])
    if corners:
        parts.append(f'<path d="M{corners[0][0]:.1f} {corners[0][1]:.1f}{steps}" class="front"/>')
    for name, (x, y) in points.items():
        if name not in front:
            parts.append(_mark("circle", frame.x(x), frame.y(y), "var(--grey)", f"{name}: {y:.3f}, {x:.2g}"))
    ends = {name: (frame.x(points[name][0]), frame.y(points[name][1])) for name in front}
    for i, name in enumerate(front):
        x, y = points[name]
        parts.append(_mark(MARKERS[i % 7], *ends[name], COLOURS[i % 7], f"{name}: {y:.3f}, {x:.2g}"))
    parts += frame.labels(ends, front)
    return _svg(frame.height, label, parts)


def curves(lines, shown, label, x_title, y_title) -> str:
    """Curves on a logarithmic x axis; those `shown` in colour with their names at their ends, the others grey.

    Parameters
    ----------
    lines : dict of str to list of (x, y)
    shown : list of str
    """
    every = [point for line in lines.values() for point in line]
    frame = _Frame([x for x, _ in every], [y for _, y in every], x_title, y_title)
    parts = frame.axes()
    for name, line in sorted(lines.items(), key=lambda item: item[0] in shown):
        i = shown.index(name) if name in shown else None
        colour = "var(--grey)" if i is None else COLOURS[i % 7]
        places = [(frame.x(x), frame.y(y)) for x, y in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        title = f"{name}: {line[-1][1]:.3f} after {line[-1][0]:.2g} s"
        parts.append(f'<path d="M{path}" class="curve" stroke="{colour}"><title>{html.escape(title)}</title></path>')
        marks = places if i is not None else places[-1:]
        parts += [_mark("circle" if i is None else MARKERS[i % 7], x, y, colour, title) for x, y in marks]
    ends = {name: (frame.x(lines[name][-1][0]), frame.y(lines[name][-1][1])) for name in shown}
    parts += frame.labels(ends, shown)
    return _svg(frame.height, label, parts)


class _Frame:
    """The axes of a picture: x logarithmic, y linear, room for names on the right."""

    left, right, top, bottom, height = 40, WIDTH - 112, 10, 216, 250

    def __init__(self, xs, ys, x_title, y_title):
        xs = [x for x in xs if x > 0] or [1.0]
        low, high = math.log10(min(xs)), math.log10(max(xs))
        space = (high - low) * 0.04 or 0.5
        self.decades = low - space, high + space
        self.range = min(ys), max(ys)
        space = (self.range[1] - self.range[0]) * 0.05 or 0.01
        across = _linear(*self.decades, self.left, self.right)
        self.x = lambda x: across(math.log10(x)) if x > 0 else self.left
        self.y = _linear(self.range[0] - space, self.range[1] + space, self.bottom, self.top)
        self.titles = x_title, y_title

    def axes(self):
        first, last = math.ceil(self.decades[0]), math.floor(self.decades[1])
        every = max(1, (last - first) // 5)
        powers = range(first, last + 1, every)
        parts = [_vertical(self.x(10.0**p), self.top, self.bottom, _power(p)) for p in powers]
        if not parts:
            middle = 10 ** (sum(self.decades) / 2)
            parts = [_vertical(self.x(middle), self.top, self.bottom, f"{middle:.2g}")]
        for tick in _nice_ticks(*self.range, 5):
            y = self.y(tick)
            parts.append(f'<path d="M{self.left} {y:.1f}H{self.right}" class="grid"/>')
            parts.append(f'<text x="{self.left - 4}" y="{y + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
        x_title, y_title = (html.escape(title) for title in self.titles)
        middle = (self.left + self.right) / 2
        parts.append(f'<text x="{middle}" y="{self.height - 4}" text-anchor="middle">{x_title}</text>')
        parts.append(
            f'<text transform="translate(9 {self.bottom / 2})rotate(-90)" text-anchor="middle">{y_title}</text>'
        )
        return parts

    def labels(self, ends, names):
        """Names on the right, in the order of their ends, none over another, each with its marker and a line.

        The colour and the marker are those of the place in `names`.
        """
        order = sorted(names, key=lambda name: ends[name][1])
        heights = spread([ends[name][1] for name in order], 12, self.top, self.bottom)
        parts = []
        for name, y in zip(order, heights, strict=True):
            i = names.index(name) % 7
            x, end = ends[name]
            line = f"M{x + 5:.1f} {end:.1f}L{self.right + 4} {y:.1f}"
            parts.append(f'<path d="{line}" class="lead" stroke="{COLOURS[i]}"/>')
            parts.append(_mark(MARKERS[i], self.right + 9, y, COLOURS[i], name))
            text = html.escape(_cut(name, 18))
            parts.append(f'<text x="{self.right + 15}" y="{y + 3.5:.1f}" class="name">{text}</text>')
        return parts


def spread(wanted, gap, low, high):
    """Heights in the order of `wanted`, sorted, that are `gap` apart and inside [low, high] where they fit."""
    placed = []
    for y in wanted:
        placed.append(max(y, low, placed[-1] + gap if placed else low))
    limit = high
    for i in reversed(range(len(placed))):
        placed[i] = max(min(placed[i], limit), low) if len(placed) * gap <= high - low + gap else placed[i]
        limit = placed[i] - gap
    return placed


def _svg(height, label, parts):
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(label)}">'
        f"<title>{html.escape(label)}</title>{''.join(parts)}</svg>"
    )


def _mark(shape, x, y, colour, title):
    title = f"<title>{html.escape(title)}</title>"
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">{title}</circle>'
    place = f"translate({x:.1f} {y:.1f})"
    return f'<path d="{_SHAPES[shape]}" transform="{place}" fill="{colour}">{title}</path>'


def _vertical(x, top, bottom, text):
    line = f'<path d="M{x:.1f} {top}V{bottom}" class="grid"/>'
    return f'{line}<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle">{text}</text>'


def _linear(low, high, start, end):
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _nice_ticks(low, high, most):
    """At most `most` + 1 round numbers inside [low, high]."""
    if high <= low:
        return [round(low, 3)]
    rough = (high - low) / most
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _power(p):
    return f"{10.0**p:g}" if -3 <= p <= 3 else f'10<tspan dy="-4" font-size="7">{p}</tspan>'


def _cut(text, most):
    return text if len(text) <= most else text[: most - 1] + "…"
