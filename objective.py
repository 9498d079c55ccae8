from copy import copy

import numpy as np

from benchmark_utils.harness.answers import check_number, check_score
from benchmark_utils.harness.fresh import FreshObjective
from benchmark_utils.harness.hidden import ForgetsDataset, hide, reveal
from benchmark_utils.harness.version import software, suite
from benchmark_utils.scoring.against_truth import score, score_test
from benchmark_utils.scoring.disagreement import disagreement_scores
from benchmark_utils.scoring.given import give
from benchmark_utils.scoring.kept_scores import pack_scores, task_scores
from benchmark_utils.scoring.right import pack_right
from benchmark_utils.scoring.truth_free import heldout_scores, withheld_votes
from benchmark_utils.scoring.workers import skill_correlation
from benchmark_utils.votes.description import in_a_line
from benchmark_utils.votes.digest import digest
from benchmark_utils.votes.frozen import read_only

_IN_A_LINE = {}  # of the crowds of this process, by their hash


class Objective(ForgetsDataset, FreshObjective):
    """How well aggregated labels recover the truth. docs/columns.md defines every column.

    With `heldout_share` the votes of this share of the workers, drawn anew in each repetition, are withheld from the
    solvers, and two more columns say how well a result predicts them. Every column is then of the votes that are left.

    With `known_share` this share of the known truths, drawn anew in each repetition, is given to the strategies that
    have a place for it. Every column is then of the other tasks, for the strategies that have none as well.
    """

    name = "Crowdsourced label aggregation"
    url = "https://github.com/benchmark-crowd-labels/benchmark_crowd_labels"
    min_benchopt_version = "1.10"
    requirements = ["numpy", "scipy", "pandas"]
    sampling_strategy = "run_once"
    parameters = {"heldout_share": [0], "known_share": [0]}
    test_config = {"dataset": {"name": "simulated"}}

    @property
    def parameter_template(self):
        return ",".join(f"{share}={{{share}}}" for share in self.parameters if getattr(self, share))

    def __repr__(self):
        """A share of 0 is no part of the name: results from before there was the parameter have no other."""
        return super().__repr__() if self.parameter_template else self.name

    def skip(self, missing=None, votes=None, truth=None, **data):
        """Skip also where no votes can be withheld, or no truths be given."""
        return super().skip(missing=missing or self.why_not_withheld(votes) or self.why_not_given(truth), **data)

    def why_not_withheld(self, votes):
        if not 0 <= self.heldout_share < 1:
            return f"heldout_share is {self.heldout_share}: it is a share of the workers, from 0 to below 1"
        if self.heldout_share and np.count_nonzero(votes.votes_per_worker) < 2:
            return "one worker gave all the votes, so that none can be withheld"
        return None

    def why_not_given(self, truth):
        if not 0 <= self.known_share < 1:
            return f"known_share is {self.known_share}: it is a share of the known truths, from 0 to below 1"
        n_known = np.count_nonzero(np.asarray(truth) >= 0) if self.known_share else 2
        if n_known < 2:
            return f"{n_known} of its truths is known: with known_share one is given and another is scored"
        return None

    def set_data(
        self, votes, truth, tasks=None, test_tasks=None, test_truth=None, confusion=None, missing=None, files=None
    ):
        """Take what a dataset brings.

        Parameters
        ----------
        votes : Votes
        truth : int64, (n_task,)
            -1 where unknown.
        tasks, test_tasks : arrays of features or images, (n_task, ...) and (n_test, ...), optional
        test_truth : int64, (n_test,), optional
        confusion : (n_worker, n_class, n_class), optional
            A simulator's true confusion matrices; no solver sees them.
        files : str, optional
            Fingerprint of the files that all this was read from, which `skip` has noted.
        """
        self.votes, withheld = votes, None
        if self.heldout_share:
            mask = withheld_votes(votes, self.heldout_share, self.get_seed(use_repetition=True))
            self.votes, withheld = votes.keep(~mask), votes.keep(mask)
        self.tasks, self.test_tasks = (None if t is None else read_only(t) for t in (tasks, test_tasks))
        hashed = digest(votes, truth)
        if hashed not in _IN_A_LINE:  # of nine million votes it takes seconds, and every run comes by here
            _IN_A_LINE[hashed] = in_a_line(votes, truth)
        self.provenance = dict(data=hashed, crowd=_IN_A_LINE[hashed], suite=suite(), software=software())
        self.known = None
        if self.known_share:
            known, truth = give(truth, self.known_share, self.get_seed(use_repetition=True))
            self.known, self.provenance["data"] = read_only(known), digest(votes, truth)  # scored on other tasks
        hide(self, truth, test_truth, withheld, confusion)

    def get_objective(self):
        """What a solver sees: what it cannot change for the others; no vote withheld, no truth that is not given."""
        shown = dict(votes=copy(self.votes), tasks=self.tasks, test_tasks=self.test_tasks)
        return shown if self.known is None else shown | dict(known=self.known)

    def evaluate_result(
        self, labels, soft=None, n_iter=0, converged=True, test_proba=None, task_score=None, worker_score=None
    ):
        truth, test_truth, withheld, confusion = reveal(self)
        scores = score(self.votes, truth, labels, soft, self.known)
        scores |= score_test(test_proba, test_truth)
        if withheld is not None:
            scores |= heldout_scores(self.votes, withheld, labels, soft, self.known)
        scores |= disagreement_scores(
            self.votes, self.votes if withheld is None else withheld, labels, soft, self.known
        )
        n_iter, converged = check_number(n_iter, "n_iter"), check_number(converged, "converged", highest=1)
        task_score = task_scores(check_score(task_score, "task_score", self.votes.n_task), soft)
        worker_score = check_score(worker_score, "worker_score", self.votes.n_worker)
        scores["skill_correlation"] = skill_correlation(self.votes, confusion, worker_score)
        if not converged:  # a text for each point of a curve would make a result ten times as large
            task_score = worker_score = None
        scores["worker_scores"] = pack_scores(worker_score, self.votes.votes_per_worker)
        scores["task_scores"] = pack_scores(task_score, self.votes.votes_per_task)
        scores |= dict(n_iter=n_iter, converged=converged, right=pack_right(truth, labels))
        return dict(value=1 - scores["acc_train"], **scores, **self.provenance)

    def get_one_result(self):
        return dict(labels=np.zeros(self.votes.n_task, dtype=np.int64))
