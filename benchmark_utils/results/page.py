"""A result parquet in, one self-contained page out: curves, ranking and tables that open without a network.

    python -m benchmark_utils.results.page [RESULT.parquet] [PAGE.html]

Without arguments it takes the newest parquet of `outputs/` and writes the page beside it.
"""

import argparse
import html
import sys
from pathlib import Path

import pandas as pd

from benchmark_utils.results.names import short_names
from benchmark_utils.results.ranking import mean_ranks
from benchmark_utils.results.table import final_points
from benchmark_utils.scoring.columns import ACC_TRAIN, shown

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0 }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #dde3ea }
.wide { overflow-x: auto }
th:first-child, td:first-child { text-align: left }
nav a { margin-right: 1rem }
"""


def build_page(results: pd.DataFrame, title: str) -> str:
    """The page as HTML, with plotly's code inside it."""
    from plotly.offline import get_plotlyjs

    for column in ("dataset_name", "solver_name"):
        results = results.assign(**{column: results[column].map(short_names(results[column].unique()))})
    datasets = list(results["dataset_name"].unique())
    links = "".join(f'<a href="#d{i}">{html.escape(name)}</a>' for i, name in enumerate(datasets))
    sections = [_dataset_section(results, name, f"d{i}") for i, name in enumerate(datasets)]
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>{STYLE}</style><script>{get_plotlyjs()}</script></head>
<body><h1>Crowdsourced label aggregation</h1><p>{html.escape(title)}. {html.escape(_machine(results))}</p>
<nav>{links}</nav>{_ranking(results)}{"".join(sections)}</body></html>"""


def _dataset_section(results, dataset, anchor):
    rows = results[results["dataset_name"] == dataset]
    curves = _curves(rows).to_html(full_html=False, include_plotlyjs=False)
    return f'<h2 id="{anchor}">{html.escape(dataset)}</h2>{curves}<div class="wide">{_table(rows)}</div>'


def _curves(rows):
    """AccTrain against runtime: each point is a run from scratch, the median over repetitions."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for solver, points in rows.groupby("solver_name"):
        median = points.groupby("stop_val")[["time", "objective_acc_train"]].median().sort_values("time")
        figure.add_scatter(x=median["time"], y=median["objective_acc_train"], name=solver, mode="lines+markers")
    figure.update_xaxes(type="log", title="time [s]", exponentformat="power")
    figure.update_yaxes(title="AccTrain")
    figure.update_layout(height=480, margin=dict(t=20, r=10), template="plotly_white", showlegend=True)
    return figure


def _table(rows):
    titles = {column.name: column.title for column in shown(rows)}
    last = final_points(rows).groupby("solver_name")[list(titles)].mean()
    if ACC_TRAIN in titles:  # without any truth there is none
        last = last.sort_values(ACC_TRAIN, ascending=False)
    last = last.rename(columns=titles)
    return last.reset_index(names="solver").to_html(index=False, border=0, na_rep="", float_format=lambda v: f"{v:.4g}")


def _ranking(results):
    ranks = mean_ranks(results)
    left_out = sorted(set(results["solver_name"]) - set(ranks.index))
    left_out = [name for name in left_out if not name.startswith("tolerance")]
    note = f"<p>Not on every dataset, so not ranked: {html.escape(', '.join(left_out))}.</p>" if left_out else ""
    ranks.columns.name = None
    table = ranks.reset_index(names="solver").to_html(index=False, border=0, float_format=lambda v: f"{v:.3g}")
    return f'<h2>Mean rank by AccTrain (1 is best)</h2><div class="wide">{table}</div>{note}'


def _machine(results):
    row = results.iloc[0]
    known = {"run_date": "run", "system-cpus": "CPUs", "version-numpy": "numpy", "version-scipy": "scipy"}
    return ", ".join(f"{name} {row[column]}" for column, name in known.items() if column in row.index)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", nargs="?", type=Path, help="a parquet of `benchopt run`")
    parser.add_argument("page", nargs="?", type=Path)
    chosen = parser.parse_args(arguments)
    result = chosen.result or max(Path("outputs").glob("*.parquet"), key=lambda p: p.stat().st_mtime, default=None)
    if result is None or not result.exists():
        sys.exit(f"no result to report: {result or 'outputs/ holds no parquet'}; `benchopt run .` writes one")
    page = chosen.page or result.with_suffix(".html")
    page.write_text(build_page(pd.read_parquet(result), result.stem), encoding="utf-8")
    print(f"result  {result}\nreport  {page}  (opens without a network)")


if __name__ == "__main__":
    main()
