"""The simulated flora: sizes and figures as published, and the layout that it is written in."""

import json

import numpy as np
import pytest

from benchmark_utils.crowds.published.plantnet_writing import write_object, write_v1
from benchmark_utils.crowds.simulated.asking import each_once
from benchmark_utils.crowds.simulated.flora import (
    FULL,
    FULL_EXPERTS,
    draw_voters,
    flora,
    machine_score,
    neighbour,
    sizes,
    without_experts,
)
from benchmark_utils.strategies.majority_vote import MajorityVote
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.votes import VotesError
from tests.conftest import DATA_HOME


@pytest.fixture(scope="module")
def crowd():
    return flora(30_000, seed=1)


@pytest.fixture(scope="module")
def large_crowd():
    return flora(300_000, seed=1)


def by_author(votes):
    """The authors' votes: which of the votes they are."""
    return np.flatnonzero(votes.worker == votes.author[votes.task])


def disagreement(votes):
    """Whether the votes of a task differ, (n_task,)."""
    highest, lowest = np.full(votes.n_task, -1), np.full(votes.n_task, votes.n_class)
    np.maximum.at(highest, votes.task, votes.label)
    np.minimum.at(lowest, votes.task, votes.label)
    return highest > lowest


def test_the_full_size_is_the_published_one():
    assert sizes(9_005_108) == (6_699_593, 823_251, 11_425, 98, 26_811)
    assert (FULL["n_votes"], FULL["n_task"], FULL["n_worker"]) == (9_005_108, 6_699_593, 823_251)
    assert FULL_EXPERTS == {"n_expert": 98, "n_truth": 26_811}


@pytest.mark.parametrize("n_votes", [2_000, 5_001, 30_000])
def test_sizes_are_exact(n_votes):
    crowd, (n_task, n_worker, n_class, n_expert, n_truth) = flora(n_votes), sizes(n_votes)
    votes = crowd.votes
    assert (votes.n_votes, votes.n_task, votes.n_worker, votes.n_class) == (n_votes, n_task, n_worker, n_class)
    assert votes.n_repeated == 0
    assert (crowd.n_expert, np.count_nonzero(crowd.truth >= 0)) == (n_expert, n_truth)


def test_observations_and_users_are_in_proportion_and_species_by_the_square_root():
    small, large = np.array(sizes(10_000)), np.array(sizes(1_000_000))
    np.testing.assert_allclose(large / small, [100, 100, 10, 10, 10], rtol=0.15)


def test_every_observation_user_and_species_occurs(crowd):
    votes = crowd.votes
    assert (votes.votes_per_task > 0).all()
    assert (votes.votes_per_worker > 0).all()
    assert (np.bincount(crowd.species, minlength=votes.n_class) > 0).all()
    assert len(np.unique(votes.author)) == votes.n_worker


def test_authors_vote_on_their_own_observations_and_nobody_votes_twice(crowd):
    votes = crowd.votes
    assert np.array_equal(votes.task[by_author(votes)], np.arange(votes.n_task))
    assert len(np.unique(votes.task.astype(np.int64) * votes.n_worker + votes.worker)) == votes.n_votes


def test_the_truth_is_the_vote_of_an_expert(crowd):
    votes = crowd.votes
    expert = votes.worker < crowd.n_expert
    assert (votes.label[expert] == crowd.truth[votes.task[expert]]).all()
    seen = np.zeros(votes.n_task, dtype=bool)
    seen[votes.task[expert]] = True
    assert np.array_equal(seen, crowd.truth >= 0)
    assert (crowd.truth == crowd.species)[seen].all()


def test_without_experts_their_votes_are_gone_and_nothing_else(crowd):
    votes, rest = crowd.votes, without_experts(crowd)
    expert = votes.worker < crowd.n_expert
    assert rest.n_votes == votes.n_votes - expert.sum()
    assert (rest.worker >= crowd.n_expert).all()
    assert (rest.n_task, rest.n_worker, rest.n_class) == (votes.n_task, votes.n_worker, votes.n_class)
    assert np.array_equal(rest.author, votes.author)
    alone = (votes.votes_per_task == 1) & (votes.author < crowd.n_expert)
    assert np.array_equal(rest.votes_per_task == 0, alone)


def test_a_seed_gives_the_same_bits_and_another_seed_another_crowd():
    once, again, other = flora(3_000, seed=1), flora(3_000, seed=1), flora(3_000, seed=2)
    for name in ("task", "worker", "label", "author", "machine_label", "machine_score"):
        assert np.array_equal(getattr(once.votes, name), getattr(again.votes, name))
        assert not np.array_equal(getattr(once.votes, name), getattr(other.votes, name))
    assert np.array_equal(once.truth, again.truth)
    assert not np.array_equal(once.truth, other.truth)


def test_votes_are_spread_as_published(large_crowd):
    votes, known = large_crowd.votes, large_crowd.truth >= 0
    several = votes.votes_per_task > 1
    assert abs(several.mean() - 1_613_354 / 6_699_593) < 1e-4
    assert abs(several[known].mean() - 17_125 / 26_811) < 0.02
    assert abs((votes.votes_per_worker == 1).mean() - 310_564 / 823_251) < 0.02
    differ = disagreement(votes)
    assert abs(differ.mean() - 67_962 / 6_699_593) < 0.003
    assert abs(differ[known].mean() - 1_263 / 26_811) < 0.01


def test_tails_are_heavy(large_crowd):
    votes = large_crowd.votes
    for count in (votes.votes_per_worker, np.bincount(large_crowd.species)):
        top = np.sort(count)[-len(count) // 100 :]
        assert top.sum() > 0.1 * count.sum()  # one in a hundred has more than a tenth
        assert count.max() > 20 * np.median(count)
    assert votes.votes_per_task.max() > 30


def test_strategies_score_as_on_the_real_crowd(large_crowd):
    votes, truth, known = large_crowd.votes, large_crowd.truth, large_crowd.truth >= 0
    differ = disagreement(votes) & known
    published = {MajorityVote: 0.97, WAWA: 0.98, TwoThird: 0.60, PlantNet: 0.99}
    on_disagreement = {}
    for strategy, accuracy in published.items():
        right = strategy().fit(votes).labels == truth
        assert abs(right[known].mean() - accuracy) < 0.015, strategy
        on_disagreement[strategy] = right[differ].mean()
    assert abs(on_disagreement[PlantNet] - 0.78) < 0.08
    assert on_disagreement[PlantNet] > on_disagreement[WAWA] + 0.1
    assert on_disagreement[PlantNet] > on_disagreement[MajorityVote] + 0.1
    assert abs((TwoThird().fit(votes).labels >= 0).mean() - 0.2343) < 0.01


def test_experienced_users_err_less_and_experts_never(large_crowd):
    votes = large_crowd.votes
    own = by_author(votes)
    wrong = votes.label[own] != large_crowd.species
    often = votes.votes_per_worker[votes.author] > 100
    assert wrong[often].mean() < 0.5 * wrong[~often].mean()
    assert (large_crowd.error[: large_crowd.n_expert] == 0).all()
    expected = np.corrcoef(large_crowd.error[votes.author], wrong)[0, 1]
    assert expected > 0.3


def test_errors_are_neighbouring_species(large_crowd):
    votes = large_crowd.votes
    step = (votes.label - large_crowd.species[votes.task]) % votes.n_class
    step = np.minimum(step, votes.n_class - step)[step > 0]
    share = np.bincount(step, minlength=5)[:5] / len(step)
    np.testing.assert_allclose(share, [0, 1 / 2, 1 / 4, 1 / 8, 1 / 16], atol=0.02)


def test_a_neighbour_is_another_species_to_either_side():
    other = neighbour(np.random.default_rng(0), np.full(40_000, 50), 200) - 50
    assert (other != 0).all()
    assert abs((other > 0).mean() - 0.5) < 0.02
    assert set(neighbour(np.random.default_rng(0), np.zeros(1000, dtype=int), 200)) >= {1, 2, 199, 198}


def test_the_machine_is_surer_where_it_is_right(large_crowd):
    votes = large_crowd.votes
    right = votes.machine_label == large_crowd.species
    assert 0.85 < right.mean() < 0.92
    assert abs(votes.machine_score[right].mean() - 5 / 6.7) < 0.01
    assert abs(votes.machine_score[~right].mean() - 1 / 3) < 0.01
    assert np.array_equal(votes.machine_score, votes.machine_score.round(4))
    score = machine_score(np.random.default_rng(0), np.arange(1000) < 500)
    assert ((score >= 0) & (score <= 1)).all()


def test_each_once_draws_each_and_the_rest_by_weight():
    drawn = each_once(np.random.default_rng(0), np.array([1.0, 0.0, 3.0]), 40_003)
    np.testing.assert_allclose(np.bincount(drawn), [10_001, 1, 30_001], atol=400)
    assert set(drawn[:1000]) == {0, 2}  # shuffled


def test_voters_are_different_users_and_neither_the_author_nor_experts():
    wanted = np.array([0, 1, 5, 3, 0, 2])
    author = np.array([0, 3, 2, 6, 4, 0])
    for seed in range(20):
        task, worker = draw_voters(np.random.default_rng(seed), wanted, author, np.ones(8), n_expert=2)
        assert np.array_equal(np.bincount(task, minlength=6), wanted)
        assert (worker >= 2).all()
        assert (worker != author[task]).all()
        assert len(np.unique(task * 8 + worker)) == wanted.sum()


def test_active_users_vote_more():
    task = np.ones(30_000, dtype=int)
    _, worker = draw_voters(np.random.default_rng(0), task, np.zeros_like(task), np.array([1.0, 1.0, 4.0]), n_expert=0)
    np.testing.assert_allclose(np.bincount(worker) / 30_000, [0, 1 / 9, 8 / 9], atol=0.01)


def test_too_few_votes_are_refused():
    with pytest.raises(VotesError, match="n_votes is 1999: a simulated flora needs at least 2000"):
        flora(1_999)


def test_the_v1_layout_holds_the_crowd(tmp_path, crowd):
    votes = crowd.votes
    write_v1(tmp_path, votes, crowd.truth)

    def read(name):
        return json.loads((tmp_path / name).read_text())

    answers = read("answers/answers.json")
    assert list(answers) == [str(i) for i in range(votes.n_task)]
    rows = sorted((int(i), k, int(j)) for i, given in answers.items() for j, k in given.items())
    assert np.array_equal(np.array(rows).T, [votes.task, votes.label, votes.worker])
    assert np.array_equal(np.loadtxt(tmp_path / "answers/ground_truth.txt", dtype=int), crowd.truth)
    assert np.array_equal(np.loadtxt(tmp_path / "aggregation/authors.txt", dtype=int), votes.author)
    for name, expected in (("ai_answers", votes.machine_label), ("ai_scores", votes.machine_score)):
        found = read(f"aggregation/{name}.json")
        assert list(found) == list(answers)
        assert list(found.values()) == expected.tolist()
    names = read("converters/classes.json")
    assert names == read("aggregation/ai_classes.json")
    assert names == {f"Species number{k}": k for k in range(votes.n_class)}
    assert read("aggregation/k-southwestern-europe.json") == list(names)
    assert read("converters/tasks.json") == {str(1_000_000 + i): i for i in range(votes.n_task)}


def test_pieces_of_any_size_make_the_same_file(tmp_path):
    texts = []
    for size in (1, 3, 10, 100):
        write_object(tmp_path / "x.json", 10, lambda first, last: {str(i): i for i in range(first, last)}, size)
        texts.append((tmp_path / "x.json").read_text())
    assert texts == [json.dumps({str(i): i for i in range(10)})] * 4


def test_the_layout_is_that_of_the_published_example(tmp_path, crowd):
    example = DATA_HOME / "plantnet_swe_mini_v1"
    if not example.is_dir():
        pytest.skip(f"{example} is not there")
    write_v1(tmp_path, crowd.votes, crowd.truth)
    files = {path.relative_to(example) for path in example.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()} == files
    for name in files:
        ours, theirs = (root / name for root in (tmp_path, example))
        if name.suffix == ".json":
            assert shape(json.loads(ours.read_text())) == shape(json.loads(theirs.read_text()))
        else:
            assert ours.read_text().endswith("\n")
            assert len(ours.read_text().splitlines()) == crowd.votes.n_task
            assert len(theirs.read_text().splitlines()) == 4000


def shape(value):
    """The types in a JSON value, down to its first entry."""
    if isinstance(value, dict):
        return {type(key) for key in value}, shape(next(iter(value.values())))
    if isinstance(value, list):
        return [shape(value[0])]
    return type(value)
