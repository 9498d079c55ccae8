from benchopt import BasePlot

from benchmark_utils.results.publishing import MARKERS
from benchmark_utils.results.table import curve
from benchmark_utils.scoring.columns import BY_NAME, scores


class Plot(BasePlot):
    """A score against runtime or iterations; each point is a run that stops there, the mean over repetitions."""

    name = "accuracy_curve"
    type = "scatter"
    options = {
        "dataset": ...,
        "column": lambda df: [column.short for column in scores(df)],
        "X_axis": ["Time", "Iteration"],
    }

    def plot(self, df, dataset, column, X_axis):  # noqa: N803, the name Benchopt gives to this option
        score, x = f"objective_{column}", "time" if X_axis == "Time" else "objective_n_iter"
        df = df[(df["dataset_name"] == dataset) & df[score].notna()]
        curves = []
        for solver, points in df.groupby("solver_name"):
            table = curve(points, x, score)
            style = self.get_style(solver)
            style["marker"] %= MARKERS
            drawn = {"x": table["x"].tolist(), "y": table["y"].tolist(), "label": solver, **style}
            if X_axis == "Time" and points["idx_rep"].nunique() > 1:
                drawn.update(x_low=table["x_low"].tolist(), x_high=table["x_high"].tolist())
            curves.append(drawn)
        return curves

    def get_metadata(self, df, dataset, column, X_axis):  # noqa: N803
        return {
            "title": dataset,
            "xlabel": "Time [s]" if X_axis == "Time" else "Iterations",
            "ylabel": BY_NAME[f"objective_{column}"].title,
        }
