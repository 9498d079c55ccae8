from benchmark_utils.crowds.download import Source
from benchmark_utils.crowds.published.cifar10h import IMAGES, cifar10h_tasks, first_tasks, read_votes
from benchmark_utils.harness.dataset import CrowdDataset


class Dataset(CrowdDataset):
    """Which of ten things does an image show? The 10,000 test images of CIFAR-10, about 51 answers each.

    Peterson, Battleday, Griffiths and Russakovsky, "Human uncertainty makes classification more robust", ICCV 2019.
    A task is the number of the image in the test set; attention checks are left out. `split=train` keeps the first
    9,500 tasks.
    """

    name = "cifar10h"
    parameters = {"split": ["all"]}
    sources = [
        Source(
            "https://github.com/jcpeterson/cifar-10h/raw/master/data/cifar10h-raw.zip",
            "cifar10h-raw.zip",
            "git:cebb7e0a1f561fe4d6db115c788f8a12c7a831a4",
        )
    ]
    files = ["cifar10h-raw.zip"]

    @property
    def task_files(self):
        return [IMAGES] if self.split == "train" else []

    @classmethod
    def get_all_parameter_values(cls, name):
        return ["all", "train"] if name == "split" else None

    def read(self, folder):
        return read_votes(folder / self.files[0])

    def select(self, votes, truth):
        if self.split == "all":
            return votes, truth
        return first_tasks(votes, truth)

    def read_tasks(self, folder, votes):
        return cifar10h_tasks(folder, votes.n_task) if self.split == "train" else {}
