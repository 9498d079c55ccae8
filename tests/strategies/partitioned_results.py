"""Whether a result on votes in partitions is that of one process: for several test files."""

import numpy as np
from scipy import sparse


def assert_same(found, expected, rtol=1e-12):
    """The bits of one process, but for the history, whose sums over tasks are exact on partitions."""
    np.testing.assert_allclose(found.history, expected.history, rtol=rtol)
    assert (found.n_iter, found.converged) == (expected.n_iter, expected.converged)
    names = "labels", "soft", "worker_score", "task_score"
    mine, theirs = ({name: getattr(one, name) for name in names} | one.parameters for one in (found, expected))
    assert list(mine) == list(theirs)
    for name in theirs:
        a, b = (np.asarray(one.toarray() if sparse.issparse(one) else one) for one in (mine[name], theirs[name]))
        np.testing.assert_array_equal(a, b, err_msg=name)
        assert a.dtype == b.dtype, name
