"""Fewer votes per task, and spammers: what is drawn, from what, and that a seed gives the same bits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from benchmark_utils.crowds.varied import add_spammers, draw_votes, vary
from benchmark_utils.votes import Encoding, Votes, VotesError


def triples(votes):
    return list(zip(votes.task.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True))


@pytest.fixture
def uneven():
    """Tasks with 5, 0, 1, 3 votes; attributes; a worker, 3, who never voted."""
    return Votes(
        [0, 0, 0, 0, 0, 2, 3, 3, 3], [0, 1, 2, 4, 5, 0, 1, 2, 4], [0, 1, 2, 0, 0, 1, 1, 1, 0], 4, 6, 3,
        author=[0, 3, -1, 5], machine_label=[0, -1, 2, 1], machine_score=[0.5, np.nan, 1, 0],
        encoding=Encoding(np.array(list("abcd")), np.arange(10, 16), np.array(["x", "y", "z"])), n_repeated=7,
    )  # fmt: skip


@pytest.mark.parametrize(("votes_per_task", "expected"), [(1, [1, 0, 1, 1]), (2, [2, 0, 1, 2]), (5, [5, 0, 1, 3])])
def test_each_task_keeps_so_many_votes_of_its_own(uneven, votes_per_task, expected):
    drawn = draw_votes(uneven, votes_per_task, seed=0)
    assert drawn.votes_per_task.tolist() == expected
    assert set(triples(drawn)) <= set(triples(uneven))
    assert (drawn.n_task, drawn.n_worker, drawn.n_class, drawn.n_repeated) == (4, 6, 3, 7)
    for name in ("author", "machine_label", "machine_score"):
        np.testing.assert_array_equal(getattr(drawn, name), getattr(uneven, name))
    assert drawn.encoding is uneven.encoding


def test_every_set_of_votes_is_equally_likely(uneven):
    """Three of the five votes of task 0: ten sets, drawn 2,000 times."""
    sets = {}
    for seed in range(2_000):
        drawn = draw_votes(uneven, 3, seed)
        workers = tuple(drawn.worker[drawn.task == 0])
        sets[workers] = sets.get(workers, 0) + 1
    assert len(sets) == 10
    assert chisquare(list(sets.values())).pvalue > 1e-3


def test_fewer_votes_are_among_more(random_votes):
    votes, _ = random_votes()
    for seed in range(3):
        drawn = [set(triples(draw_votes(votes, r, seed))) for r in (1, 2, 3, 4)]
        assert drawn[0] < drawn[1] < drawn[2] < drawn[3]


def test_the_same_seed_gives_the_same_bits_and_another_does_not(random_votes):
    votes, _ = random_votes()
    first, again, other = (vary(votes, 3, 0.4, seed) for seed in (5, 5, 6))
    assert triples(first) == triples(again)
    assert triples(first) != triples(other)


def test_spammers_make_up_the_share_and_answer_as_many_tasks_as_workers_do(uneven):
    """Five workers vote, on 2, 2, 2, 2 and 1 tasks; half spammers are five more."""
    votes = add_spammers(uneven, 0.5, seed=1)
    assert votes.n_worker == 11
    workload = votes.votes_per_worker
    np.testing.assert_array_equal(workload[:6], uneven.votes_per_worker)
    assert set(workload[6:]) <= {1, 2}
    assert set(triples(uneven)) <= set(triples(votes))
    assert votes.votes_per_task[1] == 0  # nobody was asked
    assert len(set(zip(votes.task.tolist(), votes.worker.tolist(), strict=True))) == votes.n_votes
    assert votes.encoding.workers.tolist() == [10, 11, 12, 13, 14, 15, *(f"spammer {j}" for j in range(1, 6))]
    np.testing.assert_array_equal(votes.author, uneven.author)
    np.testing.assert_array_equal(votes.machine_score, uneven.machine_score)


def test_spammers_workloads_are_drawn_from_the_workers(uneven):
    """Four workers in five answer two tasks, the fifth answers one."""
    workload = add_spammers(uneven, 0.999, seed=2).votes_per_worker[6:]
    assert len(workload) == 4995
    assert chisquare(np.bincount(workload)[1:], [999, 3996]).pvalue > 1e-3


@pytest.mark.parametrize(("share", "n_spammer"), [(0, 0), (0.1, 1), (0.25, 4), (0.5, 12), (0.9, 108)])
def test_the_number_of_spammers(random_votes, share, n_spammer):
    votes, _ = random_votes(n_worker=12)
    assert add_spammers(votes, share, seed=0).n_worker == 12 + n_spammer


def test_spammers_answers_and_tasks_are_uniform(random_votes):
    votes, _ = random_votes(n_task=50, n_class=4)
    spam = add_spammers(votes, 0.99, seed=3)
    is_spam = spam.worker >= votes.n_worker
    assert is_spam.sum() > 10_000
    assert chisquare(np.bincount(spam.label[is_spam], minlength=4)).pvalue > 1e-3
    assert chisquare(np.bincount(spam.task[is_spam], minlength=50)).pvalue > 1e-3


def test_a_worker_with_two_answers_to_a_task_has_answered_one():
    votes = Votes([0, 0, 1], [0, 0, 1], [0, 1, 0], 2, 2, 2)
    assert add_spammers(votes, 0.9, seed=0).votes_per_worker[2:].tolist() == [1] * 18


def test_spammers_come_before_the_votes_are_drawn(random_votes):
    votes, _ = random_votes(n_task=500)
    few = vary(votes, 2, 0.5, seed=0)
    assert few.votes_per_task.tolist() == [2] * 500
    assert 0.4 < np.mean(few.worker >= votes.n_worker) < 0.6


def test_none_and_zero_change_nothing(uneven):
    assert vary(uneven) is uneven
    assert vary(uneven, None, 0.0, seed=3) is uneven


def test_without_an_encoding_there_are_no_names(uneven):
    assert vary(replace(uneven, encoding=None), 2, 0.5, seed=0).encoding is None


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "a", float("nan")])
def test_wrong_votes_per_task(uneven, wrong):
    with pytest.raises(VotesError, match=r"votes_per_task is .* whole number from 1"):
        vary(uneven, wrong, 0)


@pytest.mark.parametrize("wrong", [1, -0.1, "a", float("nan")])
def test_wrong_spammer_share(uneven, wrong):
    with pytest.raises(VotesError, match=r"spammer_share is .* from 0 that is below 1"):
        vary(uneven, None, wrong)


# The dataset


@pytest.fixture
def load_varied(benchmark):
    """`load_varied(repetition=0, crowd=..., ...)`: what `get_data` returns in a run."""
    from benchopt.utils.run_context import RunContext

    (dataset_class,) = benchmark.check_dataset_patterns(["varied"], class_only=True)

    def load(repetition=0, **parameters):
        dataset = dataset_class.get_instance(**parameters)
        dataset._run_context = RunContext(base_seed="0", dataset_name=str(dataset), repetition=repetition)
        return dataset.get_data()

    return load


def test_a_crowd_of_files_by_its_name(load_data, load_varied):
    original = load_data("bluebirds")
    data = [load_varied(repetition, crowd="bluebirds", votes_per_task=5) for repetition in (0, 0, 1)]
    first, again, other = (triples(one["votes"]) for one in data)
    assert set(first) < set(triples(original["votes"]))
    assert set(data[0]["votes"].votes_per_task) == {5}
    assert first == again
    assert first != other
    np.testing.assert_array_equal(data[0]["truth"], original["truth"])


def test_a_crowd_of_the_literature_by_its_name(load_varied):
    data = load_varied(crowd="dog", votes_per_task=3)
    if "label.csv is not in" in data.get("missing", ""):
        pytest.skip(data["missing"])
    assert (data["votes"].n_task, set(data["votes"].votes_per_task)) == (807, {3})


@pytest.mark.parametrize("form", ["local[path={}]", "local[path:{}]"])
def test_a_name_with_a_parameter(load_varied, tmp_path, form):
    (tmp_path / "label.csv").write_text("item,worker,label\n1,1,0\n1,2,1\n")
    assert triples(load_varied(crowd=form.format(tmp_path))["votes"]) == [(0, 0, 0), (0, 1, 1)]


def test_a_name_without_its_parameter_has_the_default(load_data, load_varied):
    original = load_data("local", path="examples/animals")
    assert triples(load_varied(crowd="local")["votes"]) == triples(original["votes"])


def test_what_benchopt_makes_of_a_command_line(benchmark):
    pattern = "varied[crowd=[dog,'local[path=examples/animals]'],votes_per_task=[3,None]]"
    ((_, parameters),) = benchmark.check_dataset_patterns([pattern])
    assert parameters["crowd"] == ["dog", "local[path:examples/animals]"]
    assert parameters["votes_per_task"] == [3, None]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "varied needs a crowd; usage"),
        ({"crowd": "nobody"}, "'nobody' is neither a crowd of the literature nor a dataset of files; usage"),
        ({"crowd": "simulated"}, "'simulated' is neither"),
        ({"crowd": "varied"}, "'varied' is neither"),
        ({"crowd": "local[folder=x]"}, "local has no parameter folder"),
        ({"crowd": "local[path=/no/such/folder]"}, "there is no folder /no/such/folder"),
        ({"crowd": "local", "votes_per_task": 0}, "votes_per_task is 0"),
    ],
)
def test_what_cannot_be_varied_is_a_reason_not_an_error(load_varied, parameters, message):
    assert message in load_varied(**parameters)["missing"]
