"""Crowds of the literature for tests, and the accuracies of others' programs on them."""

import numpy as np
import pandas as pd
import pytest

# Accuracies of the survey's own code, and of LA's authors', on these files with exact repeats dropped. LA's are means
# over 20 orders of the tasks.
FIGURES = pd.DataFrame(
    {
        "bluebirds": [0.7222, 0.7778, 0.7870, 0.7569, 0.7528],
        "music": [0.7971, 0.7880, 0.7960, 0.7962, 0.7955],
        "dog": [0.8302, 0.8208, 0.8191, 0.8314, 0.8305],
        "rte": [0.9250, 0.9243, 0.9200, 0.9205, 0.9279],
        "web": [0.8398, 0.8038, 0.3935, 0.8161, 0.8365],
        "cf": [0.8800, 0.8773, 0.8773, 0.8818, 0.8820],
        "cf_amt": [0.8533, 0.8600, 0.8540, 0.8568, 0.8560],
        "sp": [0.9166, 0.9149, 0.8965, 0.8946, 0.9030],
        "sp_amt": [0.9460, 0.9444, 0.9436, 0.9434, 0.9440],
        "zencrowd_us": [0.8578, 0.9103, 0.8160, 0.8628, 0.8686],
        "face": [0.6284, 0.6164, 0.5973, 0.6326, 0.6301],
        "s_rel": [0.4957, 0.5068, 0.5891, 0.5543, 0.5540],
        "millionaire": [0.9048, 0.9064, 0.9040, 0.9142, 0.9142],
        "leaves": [0.6406, 0.6359, 0.6016, 0.6408, 0.6410],
        "reuters": [0.7234, 0.7404, 0.6471, 0.7106, 0.7151],
        "temporal": [0.9372, 0.9372, 0.9403, 0.9439, 0.9437],
        "ducks": [0.5875, None, None, 0.6125, 0.6004],
        "imagenet_real_golden": [0.9119, None, None, 0.9117, 0.9119],
    },
    index=["ZC", "CATD", "CRH", "LA-1", "LA-2"],
).T


def each_crowd(strategy):
    """A mark that runs a test on each crowd that has a figure of the strategy."""
    return pytest.mark.parametrize("crowd", FIGURES.index[FIGURES[strategy].notna()])


def accuracy(labels, data, of=slice(None)):
    """The share of right labels among the tasks whose truth is known."""
    return np.mean((labels == data.truth)[of][data.truth[of] >= 0])
