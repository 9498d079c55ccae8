"""Which tasks are right, kept as text: the worked example of its docstring, a round trip, the sample, bad texts."""

import io

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.scoring.right import N_KEPT, kept_tasks, pack_right, unpack_right


def test_three_tasks_by_hand():
    """Task 1 has no truth; of the others 0 and 3 are right, 2 is not valid: bits 101, padded to 10100000 = 0xa0."""
    text = pack_right(truth=[1, -1, 0, 2], labels=[1, -1, -1, 2])
    assert text == "3/3:" + "oA=="
    right, known = unpack_right(text)
    assert right.tolist() == [True, False, True]
    assert known == 3


@pytest.mark.parametrize("n_task", [0, 1, 7, 8, 9, 1000])
def test_what_is_packed_is_unpacked_and_its_mean_is_acctrain(n_task):
    rng = np.random.default_rng(n_task)
    truth, labels = rng.integers(-1, 3, n_task), rng.integers(-1, 3, n_task)
    right, known = unpack_right(pack_right(truth, labels))
    assert right.tolist() == (truth == labels)[truth >= 0].tolist()
    assert known == len(right) == (truth >= 0).sum()


def test_it_survives_parquet_a_merge_and_csv(tmp_path):
    texts = [pack_right([0, 1, 1], labels) for labels in ([0, 0, 1], [1, 1, 1])]
    for i, text in enumerate(texts):
        pd.DataFrame({"objective_right": [text]}).to_parquet(tmp_path / f"{i}.parquet")
    merged = pd.concat([pd.read_parquet(tmp_path / f"{i}.parquet") for i in range(2)])
    written = io.StringIO()
    merged.to_csv(written)
    assert pd.read_csv(io.StringIO(written.getvalue()))["objective_right"].tolist() == texts


def test_a_large_truth_is_sampled_whatever_the_strategy_and_fairly():
    truth = np.zeros(100_000, dtype=int)
    truth[::5] = -1
    kept = kept_tasks(truth)
    assert len(kept) == N_KEPT == len(set(kept))
    assert (truth[kept] == 0).all()
    assert (np.diff(kept) > 0).all()
    # a quarter of the known tasks, from everywhere: each tenth has 2,000 of them, with a standard deviation of 37
    assert np.abs(np.bincount(kept // 10_000) - 2_000).max() < 190
    labels = np.where(np.arange(100_000) < 50_000, 0, 1)
    right, known = unpack_right(pack_right(truth, labels))
    assert (known, len(right)) == (80_000, N_KEPT)
    assert right.tolist() == (kept < 50_000).tolist()


def test_a_truth_more_moves_little_of_the_sample():
    truth = np.zeros(40_000, dtype=int)
    truth[7] = -1
    assert len(set(kept_tasks(truth)) ^ set(kept_tasks(np.zeros(40_000)))) <= 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3:oA==",
        "3/3:",
        "9/9:oA==",
        "3/2:oA==",
        "3/3:oA",
        "3/3:<b>",
        "-1/3:oA==",
        None,
        1.0,
        "3/3:oA==\n",
        "3/3:o=A=",
    ],
)
def test_a_text_that_we_did_not_write_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"does not say which tasks are right|and holds"):
        unpack_right(text)
