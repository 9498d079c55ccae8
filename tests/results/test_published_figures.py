"""The committed result, which `benchopt run` made, against the figures that the authors' own programs print.

BWA, iBCC and EBCC: the notebooks of truth-inference-at-scale, as in the project's table of independent figures.
"""

import pytest

from benchmark_utils.results.table import final_points, read_result
from tests.conftest import ROOT

MARGIN = {"BWA": 0.005, "iBCC": 0.005, "EBCC": 0.015}  # EBCC's seeds matter
FIGURES = {
    "bluebirds": {"BWA": 0.7593, "iBCC": 0.8889, "EBCC": 0.861},
    "music": {"BWA": 0.7857, "iBCC": 0.790, "EBCC": 0.787},
    "dog": {"BWA": 0.8315, "iBCC": 0.8389, "EBCC": 0.840},
    "rte": {"BWA": 0.9275, "iBCC": 0.9275, "EBCC": 0.931},
    "web": {"BWA": 0.8225, "iBCC": 0.7508, "EBCC": 0.769},
    "cf": {"BWA": 0.8933, "iBCC": 0.8833, "EBCC": 0.883},
    "cf_amt": {"BWA": 0.860, "iBCC": 0.8567, "EBCC": 0.857},
    "sp": {"BWA": 0.917, "iBCC": 0.915, "EBCC": 0.915},
    "sp_amt": {"BWA": 0.946, "iBCC": 0.944, "EBCC": 0.944},
    "zencrowd_us": {"BWA": 0.9108, "iBCC": 0.827, "EBCC": 0.912},
    "face": {"BWA": 0.6182, "iBCC": 0.6404, "EBCC": 0.635},
}


@pytest.fixture(scope="module")
def accuracy():
    """AccTrain at convergence, {(crowd, strategy): mean over seeds}."""
    last = final_points(read_result(ROOT / "outputs" / "published.parquet"))
    crowd = last["dataset_name"].str.removeprefix("literature[name=").str.rstrip("]")
    strategy = last["solver_name"].str.partition("[")[0]
    return last.groupby([crowd, strategy])["objective_acc_train"].mean()


@pytest.mark.parametrize("crowd", FIGURES)
@pytest.mark.parametrize("strategy", MARGIN)
def test_a_run_reaches_the_authors_figure(accuracy, crowd, strategy):
    assert accuracy[crowd, strategy] == pytest.approx(FIGURES[crowd][strategy], abs=MARGIN[strategy])
