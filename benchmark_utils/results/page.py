"""A result parquet in, one self-contained page out: the answer, the leaderboard, then crowd by crowd.

    python -m benchmark_utils page [RESULT.parquet [PAGE.html]]

Without arguments it takes the newest parquet of `outputs/` and writes the page beside it. The page loads nothing: its
pictures are SVG, its tables sort by a script of a page's length. Nothing of a result is run, and its names are escaped.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from benchmark_utils.results import drawing
from benchmark_utils.results.crowd_section import crowd_section
from benchmark_utils.results.markup import Cell, between, counted, listed, number, seconds, table, text
from benchmark_utils.results.names import is_library, is_repeat, is_selected, repeated, short_names
from benchmark_utils.results.outcomes import crowds_of
from benchmark_utils.results.ranking import FALLBACK, board, own, where_all_ran
from benchmark_utils.results.table import ResultError, check_result, final_points, read_result, read_skips
from benchmark_utils.results.times import machines, pareto_front, time_ratios, typical

_HERE = Path(__file__).parent
_NOTHING_IS_LOADED = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def build_page(results: pd.DataFrame, title: str, twins=None, skips=None) -> str:
    """The page as HTML.

    Parameters
    ----------
    results : DataFrame
        As `read_result` returns it.
    title : str
    twins : dict of str to str, optional
        Of a library's strategy, ours: {"crowd-kit[strategy=DawidSkene]": "DS"}.
    skips : dict of (solver, dataset) to str, optional
        Why a strategy has no result on a crowd, as `read_skips` returns it.

    Raises
    ------
    ResultError
        What is no result, or holds two crowds under one name.
    """
    results = check_result(results)
    crowds = crowds_of(results)
    ours = own(crowds)
    overall = board(crowds, ours)
    names = Names(results)
    times = time_ratios(results)
    blocks = [_summary(overall, names), _provenance(results, crowds), _absent(names, skips or {})]
    datasets = results["dataset_name"].unique()
    links = [f'<a href="#d{i}">{text(names.crowd[name])}</a>' for i, name in enumerate(datasets)]
    blocks.append(f'<nav aria-label="Crowds">{" ".join(links)}</nav>')
    if overall is not None:
        blocks += [_leaderboard(overall, names, skips or {}), _second_board(crowds, ours, overall, names)]
        blocks += [_time_and_accuracy(overall, times, names)]
    blocks += [_libraries(results, crowds, twins or {}, names), _repeats(results, crowds, names)]
    by_name = {crowd.name: crowd for crowd in crowds}
    for i, name in enumerate(datasets):
        rows = results[results["dataset_name"] == name]
        blocks.append(crowd_section(f"d{i}", rows, by_name.get(name), names))
    style, script = ((_HERE / file).read_text(encoding="utf-8") for file in ("page.css", "page.js"))
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_NOTHING_IS_LOADED}">
<title>{text(title)}</title><link rel="icon" href="data:,"><style>{style}</style></head>
<body><main><h1>Crowdsourced label aggregation</h1><p class="small">{text(title)}</p>
{"".join(filter(None, blocks))}</main><script>{script}</script></body></html>"""


class Names:
    """Short names of the solvers and of the crowds of a result."""

    def __init__(self, results):
        self.solver = short_names(results["solver_name"].unique())
        self.crowd = short_names(results["dataset_name"].unique())

    def solvers(self, names):
        return [self.solver[name] for name in names]

    def crowds(self, names):
        return [self.crowd[name] for name in names]


def _summary(overall, names):
    if overall is None:
        return (
            '<p class="lead-in">No accuracy can be compared here: no crowd has a truth, or strategies skipped crowds '
            f"and the majority vote, {FALLBACK}, did not run to stand in for them.</p>"
        )
    top = overall.table.index[0]
    first = overall.table.iloc[0]
    tied = [name for name in overall.table.index[1:] if overall.table.loc[name, "best"]]
    sentence = f"<strong>{text(names.solver[top])}</strong> has the highest mean accuracy, {first['mean']:.3f}"
    if first["low"] == first["low"]:
        sentence += f" (95 % interval {first['low']:.3f} to {first['high']:.3f})"
        rest = f"It cannot be told apart from {listed(names.solvers(tied))}." if tied else "It is ahead of all others."
    else:
        rest = "This result did not keep which tasks are right, so how sure that is cannot be said."
    return f'<p class="lead-in">{sentence}, over {_count(overall)}. {rest}</p>'


def _count(overall):
    families = f" in {counted(overall.n_families, 'family', 'families')}"
    return counted(overall.n_crowds, "crowd") + (families if overall.n_families != overall.n_crowds else "")


def _provenance(results, crowds):
    several = machines(results)
    where = "".join(f"<li>{text(one)}</li>" for one in several)
    tasks = sum(crowd.n_known for crowd in crowds)
    seeds = sorted({crowd.n_seeds for crowd in crowds})
    counts = f"{tasks:,} tasks with a truth. " if tasks else ""
    counts += f"{f'{seeds[0]} to ' if len(seeds) > 1 else ''}{counted(seeds[-1], 'seed')}. " if seeds else ""
    warn = "Times of different runs or machines are never compared. " if len(several) > 1 else ""
    return f'<p class="small">{counts}{warn}Measured in:</p><ul class="small">{where}</ul>' if where else ""


def _absent(names, skips):
    """The crowds that were asked for and that no strategy could run on."""
    absent = {crowd: reason for (solver, crowd), reason in skips.items() if not solver and crowd not in names.crowd}
    rows = "".join(f"<li>{text(crowd)}: {text(reason)}</li>" for crowd, reason in absent.items())
    title = f"{counted(len(absent), 'crowd')} could not be read"
    return rows and f"<details><summary>{title}</summary><ul>{rows}</ul></details>"


def _leaderboard(overall, names, skips):
    rows = overall.table
    picture = drawing.intervals(
        [(names.solver[n], r["mean"], r["low"], r["high"], r["best"]) for n, r in rows.iterrows()],
        f"Mean accuracy of {len(rows)} strategies with 95 % intervals, best first",
    )
    note = (
        f"Mean accuracy over {_count(overall)}, each family once. Lines are 95 % intervals from a paired bootstrap "
        "over tasks, the crowds taken as they are. In colour: what cannot be told apart from the best (McNemar's test, "
        "Holm's correction)."
    )
    imputed = [
        f"<li>{text(names.solver[name])}: {_where_and_why(name, missing, names, skips)}</li>"
        for name, missing in overall.skipped.items()
    ]
    if imputed:
        note += f" A strategy that has no result on a crowd has {FALLBACK}'s score there, which the table counts."
    left_out = f"<p>Left out, since {FALLBACK} has no result there: {listed(names.crowds(overall.left_out), 99)}.</p>"
    skips = "<details><summary>Who has no result where</summary><ul>" + "".join(imputed) + "</ul></details>"
    return (
        f'<h2 id="leaderboard">Leaderboard</h2><figure>{picture}<figcaption>{note}</figcaption></figure>'
        + _board_table("leaderboard-table", f"Over {_count(overall)}", overall, names)
        + (skips if imputed else "")
        + (left_out if overall.left_out else "")
        + _chances(overall, names)
        + _critical(overall, names)
    )


def _where_and_why(solver, crowds, names, skips):
    """The crowds that a strategy has no result on, together where the reason is one."""
    reasons = {}
    for crowd in crowds:
        reasons.setdefault(skips.get((solver, crowd), ""), []).append(names.crowd[crowd])
    return "; ".join(
        listed(some, 99) + (f" ({text(reason)})" if reason else " (the reason was not kept)")
        for reason, some in reasons.items()
    )


def _board_table(name, caption, overall, names):
    titles = ["strategy", "mean accuracy", "95 % interval", "place", "mean rank", "its interval", "imputed"]
    rows = [
        (
            names.solver[solver],
            [
                number(row["mean"]),
                between(row["low"], row["high"]),
                between(row["first"], row["last"], ".0f"),
                number(row["mean rank"], ".2f"),
                between(row["rank low"], row["rank high"], ".2f"),
                Cell(f"{row['imputed']:.0f}/{overall.n_crowds}" if row["imputed"] else "", float(row["imputed"])),
            ],
        )
        for solver, row in overall.table.iterrows()
    ]
    best = names.solvers(overall.table.index[overall.table["best"]])
    return table(name, caption, titles, rows, best)


def _chances(overall, names):
    if overall.better is None:
        return ""
    order = list(overall.table.index)
    rows = [
        (
            names.solver[one],
            [number(overall.better.loc[one, other] if one != other else None, ".2f") for other in order],
        )
        for one in order
    ]
    titles = ["strategy", *names.solvers(order)]
    chances = table("chances", "Probability that the row's mean is above the column's", titles, rows)
    return f"<details><summary>Probability of being better than each rival</summary>{chances}</details>"


def _critical(overall, names):
    if overall.critical is None:
        return ""
    found = overall.critical
    apart = [names.solver[name] for name, p in found["wilcoxon"].items() if p <= 0.05]
    return (
        f'<p class="small">With the {found["families"]} families as the sample: Friedman\'s test gives p = '
        f"{found['friedman_p']:.2g}; mean ranks that differ by less than Nemenyi's critical difference, "
        f"{found['critical_difference']:.2f}, are not told apart; by Wilcoxon's tests with Holm's correction, "
        f"{text(names.solver[found['best']])}, best by mean rank, is ahead of {listed(apart, 99) or 'nobody'}.</p>"
    )


def _second_board(crowds, ours, overall, names):
    shared = where_all_ran(crowds, ours)
    second = board(shared, ours)
    if not overall.skipped or second is None:
        return ""
    caption = f"The {_count(second)} on which all of them ran: {', '.join(names.crowds(c.name for c in shared))}"
    return f"<h3>Where all of them ran</h3>{_board_table('where-all-ran', caption, second, names)}"


def _time_and_accuracy(overall, times, names):
    time = typical(times).reindex(overall.table.index).dropna()
    if len(time) < 2:
        return ""
    accuracy = overall.table["mean"]
    front = pareto_front(time, accuracy)
    points = {names.solver[name]: (time[name], accuracy[name]) for name in time.index}
    label = "Mean accuracy against time at convergence"
    picture = drawing.scatter(points, names.solvers(front), label, f"time, in times of {FALLBACK}", "mean accuracy")
    return (
        f'<h2 id="time">Accuracy against time at convergence</h2><figure>{picture}<figcaption>Time is over '
        f"{FALLBACK}'s on the same crowd in the same run, the geometric mean over the crowds that a strategy ran on. "
        f"In colour: those that no other is both faster and more accurate than, {listed(names.solvers(front))}."
        "</figcaption></figure>"
    )


def _libraries(results, crowds, twins, names):
    """Each strategy of a library beside ours, on the crowds where both ran."""
    libraries = sorted(name for name in names.solver if is_library(name))
    rows = []
    for library in libraries:
        twin = next((n for s, ours in twins.items() if is_selected(library, s) for n in _found(ours, names)), None)
        both = [c for c in crowds if {library, twin} <= set(c.accuracy.index)]
        ratios = typical(time_ratios(results, twin)).get(library) if twin else None
        theirs, ours = ([c.accuracy[n] for c in both] for n in (library, twin))
        means = [number(sum(some) / len(some) if some else None) for some in (theirs, ours)]
        where = [Cell(str(len(both)), len(both)), number(ratios, ".2g")]
        rows.append((names.solver[library], [means[0], Cell(names.solver[twin] if twin else ""), means[1], *where]))
    if not rows:
        return ""
    titles = ["strategy", "mean accuracy", "ours", "mean accuracy of ours", "crowds", "time over ours"]
    caption = "The same method as a library has it, and as we have it, on the crowds where both ran"
    return f'<h2 id="libraries">Copies in libraries</h2>{table("libraries-table", caption, titles, rows)}'


def _found(selection, names):
    return [name for name in names.solver if is_selected(name, selection) and not is_library(name)]


def _repeats(results, crowds, names):
    """The strategies stopped at a tolerance, or run on partitions, which repeat others and are on no board."""
    if (last := final_points(results[results["solver_name"].map(is_repeat)])).empty:
        return ""
    means = ("objective_acc_train", number), ("time", seconds)
    rows = [
        (f"{repeated(solver)} on {names.crowd[crowd]}", [shown(some[column].mean()) for column, shown in means])
        for (crowd, solver), some in last.groupby(["dataset_name", "solver_name"], sort=False)
    ]
    titles = ["strategy and crowd", "AccTrain", "time [s]"]
    caption = "Strategies run to a tolerance, or on partitions: they repeat others, so no ranking has them"
    return '<h2 id="tolerance">Run to a tolerance, or on partitions</h2>' + table(
        "tolerance-table", caption, titles, rows
    )


def main(arguments=None, twins=None):
    parser = argparse.ArgumentParser(prog="python -m benchmark_utils page", description=__doc__.splitlines()[0])
    parser.add_argument("result", nargs="?", type=Path, help="a parquet of `benchopt run`")
    parser.add_argument("page", nargs="?", type=Path)
    chosen = parser.parse_args(arguments)
    result = chosen.result or max(Path("outputs").glob("*.parquet"), key=lambda p: p.stat().st_mtime, default=None)
    try:
        if result is None:
            raise ResultError("outputs/ holds no parquet; `benchopt run .` writes one")
        html = build_page(read_result(result), result.stem, twins, read_skips(result.parent))
    except ResultError as error:
        print(f"no page: {error}", file=sys.stderr)
        return 2
    page = chosen.page or result.with_suffix(".html")
    page.write_text(html, encoding="utf-8")
    print(f"result  {result}\nreport  {page}  (opens without a network)")
    return 0
