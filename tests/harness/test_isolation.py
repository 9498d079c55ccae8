"""One solver must not touch another: what it is given cannot be written, what it answers is checked."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from benchmark_utils.scoring.kept_scores import unpack_scores
from benchmark_utils.votes import Encoding, Votes
from benchmark_utils.votes.labels import check_soft
from tests.conftest import ROOT

N_TASK, N_CLASS = 3, 4


def arrays_of(votes):
    names = ("task", "worker", "label", "author", "machine_label", "machine_score")
    arrays = {name: getattr(votes, name) for name in names}
    return arrays | {name: getattr(votes.encoding, name) for name in ("tasks", "workers", "classes")}


@pytest.fixture
def votes():
    encoding = Encoding(np.arange(3), np.array(["a", 7], object), np.array(list("klmn")))
    more = dict(author=[0, -1, 1], machine_label=[3, 0, -1], machine_score=[0.5, 1, np.nan], encoding=encoding)
    return Votes([0, 0, 1, 2], [0, 1, 1, 0], [1, 2, 0, 3], N_TASK, 2, N_CLASS, **more)


def refuses_to_be_written(array):
    with pytest.raises(ValueError, match="read-only"):
        array[0] = array[1]
    for view in (array, array[:], array.view(), array.reshape(-1)):
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            view.setflags(write=True)
    assert not hasattr(array.base, "setflags")


# What a solver is given


@pytest.mark.parametrize("how", ["new", "keep", "replace"])
def test_votes_cannot_be_written(votes, how):
    votes = {
        "new": lambda: votes,
        "keep": lambda: votes.keep(np.array([True, False, True, True])),
        "replace": lambda: replace(votes, n_class=9),
    }[how]()
    for array in arrays_of(votes).values():
        refuses_to_be_written(array)


def test_votes_leave_the_arrays_that_they_were_given(votes):
    given = np.arange(3)
    made = Votes(given, given * 0, given * 0, 3, 1, 1)
    given[:] = 0
    assert made.task.tolist() == [0, 1, 2]


def test_frozen_votes_are_not_copied_again(votes):
    again, copied = replace(votes, n_class=9), votes.keep(votes.task > 0)
    for name, array in arrays_of(votes).items():
        assert np.shares_memory(array, arrays_of(again)[name]), name
    for name in ("author", "machine_label", "machine_score"):
        assert np.shares_memory(getattr(votes, name), getattr(copied, name)), name


def test_tasks_cannot_be_written_and_are_not_copied(benchmark, votes):
    objective = benchmark.get_benchmark_objective().get_instance()
    tasks, test_tasks = np.zeros((3, 2, 4, 4), dtype=np.uint8), np.zeros((5, 2))
    objective.set_data(votes=votes, truth=np.zeros(3, int), tasks=tasks, test_tasks=test_tasks)
    shown = objective.get_objective()
    for name, given in (("tasks", tasks), ("test_tasks", test_tasks)):
        refuses_to_be_written(shown[name])
        assert np.shares_memory(shown[name], given)


def test_what_a_solver_sets_on_its_votes_is_its_own(benchmark, votes):
    objective = benchmark.get_benchmark_objective().get_instance()
    objective.set_data(votes=votes, truth=np.zeros(3, int))
    vars(objective.get_objective()["votes"])["label"] = None
    assert objective.get_objective()["votes"].label.tolist() == [1, 2, 0, 3]


# Sparse soft labels that would have scipy read foreign memory

BROKEN = {
    "a negative column": dict(indices=[0, -1, 3]),
    "a column too large": dict(indices=[0, 1, N_CLASS]),
    "a column far too large": dict(indices=[0, 1, 2**40]),
    "columns as fractions": dict(indices=np.array([0.0, 1, 2])),
    "columns as objects": dict(indices=np.array([0, 1, None])),
    "columns in a table": dict(indices=np.array([[0, 1, 2]])),
    "too few columns": dict(indices=[0, 1]),
    "indptr that decreases": dict(indptr=[0, 2, 1, 3]),
    "a negative indptr": dict(indptr=[0, -5, 1, 3]),
    "indptr that starts late": dict(indptr=[1, 1, 2, 3]),
    "indptr beyond the entries": dict(indptr=[0, 1, 2, 10**9]),
    "indptr beyond and back": dict(indptr=[0, 10**9, 2, 3]),
    "indptr too short": dict(indptr=[0, 1, 3]),
    "indptr as fractions": dict(indptr=np.array([0, 1.0, 2, 3])),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_a_broken_sparse_soft_label_is_refused_in_words(name, index_type):
    soft = sparse.csr_array(np.eye(N_TASK, N_CLASS))
    soft.indices, soft.indptr = soft.indices.astype(index_type), soft.indptr.astype(index_type)
    for part, values in BROKEN[name].items():
        setattr(soft, part, np.asarray(values))
    with pytest.raises(ValueError, match=r"^soft.*(indptr|indices)"):
        check_soft(soft, N_TASK, N_CLASS)


def test_the_tasks_of_bad_columns_are_named():
    soft = sparse.csr_array(np.eye(N_TASK, N_CLASS))
    soft.indices[2] = 7
    with pytest.raises(ValueError, match=r"indices is outside \[0, 4\) for task 2, found \[7\]"):
        check_soft(soft, N_TASK, N_CLASS)
    soft = sparse.csr_array(np.eye(N_TASK, N_CLASS))
    soft.indptr[1] = 99
    with pytest.raises(ValueError, match=r"indptr does not rise from 0 to at most 3: task 0, 1"):
        check_soft(soft, N_TASK, N_CLASS)


@pytest.mark.parametrize("row", [-1, N_TASK, 2**40])
def test_a_broken_coo_array_is_refused(row):
    soft = sparse.coo_array(np.eye(N_TASK, N_CLASS))
    soft.coords = (np.array([0, row, 1]), soft.coords[1])
    with pytest.raises(ValueError, match="index"):
        check_soft(soft, N_TASK, N_CLASS)
    with pytest.raises(ValueError, match="csc array: it needs a csr_array"):
        check_soft(sparse.csc_array(np.eye(N_TASK, N_CLASS)), N_TASK, N_CLASS)


def test_a_sound_sparse_soft_label_is_taken_as_it_is():
    soft = sparse.csr_array(np.array([[0.5, 0, 0.5, 0], [0, 0, 0, 0], [0, 0, 0, 1]]))
    soft.indices, soft.data = np.append(soft.indices, 99), np.append(soft.data, 99)  # beyond the last row
    checked = check_soft(soft, N_TASK, N_CLASS)
    assert checked.toarray().tolist() == [[0.5, 0, 0.5, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert np.shares_memory(checked.data, soft.data)


# What a solver answers


@pytest.mark.parametrize("name", ["task_score", "worker_score"])
@pytest.mark.parametrize("score", [lambda: 0, [1.0], [[1.0, 2, 3]], ["a", "b", "c"], [1j, 0, 0], [0, 0, np.inf], {}])
def test_an_odd_score_is_refused_at_every_point(benchmark, votes, name, score):
    objective = benchmark.get_benchmark_objective().get_instance()
    three_workers = replace(votes, n_worker=3)
    objective.set_data(votes=three_workers, truth=np.zeros(3, int))
    with pytest.raises(ValueError, match=f"{name} is .*: it needs .*numbers"):
        objective.evaluate_result(labels=np.zeros(3, int), **{name: score})
    objective.evaluate_result(labels=np.zeros(3, int), **{name: pd.Series([1, np.nan, 3])})


# What a solver answers, and where it looks, through `benchopt run`

HOSTILE = '''
"""Answers of odd types, and looks for the truth."""
import numpy as np
import pandas as pd
from benchopt import BaseSolver
from scipy import sparse


def crash(votes):
    soft = sparse.csr_array(np.eye(votes.n_task, votes.n_class))
    soft.indices[:] = -(2**30)
    return dict(soft=soft)


def write(votes, tasks):
    for array in (votes.task, votes.label, tasks):
        for attempt in (array, array.base):
            try:
                attempt.setflags(write=True)
                array[:] = 0
            except (ValueError, AttributeError):
                pass
    vars(votes)["label"] = votes.label * 0
    return {}


class Gone:
    def __array__(self, *arguments, **options):
        raise SystemExit(3)


ANSWERS = dict(
    crash=crash,
    lambda_score=lambda votes: dict(task_score=lambda: 0),
    short_score=lambda votes: dict(worker_score=np.zeros(votes.n_worker - 1)),
    text_score=lambda votes: dict(worker_score=["a"] * votes.n_worker),
    infinite_score=lambda votes: dict(task_score=np.full(votes.n_task, np.inf)),
    series_score=lambda votes: dict(task_score=pd.Series(np.arange(votes.n_task)), n_iter=np.int8(3)),
    plain_score=lambda votes: dict(worker_score=[np.nan] * votes.n_worker, converged=np.True_),
    text_iterations=lambda votes: dict(n_iter="3"),
    many_iterations=lambda votes: dict(n_iter=[1, 2]),
    twice_converged=lambda votes: dict(converged=2),
    object_labels=lambda votes: dict(labels=np.zeros(votes.n_task, object)),
    no_labels=lambda votes: dict(labels=lambda: 0),
    text_soft=lambda votes: dict(soft="certain"),
    gone=lambda votes: dict(worker_score=Gone()),
    unknown=lambda votes: dict(truth=1),
)


class Solver(BaseSolver):
    name = "Hostile"
    sampling_strategy = "run_once"
    parameters = {"answer": ["write", "look", *ANSWERS]}

    def set_objective(self, votes, tasks, test_tasks):
        self.votes, self.tasks = votes, tasks

    def run(self, n_iter):
        self.answer_with = dict(labels=np.zeros(self.votes.n_task, dtype=int))

    def get_result(self):
        if self.answer == "write":
            return self.answer_with | write(self.votes, self.tasks)
        if self.answer == "look":
            for name in ("truth", "_dataset", "votes", "test_truth"):
                try:
                    print("FOUND", name, getattr(self._objective, name))
                except AttributeError as error:
                    print("NOT FOUND", error)
            return self.answer_with
        return self.answer_with | ANSWERS[self.answer](self.votes)
'''

LOOKS_BY_CALLBACK = '''
import numpy as np
from benchopt import BaseSolver
from benchopt.stopping_criterion import NoCriterion


def truths(thing, depth=4, seen=None):
    """Where an array or a dataset hangs on the objective, by attributes, closures and dictionaries."""
    seen = set() if seen is None else seen
    if id(thing) in seen or depth == 0:
        return
    seen.add(id(thing))
    for name, value in list(getattr(thing, "__dict__", {}).items()):
        if isinstance(value, np.ndarray) and value.dtype == np.int64 or type(value).__name__ == "Dataset":
            yield name
        yield from truths(value, depth - 1, seen)
    if isinstance(thing, dict):
        for value in list(thing.values()):
            yield from truths(value, depth - 1, seen)
    for cell in getattr(thing, "__closure__", None) or ():
        yield from truths(cell.cell_contents, depth - 1, seen)


class Solver(BaseSolver):
    name = "Looks"
    sampling_strategy = "callback"
    stopping_criterion = NoCriterion()

    def set_objective(self, votes, tasks, test_tasks):
        self.votes = votes

    def run(self, callback):
        assert type(callback.objective).__name__ == "Objective"
        print("FOUND", sorted(set(truths(callback.objective)) | set(truths(self))))
        callback()

    def get_result(self):
        return dict(labels=np.zeros(self.votes.n_task, dtype=int))
'''

SOUND = ["write", "look", "series_score", "plain_score"]


def run_beside(tmp_path, text, *options):
    """`benchopt run` of MV before and after a solver: the output, and the results, None where there are none."""
    path = tmp_path / "hostile.py"
    path.write_text(text)
    output = tmp_path / "results.parquet"
    command = [sys.executable, "-m", "benchopt", "run", str(ROOT), "-d", "simulated[scenario=two_moons]"]
    command += ["-s", "MV", "-s", str(path), "-s", "NS", "-r", "1", "--no-plot", "--no-cache", "--output", str(output)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "BENCHOPT_RAISE_ON_ERROR": "0"}
    run = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)
    return run.stdout + run.stderr, pd.read_parquet(output) if output.exists() else None


@pytest.mark.parametrize("options", [(), ("-j", "2")], ids=["alone", "-j 2"])
def test_a_hostile_solver_costs_itself_alone(tmp_path, options):
    pytest.importorskip("sklearn", reason="the crowd with tasks needs scikit-learn")
    said, results = run_beside(tmp_path, HOSTILE, *options)
    assert results is not None, said[-3000:]
    names = results["solver_name"].str.replace(r"Hostile\[answer=(\w+)\]", r"\1", regex=True)
    assert sorted(names) == sorted(["MV", "NS", *SOUND]), said[-3000:]
    assert "FOUND" in said
    assert "\nFOUND" not in said.replace("NOT FOUND", "")
    scores = results.assign(solver_name=names).set_index("solver_name")
    assert scores["objective_acc_train"]["MV"] > 0.6
    assert scores["objective_acc_train"]["NS"] > 0.6  # after labels were written over
    assert "final_results" not in scores  # pickles
    assert np.isnan(unpack_scores(scores["objective_worker_scores"]["plain_score"])[0]).all()
    assert unpack_scores(scores["objective_task_scores"]["series_score"])[0] == pytest.approx(np.arange(350), abs=0.01)


def test_no_truth_hangs_on_what_a_callback_knows(tmp_path):
    pytest.importorskip("sklearn", reason="the crowd with tasks needs scikit-learn")
    said, results = run_beside(tmp_path, LOOKS_BY_CALLBACK)
    assert sorted(results["solver_name"]) == ["Looks", "MV", "NS"], said[-3000:]
    assert "FOUND []" in said
