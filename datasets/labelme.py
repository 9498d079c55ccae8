from benchmark_utils.crowds.download import Source
from benchmark_utils.crowds.published.features import LABELME_AVERAGED, LABELME_OFFICIAL, labelme_tasks
from benchmark_utils.crowds.published.labelme import read_votes
from benchmark_utils.harness.dataset import CrowdDataset


class Dataset(CrowdDataset):
    """Which of eight scenes does a photograph show? 1,000 photographs, 59 workers of Amazon Mechanical Turk.

    Rodrigues and Pereira, "Deep learning from crowds", AAAI 2018. The file has a column for 77 workers: 18 did not
    answer, and a worker's id is the number of the column.
    """

    name = "labelme"
    sources = [
        Source(
            "http://fprodrigues.com/deep_LabelMe.tar.gz",
            "LabelMe",
            files={
                "answers.txt": "words:e83230f6af3fab3c3cd142b688f0471011d66fd279139c0afbab1b2c08e525f0",
                "labels_train.txt": "words:eb2e2b07edfdf97b5482667774b1d186b10a40745ddec56fe3da9427269cf336",
                "filenames_train.txt": "words:fbf60548d528deeebaa8ac29199a715d9c761281ee7821dbaebdd7dddf5850c0",
                "prepared/data_train_vgg16.npy": "",  # the features of the photographs: their checksums are not known
                "prepared/data_test_vgg16.npy": "",
                "prepared/labels_test.npy": "",
            },
            browser=True,
        )
    ]
    files = ["LabelMe/answers.txt", "LabelMe/labels_train.txt", "LabelMe/filenames_train.txt"]
    task_files = [*LABELME_OFFICIAL, LABELME_AVERAGED]

    def read(self, folder):
        return read_votes(*(folder / file for file in self.files))

    def read_tasks(self, folder, votes):
        return labelme_tasks(folder, votes.n_task)
