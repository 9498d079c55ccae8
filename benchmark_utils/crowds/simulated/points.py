"""Simulated crowds whose workers are classifiers that look at points of the plane (thesis, section 2.2.3).

The thesis names the data and the workers but gives few of their parameters: on the two moons one SVC stops after one
iteration. Those here, the same workers for both, were chosen so that the best worker is as good as it is there, 0.84
on the held-out part of the three circles, 0.923 on the tasks and 0.900 on the held-out part of the two moons, and
MV about as good on the three circles. scikit-learn is imported when a crowd is made.
"""

from typing import NamedTuple

import numpy as np

from benchmark_utils.votes import Votes


class TaskCrowd(NamedTuple):
    """A simulated crowd whose tasks can be seen.

    Attributes
    ----------
    votes : Votes
        Every worker votes on every task.
    truth : int64, (n_task,)
    tasks : float32, (n_task, 2)
    test_tasks : float32, (n_test, 2)
    test_truth : int64, (n_test,)
    """

    votes: Votes
    truth: np.ndarray
    tasks: np.ndarray
    test_tasks: np.ndarray
    test_truth: np.ndarray


def three_circles(seed=0) -> TaskCrowd:
    """750 points of three classes, 525 of which are tasks; the third circle crosses the two others to the north-east.

    Two concentric circles of radius 1 and 0.3 and a third of radius 1 around (0.7, 0.7), with noise 0.1.
    """
    from sklearn.datasets import make_circles

    random = np.random.RandomState(seed)
    pair, pair_class = make_circles(500, noise=0.1, factor=0.3, random_state=random)
    third, _ = make_circles((250, 0), noise=0.1, random_state=random)
    points = np.concatenate([pair, third + 0.7])
    return vote(points, np.concatenate([pair_class, np.full(250, 2)]), random)


def two_moons(seed=0) -> TaskCrowd:
    """500 points of two crescents with noise 0.2, 350 of which are tasks: ambiguity that no pruning should touch."""
    from sklearn.datasets import make_moons

    random = np.random.RandomState(seed)
    points, classes = make_moons(500, noise=0.2, random_state=random)
    return vote(points, classes, random)


def vote(points, classes, random) -> TaskCrowd:
    """Fit three workers to a random 70 % of the points, which are the tasks; each votes on all of these.

    They are a linear SVC, an RBF SVC stopped after one iteration, and ten small gradient boosted trees, the best.
    """
    import warnings

    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVC, LinearSVC

    order = random.permutation(len(points))
    tasks, held_out = np.split(order, [round(0.7 * len(points))])
    workers = [
        LinearSVC(random_state=random),
        SVC(max_iter=1, random_state=random),
        GradientBoostingClassifier(n_estimators=10, max_depth=2, random_state=random),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one is stopped early on purpose
        answers = [worker.fit(points[tasks], classes[tasks]).predict(points[tasks]) for worker in workers]
    votes = Votes.from_matrix(np.stack(answers, axis=1), n_class=int(classes.max()) + 1)
    points, classes = points.astype(np.float32), classes.astype(np.int64)
    return TaskCrowd(votes, classes[tasks], points[tasks], points[held_out], classes[held_out])


TASK_SCENARIOS = {"three_circles": three_circles, "two_moons": two_moons}
