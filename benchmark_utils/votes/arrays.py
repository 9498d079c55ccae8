"""Votes and truth as named arrays that need no pickle, for the parsed cache."""

from __future__ import annotations

import numpy as np

from benchmark_utils.votes.ids import pack_encoding, unpack_encoding
from benchmark_utils.votes.votes import Votes


def to_arrays(votes, truth):
    arrays = {name: getattr(votes, name) for name in ("task", "worker", "label")}
    sizes = votes.n_task, votes.n_worker, votes.n_class, votes.n_repeated, votes.repeats == "keep"
    arrays["sizes"] = np.array(sizes)
    for name in ("author", "machine_label", "machine_score"):
        if getattr(votes, name) is not None:
            arrays[name] = getattr(votes, name)
    return dict(arrays, **pack_encoding(votes.encoding), truth=np.asarray(truth, dtype=np.int64))


def from_arrays(arrays):
    n_task, n_worker, n_class, n_repeated, keeps = arrays["sizes"].tolist()
    extra = {name: arrays[name] for name in ("author", "machine_label", "machine_score") if name in arrays}
    votes = Votes(
        *(arrays[name] for name in ("task", "worker", "label")),
        n_task=n_task,
        n_worker=n_worker,
        n_class=n_class,
        encoding=unpack_encoding(arrays),
        n_repeated=n_repeated,
        repeats="keep" if keeps else "drop",
        **extra,
    )
    return votes, arrays["truth"]
