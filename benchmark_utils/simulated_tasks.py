"""Simulated crowds whose workers are classifiers that look at points of the plane (thesis, section 2.2.3).

The thesis names the data and the workers but gives few of their parameters. Those here were chosen so that the best
worker is as good as it is there: 0.84 on the held-out three circles, 0.923 and 0.900 on the two moons. scikit-learn
is imported when a crowd is made.
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
    """750 points of three classes, 525 of which are tasks; a third circle crosses the two others to the north-east.

    Two concentric circles of radius 1 and 0.5 and a third of radius 0.9 around (0.5, 0.5), with noise 0.1. The workers,
    fitted to the truth of the tasks, are a linear SVC, an RBF SVC with a wide kernel, whose borders are too smooth, and
    gradient boosted trees, the best of the three.
    """
    from sklearn.datasets import make_circles
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.svm import SVC, LinearSVC

    random = np.random.RandomState(seed)
    pair, pair_class = make_circles(500, noise=0.1, factor=0.5, random_state=random)
    third, _ = make_circles((0, 250), noise=0.1, factor=0.9, random_state=random)
    points = np.concatenate([pair, third + 0.5])
    classes = np.concatenate([pair_class, np.full(250, 2)])
    workers = [
        LinearSVC(random_state=random),
        SVC(gamma=0.1, random_state=random),
        GradientBoostingClassifier(random_state=random),
    ]
    return vote(points, classes, workers, random)


def two_moons(seed=0) -> TaskCrowd:
    """500 points of two crescents with noise 0.2, 350 of which are tasks: ambiguity that no pruning should touch.

    The workers, fitted to the truth of the tasks, are a linear SVC, an RBF SVC stopped after one iteration, which is
    mostly wrong, and ten small gradient boosted trees.
    """
    from sklearn.datasets import make_moons
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.svm import SVC, LinearSVC

    random = np.random.RandomState(seed)
    points, classes = make_moons(500, noise=0.2, random_state=random)
    workers = [
        LinearSVC(random_state=random),
        SVC(max_iter=1, random_state=random),
        GradientBoostingClassifier(n_estimators=10, max_depth=2, random_state=random),
    ]
    return vote(points, classes, workers, random)


def vote(points, classes, workers, random) -> TaskCrowd:
    """Fit the workers to a random 70 % of the points, which are the tasks; each votes on all of these."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    order = random.permutation(len(points))
    n_task = round(0.7 * len(points))
    tasks, truth = points[order[:n_task]], classes[order[:n_task]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one worker is stopped early on purpose
        answers = [worker.fit(tasks, truth).predict(tasks) for worker in workers]
    votes = Votes.from_matrix(np.stack(answers, axis=1), n_class=int(classes.max()) + 1)
    held_out = order[n_task:]
    return TaskCrowd(
        votes, truth, tasks.astype(np.float32), points[held_out].astype(np.float32), classes[held_out].astype(np.int64)
    )


TASK_SCENARIOS = {"three_circles": three_circles, "two_moons": two_moons}
