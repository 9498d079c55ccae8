from benchopt import BasePlot

from benchmark_utils.results.names import short_names
from benchmark_utils.results.ranking import mean_ranks


class Plot(BasePlot):
    """Rank of each solver by AccTrain, on each dataset and on average; where one did not run it has MV's score."""

    name = "ranking"
    type = "table"
    options = {}

    def plot(self, df):
        ranks = mean_ranks(df)
        return [[solver, *(float(rank) for rank in row)] for solver, row in zip(ranks.index, ranks.values, strict=True)]

    def get_metadata(self, df):
        columns = mean_ranks(df).columns
        short = short_names(columns[1:])
        return {
            "title": "Mean rank by AccTrain (1 is best; where a solver did not run it has MV's score)",
            "columns": ["solver", columns[0], *(short[name] for name in columns[1:])],
            "default_order_column": 1,
            "default_order_ascending": True,
        }
