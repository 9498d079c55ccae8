"""A comparison in words and tables, as text or Markdown."""

import numpy as np

from benchmark_utils.results.compare import TIMED, Comparison, nearest
from benchmark_utils.results.markup import counted
from benchmark_utils.results.names import is_selected


def in_words(found: Comparison) -> str:
    """On how many crowds it is better than MV, DS and the nearest rivals, and who of all is ahead over all of them."""
    parts, apart = [], []
    timed = [rival for rival in found.overall.index if any(is_selected(rival, one) for one in TIMED)]
    for rival, row in found.overall.loc[[*timed, *nearest(found)]].iterrows():
        better, worse, crowds = (f"{row[column]:.0f}" for column in ("better", "worse", "crowds"))
        if row["better"]:
            also = f", worse on {worse}" if row["worse"] else ""
            parts.append(f"better than {found.names[rival]} on {better} of {crowds} crowds{also}")
        elif row["worse"]:
            parts.append(f"worse than {found.names[rival]} on {worse} of {crowds} crowds")
        else:
            apart.append(found.names[rival])
    if apart:
        parts.append(f"not separated from {', '.join(apart)}")
    ahead = {1: "ahead of", -1: "behind", 0: "not separated from"}
    over_all = [(said, found.overall.index[found.overall["sign"] == sign]) for sign, said in ahead.items()]
    over_all = [
        f"{said} {', '.join(found.names[rival] for rival in rivals)}" for said, rivals in over_all if len(rivals)
    ]
    return f"{found.names[found.entrant]} is {'; '.join(parts)}. Over all crowds it is {'; '.join(over_all)}."


def report(found: Comparison, markdown=False, skips=None) -> str:
    """All of it, as text or Markdown; `skips`, {(solver, dataset): reason}, as `read_skips` returns it."""
    name, table = found.names[found.entrant], found.board.table
    place = table.loc[found.entrant]
    heads = ["## ", "### "] if markdown else ["", ""]
    families = f" in {found.board.n_families} families" if found.board.n_families != found.board.n_crowds else ""
    lines = [
        f"{heads[0]}{name}, on {counted(found.board.n_crowds, 'crowd')}{families}",
        "",
        in_words(found),
        f"Place {place['first']:.0f} to {place['last']:.0f} of {len(table)}, with a mean accuracy of "
        f"{place['mean']:.3f} ({place['low']:.3f} to {place['high']:.3f}).",
        "",
        f"{heads[1]}Over crowds: its mean less the rival's, each family of crowds once",
        "",
        *_table(
            ["rival", "difference", "95 % interval", "probability of being better", "better on", "worse on", "crowds"],
            [
                [
                    found.names[rival],
                    *_difference(row),
                    f"{row['better']:.0f}",
                    f"{row['worse']:.0f}",
                    f"{row['crowds']:.0f}",
                ]
                for rival, row in found.overall.iterrows()
            ],
            markdown,
        ),
        "",
        f"{heads[1]}Times of this run, in times of MV's and DS's on the same crowd",
        "",
        *_table(
            ["crowd", "accuracy", "place", *(f"time over {timed}'s" for timed in TIMED)],
            [
                [found.names[crowd], *_place(found, crowd), *(_ratio(found.times, crowd, timed) for timed in TIMED)]
                for crowd in found.by_crowd
            ],
            markdown,
        ),
    ]
    for crowd, rows in found.by_crowd.items():
        signs = {1: "better", -1: "worse", 0: ""}
        lines += ["", f"{heads[1]}{found.names[crowd]}: its accuracy less the rival's", ""]
        cells = [[found.names[rival], *_difference(row), signs[int(row["sign"])]] for rival, row in rows.iterrows()]
        lines += _table(["rival", "difference", "95 % interval", "probability of being better", ""], cells, markdown)
    for crowd in found.skipped:
        reason = (skips or {}).get((found.entrant, crowd), "the reason was not kept")
        lines += ["", f"{name} has no result on {found.names[crowd]}: {reason}."]
    lines += [f"Refused: {reason}." for reason in found.refused]
    return "\n".join(lines)


def _difference(row):
    return [f"{row['difference']:+.3f}", f"{row['low']:+.3f} to {row['high']:+.3f}", f"{row['probability']:.2f}"]


def _place(found, crowd):
    row = found.board.by_crowd[crowd].loc[found.entrant]
    return [f"{row['accuracy']:.3f}", f"{row['first']:.0f} to {row['last']:.0f}"]


def _ratio(times, crowd, timed):
    ratio = times[timed].get(crowd, np.nan) if timed in times else np.nan
    return f"{ratio:.2g}" if np.isfinite(ratio) else ""


def _table(titles, rows, markdown):
    """Lines of a table; a name that would break Markdown's columns is escaped."""
    if markdown:
        rows = [[cell.replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in rows]
        return [f"| {' | '.join(row)} |" for row in [titles, ["---"] + ["---:"] * (len(titles) - 1), *rows]]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in [titles, *rows]
    ]
