from benchmark_utils.crowds.download import Source
from benchmark_utils.crowds.published.bluebirds import read_votes
from benchmark_utils.harness.dataset import CrowdDataset


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
        return read_votes(*(folder / file for file in self.files))
