"""The part of a page that is of one crowd: what it is, its curves, its table."""

import numpy as np

from benchmark_utils.results import drawing
from benchmark_utils.results.markup import Cell, between, counted, number, seconds, table, text
from benchmark_utils.results.names import is_library, is_repeat
from benchmark_utils.results.ranking import crowd_board
from benchmark_utils.results.table import curve, final_points
from benchmark_utils.results.times import pareto_front
from benchmark_utils.scoring.columns import BY_NAME, CROWD, FEW, shown

N_COLOURS = 7  # curves that a reader tells apart


def crowd_section(anchor, rows, crowd, names) -> str:
    """A section of the page.

    Parameters
    ----------
    anchor : str
    rows : DataFrame
        Of the crowd, in the order they were measured.
    crowd : Crowd or None
        None where no truth is known.
    names : Names
        Short names.
    """
    title = names.crowd[rows["dataset_name"].iloc[0]]
    ours = rows[~rows["solver_name"].map(is_library) & ~rows["solver_name"].map(is_repeat)]
    parts = [f'<h2 id="{anchor}">{text(title)}</h2><p>{_what(rows, crowd)}</p>']
    last = final_points(ours)
    if crowd is not None and len(ours):
        ranked = crowd_board(crowd, list(ours["solver_name"].unique()))
        chosen = _chosen(last, ranked)
        parts.append(_curves(ours, crowd, ranked, chosen, title, names))
        parts.append(_table(last, crowd, ranked, f"table-{anchor}", title, names))
    elif len(ours):
        parts.append(_table(last, None, None, f"table-{anchor}", title, names))
    return f'<section aria-labelledby="{anchor}">{"".join(parts)}</section>'


def _what(rows, crowd):
    found = [rows[CROWD].iloc[0]] if CROWD in rows and isinstance(rows[CROWD].iloc[0], str) else []
    if crowd is None:
        found.append(
            "No truth is known here, so there is no accuracy. `python -m benchmark_utils describe FOLDER` says what "
            "the votes are like; to get labels, `python -m benchmark_utils label FOLDER`"
        )
    else:
        if crowd.n_known:
            found.append(f"accuracy over {crowd.n_known:,} tasks and {counted(crowd.n_seeds, 'seed')}")
            if crowd.n_known < FEW:
                found.append(f"these are fewer than {FEW} known truths, so look at the interval of each score")
        else:
            found.append(
                f"{counted(crowd.n_seeds, 'seed')}; which tasks are right was not kept, so there are no intervals"
            )
        found += filter(None, [crowd.note])
    return text(". ".join(part[:1].upper() + part[1:] for part in found) + ".")


def _chosen(last, ranked):
    """The curves in colour: the front of accuracy against time first, then the best group."""
    time = last.groupby("solver_name")["time"].mean()
    front = pareto_front(time.loc[ranked.index], ranked["accuracy"])
    group = [name for name in ranked.index[ranked["best"]] if name not in front]
    kept = {*front[::-1][:N_COLOURS], *group[: max(0, N_COLOURS - len(front))]}
    return [name for name in ranked.index if name in kept]


def _curves(ours, crowd, ranked, chosen, title, names):
    lines = {}
    for solver, points in ours.groupby("solver_name"):
        found = curve(points, "time", crowd.score).dropna()
        if len(found):
            lines[names.solver[solver]] = list(zip(found["x"].tolist(), found["y"].tolist(), strict=True))
    shown_names = [names.solver[name] for name in chosen if names.solver[name] in lines]
    label = f"{title}: accuracy against time, {len(lines)} strategies; the best is {names.solver[ranked.index[0]]}"
    picture = drawing.curves(lines, shown_names, label, "time [s]", _score_title(crowd))
    return (
        f"<figure>{picture}<figcaption>Each point is a strategy after a given number of iterations, the mean over "
        "seeds; its time is that of a run which stops there. A curve ends where the strategy's own stopping rule is "
        "met. In colour: the strategies that no other is both faster and more accurate than, and the best group."
        "</figcaption></figure>"
    )


def _score_title(crowd):
    title = BY_NAME[crowd.score].title if crowd.score in BY_NAME else "AccTrain"
    return f"{title} on {counted(crowd.n_known, 'task')}" if 0 < crowd.n_known < FEW else title


def _table(last, crowd, ranked, name, title, names):
    """Means over seeds of the last points, the best first."""
    columns = [c for c in shown(last) if crowd is None or c.name != crowd.score]
    means = last.groupby("solver_name")[[c.name for c in columns]].mean()
    rows = []
    for solver in means.index if ranked is None else ranked.index:
        cells = []
        if ranked is not None:
            row = ranked.loc[solver]
            cells = [
                number(row["accuracy"]),
                between(row["low"], row["high"]),
                between(row["first"], row["last"], ".0f"),
            ]
        cells += [_cell(column, means.loc[solver, column.name]) for column in columns]
        rows.append((names.solver[solver], cells))
    titles = ["strategy"]
    if ranked is not None:
        titles += [_score_title(crowd), "95 % interval", "place"]
    best = [] if ranked is None else [names.solver[solver] for solver in ranked.index[ranked["best"]]]
    return table(name, title, titles + [c.title for c in columns], rows, best)


def _cell(column, value):
    if not np.isfinite(value):
        return Cell("")
    if column.name == "time":
        return seconds(value)
    return number(value, "g" if value == int(value) and column.better == "" else ".3f" if column.better else ".3g")
