from benchopt import BasePlot

from benchmark_utils.results.table import final_points
from benchmark_utils.scoring.columns import shown


class Plot(BasePlot):
    """Scores of each solver's last point on a dataset, the mean over repetitions."""

    name = "accuracy_table"
    type = "table"
    options = {"dataset": ...}

    def plot(self, df, dataset):
        last = final_points(df[df["dataset_name"] == dataset])
        mean = last.groupby("solver_name")[[column.name for column in shown(df)]].mean()
        return [[solver, *(float(value) for value in row)] for solver, row in zip(mean.index, mean.values, strict=True)]

    def get_metadata(self, df, dataset):
        return {
            "title": dataset,
            "columns": ["solver", *(column.title for column in shown(df))],
            "default_order_column": 1,
            "default_order_ascending": False,
        }
