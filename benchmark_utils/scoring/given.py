"""Which truths are given to the strategies, and which are left to score them by."""

import numpy as np


def give(truth, share, seed=0) -> tuple[np.ndarray, np.ndarray]:
    """The truths of this share of the tasks that have one, drawn at random, and the other truths.

    At least one truth is given, and at least one is left.

    Parameters
    ----------
    truth : int array, (n_task,)
        -1 where it is not known.
    share : float
        In (0, 1).
    seed : int

    Returns
    -------
    given, left : int64, (n_task,)
        -1 where a truth is not known, or is in the other of the two.

    Raises
    ------
    ValueError
        A share outside (0, 1), or fewer than two known truths.
    """
    truth = np.asarray(truth)
    has_truth = np.flatnonzero(truth >= 0)
    if not 0 < share < 1 or len(has_truth) < 2:
        raise ValueError(f"to give the share {share} of {len(has_truth)} truths: take a share in (0, 1) of two or more")
    n_given = int(np.clip(round(share * len(has_truth)), 1, len(has_truth) - 1))
    is_given = np.zeros(len(truth), dtype=bool)
    is_given[np.random.default_rng(seed).permutation(has_truth)[:n_given]] = True
    return np.where(is_given, truth, -1).astype(np.int64), np.where(is_given, -1, truth).astype(np.int64)
