"""Where does each strategy win? Its accuracy over the majority vote's, crowd by crowd, beside what the crowds are like.

    python -m studies.where_each_wins [RESULT.parquet] [--output docs/where_each_wins]

The accuracies are those of a result, the features come from the votes and truths of its crowds. `--output` gets a page,
`.md`, and a picture, `.svg`. For a new crowd the page says what choosing by the features of a crowd would have been
worth: each crowd in turn is left out, and a strategy is chosen for it from the others.
"""

import argparse
import sys
import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from benchmark_utils.results.names import short_names
from benchmark_utils.results.outcomes import crowds_of
from benchmark_utils.results.ranking import FALLBACK, board, own
from benchmark_utils.results.table import read_result
from benchmark_utils.results.uncertainty import holm
from benchmark_utils.votes.description import krippendorff_alpha
from studies.votes_per_task import load

FEATURES = {
    "votes per task": "mean over the tasks that have a vote",
    "votes per worker": "median over the workers who voted",
    "classes": "their number",
    "imbalance": "1 - H / log K, H the entropy of the classes in the truth: 0 where all are as frequent",
    "alpha": "Krippendorff's, of the votes",
    "error correlation": "the mean correlation, over pairs of votes on a task, of being wrong, each worker's share of "
    "errors taken off: 0 where workers err independently",
}
NEAREST = 3  # crowds that a strategy is chosen from; one would be a lottery, and of more few would be alike
FEWEST = 5  # crowds that a strategy must have a result on to have a row


def features(votes, truth) -> dict:
    """What a crowd is like, by the names of FEATURES."""
    effort, workload = votes.votes_per_task, votes.votes_per_worker
    share = np.bincount(truth[truth >= 0]) / np.count_nonzero(truth >= 0)
    entropy = -np.sum(share[share > 0] * np.log(share[share > 0]))
    values = (
        effort[effort > 0].mean(),
        np.median(workload[workload > 0]),
        votes.n_class,
        1 - entropy / np.log(votes.n_class),
        krippendorff_alpha(votes),
        error_correlation(votes, truth),
    )
    return dict(zip(FEATURES, values, strict=True))


def error_correlation(votes, truth) -> float:
    """How far errors come together: mean over pairs of votes on a task of the product of standardised errors.

    A vote's error is 1 or 0, less the share of errors of its worker, over its standard deviation. Workers who are
    always right or always wrong say nothing. With S_i the sum over the votes of task i and Q_i that of squares, the
    pairs of a task sum to (S_i^2 - Q_i) / 2, so no pair is listed.
    """
    seen = truth[votes.task] >= 0
    task, worker = votes.task[seen], votes.worker[seen]
    wrong = (votes.label[seen] != truth[task]).astype(float)
    share = np.bincount(worker, wrong, votes.n_worker) / np.maximum(np.bincount(worker, minlength=votes.n_worker), 1)
    spread = np.sqrt(share * (1 - share))
    says = spread[worker] > 0
    task, worker = task[says], worker[says]
    error = (wrong[says] - share[worker]) / spread[worker]
    n_votes, total, squares = (np.bincount(task, of, votes.n_task) for of in (None, error, error**2))
    return float(np.sum(total**2 - squares) / np.sum(n_votes * (n_votes - 1.0)))


def advantages(crowds, strategies) -> pd.DataFrame:
    """Accuracy less the majority vote's, (strategy, crowd); NaN where a strategy has no result."""
    table = pd.DataFrame({c.name: c.accuracy.reindex(strategies) - c.accuracy[FALLBACK] for c in crowds})
    return table[table.notna().sum(axis=1) >= min(FEWEST, len(crowds))].drop(index=FALLBACK)


def correlations(gains, of_crowds) -> pd.DataFrame:
    """Spearman's of each strategy's advantage with each feature over the crowds, and Holm's adjusted p, long."""
    rows = []
    for strategy, gain in gains.iterrows():
        ran = gain.dropna().index
        for feature in FEATURES:
            values = of_crowds.loc[ran, feature]
            if values.nunique() > 1 and gain[ran].nunique() > 1:
                found = spearmanr(values, gain[ran])
                rows.append((strategy, feature, len(ran), found.statistic, found.pvalue))
    table = pd.DataFrame(rows, columns=["strategy", "feature", "crowds", "correlation", "p"])
    return table.assign(p=holm(table["p"]))


def choose_left_out(gains, of_crowds) -> pd.DataFrame:
    """Regret on each crowd of what the other crowds would have had one choose, by way of choosing.

    `alike`: the strategy with the largest mean advantage on the NEAREST crowds by their features' ranks; `leader`: on
    all the others; `FALLBACK`: always the majority vote. What has no result on a crowd has the majority's score.
    """
    gains = gains.fillna(0)
    ranks = of_crowds.rank() / len(of_crowds)
    rows = {}
    for crowd in gains:
        others = gains.drop(columns=crowd)
        distance = ((ranks.loc[others.columns] - ranks.loc[crowd]) ** 2).sum(axis=1)
        alike = others[distance.nsmallest(NEAREST).index].mean(axis=1).idxmax()
        leader = others.mean(axis=1).idxmax()
        best = max(gains[crowd].max(), 0)
        regret = [best - gains.at[alike, crowd], best - gains.at[leader, crowd], best]
        rows[crowd] = [alike, leader, gains[crowd].idxmax(), *regret]
    columns = ["alike", "leader", "best", "regret alike", "regret leader", f"regret {FALLBACK}"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def draw(gains, best, of_crowds, names):
    """Advantages as colours, strategies best first, crowds by votes per worker, their features below."""
    order = of_crowds["votes per worker"].sort_values().index
    shown = gains[order]
    figure, axis = plt.subplots(figsize=(0.62 * len(order) + 3, 0.27 * (len(shown) + len(FEATURES)) + 2))
    limit = 0.15
    axis.imshow(100 * shown, cmap="PuOr_r", vmin=-100 * limit, vmax=100 * limit, aspect="auto")
    for (i, strategy), (j, crowd) in ((a, b) for a in enumerate(shown.index) for b in enumerate(order)):
        value = shown.at[strategy, crowd]
        if np.isfinite(value):
            dark = "white" if abs(value) > 0.7 * limit else "black"
            mark = dict(weight="bold") if best.at[strategy, crowd] else dict(color=dark, alpha=0.75)
            axis.text(j, i, f"{100 * value:+.1f}", ha="center", va="center", fontsize=6.5, **dict(color=dark) | mark)
    for k, feature in enumerate(FEATURES):
        y = len(shown) + 0.4 + k
        axis.text(-0.7, y, feature, ha="right", va="center", fontsize=7.5, style="italic", clip_on=False)
        for j, crowd in enumerate(order):
            axis.text(j, y, short(of_crowds.at[crowd, feature]), ha="center", va="center", fontsize=6.5, clip_on=False)
    axis.set_yticks(range(len(shown)), [names[s] for s in shown.index], fontsize=7.5)
    axis.set_xticks(range(len(order)), [names[c] for c in order], rotation=45, ha="left", fontsize=7.5)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


def short(value):
    return f"{value:.2f}" if value != round(value) and value < 10 else f"{value:.0f}"


def to_markdown(result, crowds, found, chosen, names, command, picture):
    n_seeds = sorted({crowd.n_seeds for crowd in crowds})
    seeds = f"{' to '.join(map(str, n_seeds))} {'seed' if n_seeds == [1] else 'seeds'}"
    n_sure = np.count_nonzero(found["p"] <= 0.05)
    strongest = found.loc[found["correlation"].abs().nlargest(8).index]
    blocks = [
        "# Where each strategy wins",
        f"![Accuracy of each strategy less the majority vote's, crowd by crowd]({picture})",
        wrapped(
            f"The accuracy of each strategy less the majority vote's, in points, on the {len(crowds)} crowds of "
            f"{result} "
            f"({seeds}), expected over ties. Strategies are ordered by their mean, crowds by votes per worker. "
            "Bold: not "
            "separated from the best on the crowd (McNemar's test, Holm's correction). Blank: the strategy skipped the "
            f"crowd. A strategy with results on fewer than {FEWEST} crowds has no row. Made by"
        ),
        f"    {command}",
        "\n".join(wrapped(f"- *{feature}*: {meaning}.", "  ") for feature, meaning in FEATURES.items()),
        "## Does the kind of crowd say who wins?",
        wrapped(
            f"Spearman's correlation, over the crowds, of a strategy's advantage with each feature. There are "
            f"{len(found)} "
            f"of them, so p is adjusted by Holm's method; {n_sure} {'is' if n_sure == 1 else 'are'} at 0.05 or below. "
            "The largest:"
        ),
        "\n".join(
            ["| strategy | feature | crowds | correlation | adjusted p |", "| --- | --- | ---: | ---: | ---: |"]
            + [
                f"| {names[row.strategy]} | {row.feature} | {row.crowds} | {row.correlation:+.2f} | {row.p:.2g} |"
                for row in strongest.itertuples()
            ]
        ),
        "## For a new crowd",
        wrapped(
            "Each crowd was left out in turn, and a strategy chosen for it from the others. Regret is the "
            "accuracy of the "
            "best strategy on the crowd less that of the choice: mean ± standard error over the crowds, and the "
            "largest."
        ),
        "\n".join(
            ["| choice | mean regret | largest |", "| --- | ---: | ---: |"]
            + [f"| {said} | {mean_and_error(chosen[way])} | {chosen[way].max():.4f} |" for way, said in WAYS.items()]
        ),
        wrapped(f"{verdict(chosen)} Imbalance and error correlation need truths, which a new crowd may not have."),
        "\n".join(
            [
                "| crowd left out | best | by similar crowds | its regret | leader of the others | its regret |",
                "| --- | --- | --- | ---: | --- | ---: |",
            ]
            + [
                f"| {names[crowd]} | {names[row['best']]} | {names[row['alike']]} | {row['regret alike']:.4f} "
                f"| {names[row['leader']]} | {row['regret leader']:.4f} |"
                for crowd, row in chosen.iterrows()
            ]
        ),
    ]
    return "\n\n".join(blocks) + "\n"


WAYS = {
    "regret alike": f"the leader of the {NEAREST} most similar crowds",
    "regret leader": "the leader of all other crowds",
    f"regret {FALLBACK}": "always the majority vote",
}


def verdict(chosen):
    """Whether similar crowds choose better than all crowds do, in words."""
    gain = chosen["regret leader"] - chosen["regret alike"]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    said = f"By similar crowds the mean regret is {'lower' if gain.mean() > 0 else 'higher'} than by all others, by "
    said += f"{abs(gain.mean()):.4f} ± {error:.4f}. "
    if gain.mean() > 2 * error:
        return said + "So what a crowd is like, as measured here, says something about which strategy to take."
    return said + (
        "So nothing here says that the features of a new crowd help to choose a strategy. Take the leader of the "
        "published board, and label some tasks to check it."
    )


def mean_and_error(values):
    return f"{values.mean():.4f} ± {values.std(ddof=1) / np.sqrt(len(values)):.4f}"


def wrapped(paragraph, indent=""):
    return textwrap.fill(paragraph, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, nargs="?", default=Path("outputs/published.parquet"))
    parser.add_argument("--output", type=Path, default=Path("docs/where_each_wins"))
    options = parser.parse_args()
    results = read_result(options.result)
    crowds = crowds_of(results)
    data = {c.name: load(c.name.removeprefix("literature[name=").removesuffix("]")) for c in crowds}
    crowds = [crowd for crowd in crowds if data[crowd.name] is not None]
    of_crowds = pd.DataFrame.from_dict({c.name: features(*data[c.name]) for c in crowds}, orient="index")
    ordered = board(crowds, own(crowds))
    gains = advantages(crowds, list(ordered.table.index))
    best = pd.DataFrame({name: table["best"].reindex(gains.index) for name, table in ordered.by_crowd.items()})
    names = short_names(results["solver_name"].unique()) | {
        crowd.name: crowd.name.removeprefix("literature[name=").removesuffix("]") for crowd in crowds
    }
    found, chosen = correlations(gains, of_crowds), choose_left_out(gains, of_crowds)
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "where_each_wins"})  # small, and the same each time
    picture = options.output.with_suffix(".svg")
    figure = draw(gains, best.fillna(False).astype(bool), of_crowds, names)
    figure.savefig(picture, metadata={"Date": None}, bbox_inches="tight")
    command = " ".join(["python -m studies.where_each_wins", *sys.argv[1:]])
    page = to_markdown(f"`{options.result}`", crowds, found, chosen, names, command, picture.name)
    options.output.with_suffix(".md").write_text(page)


if __name__ == "__main__":
    main()
