"""What an iteration on partitions reads and draws: docs/scale.md says how many bytes, and no pass takes more."""

import numpy as np
import pytest

from benchmark_utils.crowds.simulated.flora import flora
from benchmark_utils.strategies.partitioned import PARTITIONED
from benchmark_utils.strategies.steps.pairs import Pairs
from benchmark_utils.strategies.steps.scratch import Scratch
from benchmark_utils.strategies.steps.voted_posterior import weighted_vote
from benchmark_utils.votes.partition_writing import write_partitions

READS = {
    "OneCoinDS": lambda n: 4 * n["V"] + 8 * n["P"] + 4 * n["T"] + 4 * n["W'"],
    "CRH": lambda n: 4 * n["V"] + 8 * n["P"] + 4 * n["T"] + 4 * n["W'"],
    "DS": lambda n: 4 * n["M"] + 8 * n["P"] + 4 * n["T"],
    "MACE": lambda n: 4 * n["V"] + 8 * n["P"] + 4 * n["T"] + 4 * n["S'"],
}


@pytest.fixture(scope="module")
def crowd():
    return flora(20_000, seed=2).votes


@pytest.fixture(scope="module")
def parts(crowd, tmp_path_factory):
    return write_partitions(crowd, tmp_path_factory.mktemp("parts") / "of", votes_per_partition=5_000)


def sizes(votes, parts):
    """The letters of docs/scale.md, counted."""
    task_and_label, n_pairs = np.unique(votes.task_and_label), np.zeros(votes.n_task, int)
    np.add.at(n_pairs, task_and_label // votes.n_class, 1)
    return {
        "V": votes.n_votes,
        "T": votes.n_task,
        "P": len(task_and_label),
        "W'": sum(len(np.unique(part.worker)) for part in parts),
        "S'": sum(len(np.unique(part.worker_and_label)) for part in parts),
        "M": int(n_pairs[votes.task].sum()),
    }


@pytest.mark.parametrize("name", READS)
def test_an_iteration_reads_the_bytes_that_the_page_says(name, crowd, parts, monkeypatch):
    n_read, load = [], Scratch.load

    def counting(self, index, *names):
        arrays = load(self, index, *names)
        n_read.extend(array.nbytes for array in arrays)
        return arrays

    one_run = dict(restarts=1) if name == "MACE" else {}
    points = PARTITIONED[name](**one_run).iterate(parts, tol=-1)
    next(points)
    monkeypatch.setattr(Scratch, "load", counting)
    next(points)
    ends = 8 * len(parts)  # where the last pair's votes end, and the last task's pairs
    assert sum(n_read) == READS[name](sizes(crowd, parts)) + ends


def test_numbers_are_drawn_for_tasks_only_where_a_class_without_votes_may_win(crowd):
    pairs, weight = Pairs(crowd), np.ones(crowd.n_worker)
    weighted_vote(pairs, weight).labels(0)
    assert "of_tasks" not in vars(pairs.draws(0))
    weighted_vote(pairs, -weight).labels(0)
    assert "of_tasks" in vars(pairs.draws(0))
