"""Tables and escaped text of a page. Whatever comes from a result goes through here, since it may be anybody's."""

import html
import math
from dataclasses import dataclass


def text(value) -> str:
    """Any value as text that HTML shows and does not read."""
    return html.escape(str(value))


def counted(n, one, many=None) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names, most=8) -> str:
    """`A, B and C`, escaped; beyond `most` the number of the others."""
    names = [text(name) for name in names]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


@dataclass(frozen=True)
class Cell:
    """What a table shows, and the number it is sorted by; None sorts last."""

    shown: str
    value: float | None = None


def number(value, form=".3f") -> Cell:
    """A number to show, blank where there is none."""
    return Cell("") if value is None or not math.isfinite(value) else Cell(format(value, form), float(value))


def seconds(value) -> Cell:
    """A time with two digits."""
    if value is None or not math.isfinite(value):
        return Cell("")
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return Cell(f"{round(value, digits):.{max(digits, 0)}f}" if value >= 1e-4 else f"{value:.1e}", float(value))


def between(low, high, form=".3f") -> Cell:
    """`0.801 to 0.823`, sorted by its lower end."""
    if not math.isfinite(low):
        return Cell("")
    return Cell(f"{low:{form}} to {high:{form}}" if low != high else f"{low:{form}}", float(low))


def table(name, caption, titles, rows, best=()) -> str:
    """A table that sorts and can be taken along.

    Parameters
    ----------
    name : str
        Its id, and the name of its CSV.
    titles : list of str
    rows : list of (str, list of Cell)
        The first column, and the others.
    best : collection of str
        The first columns of the rows to stand out.
    """
    head = "".join(f'<th scope="col"><button type="button">{text(title)}</button></th>' for title in titles)
    body = "".join(
        f'<tr{" class=best" if first in best else ""}><th scope="row">{text(first)}</th>'
        + "".join(_cell(cell, i == 0) for i, cell in enumerate(cells))
        + "</tr>"
        for first, cells in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(caption)}">'
        f'<table class="data" id="{text(name)}">'
        f"<caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell, is_score):
    value = "" if cell.value is None else f' data-value="{cell.value:.6g}"'
    return f"<td{' class=score' if is_score else ''}{value}>{text(cell.shown)}</td>"
