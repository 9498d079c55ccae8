"""The page of a crowd without a run: what its votes are like, the labels, and what speaks for them; one HTML file.

It opens without a network, on a phone, in light and dark, and without JavaScript.
"""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

STYLE = """
:root { color-scheme: light dark; --text: #1c2733; --soft: #55626f; --line: #d5dce4; --back: #fff; --mark: #0b62a8 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e9ee; --soft: #a5b1bd; --line: #3a4652; --back: #14191f; --mark: #6fb6f2 } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem;
  color: var(--text); background: var(--back) }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.2rem; margin-top: 2.2rem }
p { max-width: 44rem } .note { color: var(--soft) }
.said { border-left: 4px solid var(--mark); padding: .1rem 1rem; margin: 1rem 0 }
.wide { overflow-x: auto; margin: 1rem 0 } .wide:focus-visible { outline: 2px solid var(--mark) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, .word { text-align: left } caption { min-width: 15rem }
caption { max-width: calc(100vw - 2rem) } .heat td { padding: .25rem .45rem }
svg { max-width: 100%; height: auto; display: block } svg text { fill: var(--text); font: 14px system-ui, sans-serif }
svg line { stroke: var(--line) } svg .bar { stroke: var(--mark); stroke-width: 3 } svg circle { fill: var(--mark) }
"""


def build_page(title: str, said: list[str], sections: list[tuple[str, str]]) -> str:
    """The page: a title, what is said first, a paragraph each, and sections of (heading, HTML)."""
    first = "".join(f"<p>{escape(sentence)}</p>" for sentence in said if sentence)
    body = "".join(f"<section><h2>{escape(heading)}</h2>{content}</section>" for heading, content in sections)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}</style></head>
<body><main><h1>{escape(title)}</h1><div class="said">{first}</div>{body}</main></body></html>
"""


def paragraph(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def bullets(sentences) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def table(frame: pd.DataFrame, caption: str) -> str:
    """A table whose first column names the rows; it scrolls sideways where a screen is narrow."""
    words = [any(isinstance(value, str) for value in frame.iloc[:, i]) for i in range(frame.shape[1])]
    header = "".join(
        f'<th scope="col"{" class=word" * word}>{escape(str(name))}</th>'
        for name, word in zip(frame.columns, words, strict=True)
    )
    rows = "".join(_row(row, words) for row in frame.itertuples(index=False))
    return _wide(
        f"<table><caption>{escape(caption)}</caption><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>",
        caption,
    )


def _row(values, words):
    first, *rest = map(_text, values)
    cells = "".join(f"<td{' class=word' * word}>{text}</td>" for text, word in zip(rest, words[1:], strict=True))
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'


def _text(value):
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, (float, np.floating)) else escape(str(value))


def heat_table(names, share, caption: str) -> str:
    """A square table of shares (n, n), the darker the lower; NaN is left blank."""
    names = [escape(str(name)) for name in names]
    header = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(_shade(value) if i != j else "<td></td>" for j, value in enumerate(values))
        + "</tr>"
        for i, (name, values) in enumerate(zip(names, share, strict=True))
    )
    return _wide(
        f'<table class="heat"><caption>{escape(caption)}</caption>'
        f"<thead><tr><td></td>{header}</tr></thead><tbody>{rows}</tbody></table>",
        caption,
    )


def _shade(value):
    if np.isnan(value):
        return "<td></td>"
    return f'<td style="background:rgba(213,94,0,{0.6 * (1 - value):.2f})">{value:.2f}</td>'


def interval_plot(names, centre, low, high, label: str) -> str:
    """A point and an interval per name, as a picture; the numbers stand in a table beside it."""
    left, width, height = 9.0 * max(map(len, names)) + 14, 440.0, 28.0
    span = max(max(high) - min(low), 1e-9)
    start, end = min(low) - 0.05 * span, max(high) + 0.05 * span

    def x(value):
        return left + (width - left - 10) * (value - start) / (end - start)

    bottom = height * len(names) + 8
    marks = [
        f'<text x="0" y="{y + 5:.0f}">{escape(name)}</text>'
        f'<line class="bar" x1="{x(lo):.1f}" x2="{x(hi):.1f}" y1="{y:.0f}" y2="{y:.0f}"/>'
        f'<circle cx="{x(c):.1f}" cy="{y:.0f}" r="6"/>'
        for name, c, lo, hi, y in zip(
            names, centre, low, high, (height * (i + 0.5) for i in range(len(names))), strict=True
        )
    ]
    ticks = [
        f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="0" y2="{bottom:.0f}"/>'
        f'<text x="{x(value):.1f}" y="{bottom + 16:.0f}" text-anchor="middle">{value:.3f}</text>'
        for value in np.linspace(start, end, 5)[1:-1]
    ]
    return (
        f'<svg viewBox="0 0 {width:.0f} {bottom + 24:.0f}" width="{width:.0f}" role="img" aria-label="{escape(label)}">'
        f"{''.join(ticks)}{''.join(marks)}</svg>"
    )


def _wide(content, label):
    return f'<div class="wide" role="region" tabindex="0" aria-label="{escape(label)}">{content}</div>'
