"""The table of crowds: the thesis's example of alpha in a row, what is published, what is absent."""

import numpy as np
import pytest

from benchmark_utils.votes import Votes
from benchmark_utils.votes.description import describe
from studies.crowds import TABLE_3_6, row, to_markdown
from studies.votes_per_task import load

# the toy crowd of the thesis, section 3.2.2, -1 for no answer: tasks x workers, alpha 0.502 as it rounds there
TOY = np.array([[-1, 0, 0, 0], [1, 1, 2, -1], [1, -1, -1, 1], [2, -1, 2, 2], [1, 0, 0, 2]])


def test_a_row_by_hand():
    found = describe(Votes.from_matrix(TOY))
    assert row("toy", found) == "| toy | 5 | 4 | 15 | 3 | 3.0 | 4 | 0.502 |  |"
    assert row("music", found).endswith("| 0.502 | 0.301 |")


def test_the_page_says_what_is_absent_and_what_is_not_real():
    found = describe(Votes.from_matrix(TOY))
    page = to_markdown({"cifar10h": found})
    assert "| cifar10h | 5 |" in page
    assert "who cast them was drawn" in page
    absent = page.partition("Not at hand where this was measured: ")[2]
    assert "bluebirds" in absent
    assert "cifar10h" not in absent


@pytest.mark.parametrize("name", ["bluebirds", "labelme", "music"])
def test_alpha_is_the_published_one(name):
    data = load(name)
    if data is None:
        pytest.skip(f"{name} is not here")
    assert round(describe(*data)["alpha"], 3) == TABLE_3_6[name]
