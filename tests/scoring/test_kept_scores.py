"""Scores of workers and tasks kept as text: the worked example, a round trip, the sample, the bound, bad texts."""

import io

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmark_utils.scoring.kept_scores import N_KEPT, kept_numbers, pack_scores, task_scores, unpack_scores

ALL = np.ones(3, dtype=bool)


def test_three_scores_by_hand():
    """0.75 is half way, 32,767 = 0x7fff of 65,534 = 0xfffe; little-endian: 0000 ff7f feff."""
    text = pack_scores([0.5, 0.75, 1], ALL)
    assert text == "3/3;0.5;1;AAD/f/7/"
    scores, total = unpack_scores(text)
    assert scores.tolist() == [0.5, 0.75, 1]
    assert total == 3


def test_who_did_not_vote_is_left_out_and_who_has_no_score_is_nan():
    scores, total = unpack_scores(pack_scores([2.0, np.nan, -1, 7], np.array([3, 1, 4, 0])))
    np.testing.assert_array_equal(scores, [2, np.nan, -1])
    assert total == 3


@pytest.mark.parametrize(
    "scores", [[1.0, 1.0, 1.0], [np.nan] * 3, [-1e308, 0, 1e308], [1e-300, 2e-300, 3e-300], [0.1, 1e6, 5e5]]
)
def test_what_is_packed_is_unpacked_to_a_step(scores):
    found, _ = unpack_scores(pack_scores(scores, ALL))
    half_step = (np.nanmax(scores) / 2 - np.nanmin(scores) / 2) / 65_534 if not np.isnan(scores).all() else 0
    np.testing.assert_allclose(found, scores, rtol=1e-8, atol=1.001 * half_step)


def test_no_scores_are_an_empty_text():
    assert pack_scores(None, ALL) == ""
    assert unpack_scores(pack_scores([], []))[0].shape == (0,)


def test_ranks_survive_a_large_crowd():
    scores = np.random.default_rng(0).permutation(N_KEPT) / N_KEPT
    found, _ = unpack_scores(pack_scores(scores, np.ones(N_KEPT)))
    assert found.argsort().tolist() == scores.argsort().tolist()


def test_a_text_has_at_most_2720_characters_and_speaks_of_a_sample_that_does_not_depend_on_the_scores():
    scores = -np.random.default_rng(0).random(1_000_000) * np.pi * 1e-100
    has_vote = np.arange(1_000_000) % 5 > 0
    text = pack_scores(scores, has_vote)
    assert len(text) <= 2720
    found, total = unpack_scores(text)
    assert (len(found), total) == (N_KEPT, 800_000)
    np.testing.assert_allclose(found, scores[kept_numbers(has_vote)], atol=1e-104)
    # from everywhere: each tenth of the workers has 100 of the sample, with a standard deviation of 9.5
    assert np.abs(np.bincount(kept_numbers(has_vote) // 100_000) - 100).max() < 45


def test_it_survives_parquet_a_merge_and_csv(tmp_path):
    texts = [pack_scores(scores, ALL) for scores in ([0.5, 0.75, 1], [1e-9, 2, np.nan])]
    for i, text in enumerate(texts):
        pd.DataFrame({"objective_worker_scores": [text]}).to_parquet(tmp_path / f"{i}.parquet")
    merged = pd.concat([pd.read_parquet(tmp_path / f"{i}.parquet") for i in range(2)])
    read = pd.read_csv(io.StringIO(merged.to_csv()))
    assert read["objective_worker_scores"].tolist() == texts


@pytest.mark.parametrize(
    "text",
    [
        *("", None, np.nan, 3.0, "3/3:oA==", "3/3;0.5;1;AAD/f/7", "3/3;0.5;1;AAD/f/7/\n", "4/4;0.5;1;AAD/f/7/"),
        *("3/2;0.5;1;AAD/f/7/", "3/3;nan;1;AAD/f/7/", "3/3;1;0.5;AAD/f/7/", "3/3;1e999;1e999;AAD/f/7/"),
        *("3/3;--;1;AAD/f/7/", "1/1;0;1;AAAA", "1/1;0;1;A"),
    ],
)
def test_another_text_is_refused(text):
    with pytest.raises(ValueError, match="scores"):
        unpack_scores(text)


def test_a_task_is_as_clear_as_its_soft_label_is_sure_unless_the_strategy_says_more():
    soft = np.array([[0.2, 0.8, 0], [0, 0, 0], [0.4, 0.3, 0.3]])
    assert task_scores(None, soft) == pytest.approx([0.8, 1 / 3, 0.4])
    assert task_scores(None, sparse.csr_array(soft)) == pytest.approx([0.8, 1 / 3, 0.4])
    assert task_scores([3, 2, 1], soft) == [3, 2, 1]
    assert task_scores(None, None) is None
