import numpy as np

from benchmark_utils.crowds.download import Source
from benchmark_utils.harness.dataset import CrowdDataset
from benchmark_utils.votes import Votes, encode_truth


class Dataset(CrowdDataset):
    """Is it an Indigo Bunting (true) or a Blue Grosbeak (false)? 39 workers answer for each of 108 photographs.

    Welinder, Branson, Belongie and Perona, "The multidimensional wisdom of crowds", NIPS 2010.
    """

    name = "bluebirds"
    sources = [
        Source(
            "https://raw.githubusercontent.com/welinder/cubam/public/demo/bluebirds/gt.yaml",
            "gt.yaml",
            "sha256:c9eb769c845ca99495a07b5c28c4290c78436fd8eac65c0747736c4ef8126340",
        ),
        Source(
            "https://raw.githubusercontent.com/welinder/cubam/public/demo/bluebirds/labels.yaml",
            "labels.yaml",
            "sha256:8b1b28e4b869b19bb03beac476c7073149cef784f9524ebe17380a1292a6126c",
        ),
    ]
    files = ["gt.yaml", "labels.yaml"]

    def read(self, folder):
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        truth, by_worker = (yaml.load((folder / file).read_bytes(), Loader=loader) for file in self.files)
        answers = {photo: {} for photo in truth}
        for worker, given in by_worker.items():
            for photo, answer in given.items():
                answers[photo][worker] = int(answer)  # 0 = false, 1 = true
        votes = Votes.from_answers(answers, n_class=2)
        return votes, encode_truth(list(truth), np.array(list(truth.values()), dtype=int), votes)
