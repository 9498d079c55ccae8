from benchmark_utils.crowds.download import Source
from benchmark_utils.crowds.published.features import MUSIC_FILES, music_tasks
from benchmark_utils.crowds.published.music import read_votes
from benchmark_utils.harness.dataset import CrowdDataset


class Dataset(CrowdDataset):
    """Which of ten genres is a song? 700 extracts, 44 workers of Amazon Mechanical Turk.

    Rodrigues, Pereira and Ribeiro, "Learning from multiple annotators: distinguishing good from random labelers",
    Pattern Recognition Letters 2013.
    """

    name = "music"
    sources = [
        Source(
            "http://fprodrigues.com/mturk-datasets.tar.gz",
            "music_genre_classification",
            files={
                "mturk_answers.csv": "words:ecd6407804b21d5d2eafd7cf0428637e89f86ac58b66c187f53e0d74d9d6d41e",
                "music_genre_gold.csv": "words:f42a292e7e0df877f9cfd156c38b5a16a471c99b0372bfaf58713330fff38fdd",
                "music_genre_test.csv": "words:c7371c66f307cc6627c18b603b34a5f4a9a2906563083be2846222c752b997d0",
            },
            browser=True,
        )
    ]
    files = ["music_genre_classification/mturk_answers.csv", "music_genre_classification/music_genre_gold.csv"]
    task_files = MUSIC_FILES

    def read(self, folder):
        return read_votes(*(folder / file for file in self.files))

    def read_tasks(self, folder, votes):
        return music_tasks(folder, votes)
