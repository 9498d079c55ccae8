"""The page of a crowd: it opens alone, says what it is given, and can be read by more than eyes."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from benchmark_utils.results.votes_page import build_page, heat_table, interval_plot, table

VOID = {"meta", "line", "circle"}


class Outline(HTMLParser):
    """Which tags are open, so that one left open shows; headings and the cells of each row."""

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.rows = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append((self.open[-1], data))
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


def outline(page):
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser


@pytest.fixture
def page():
    frame = pd.DataFrame({"task": ["a<b", "c"], "votes": [1234, 2], "share": [0.5, np.nan], "tied": [True, False]})
    plot = interval_plot(["MV", "DS"], [0.5, 0.7], [0.4, 0.6], [0.6, 0.8], "agreement of each")
    pairs = heat_table(["x", "<y>"], np.array([[1.0, 0.25], [0.25, 1.0]]), "pairs")
    return build_page("Labels of <me>", ["Taken & said."], [("One", table(frame, "a table")), ("Two", plot + pairs)])


def test_it_is_whole_and_says_what_it_is_given(page):
    found = outline(page)
    assert found.headings == [("h1", "Labels of <me>"), ("h2", "One"), ("h2", "Two")]
    assert found.rows[:3] == [["task", "votes", "share", "tied"], ["a<b", "1,234", "0.500", "yes"], ["c", "2", "no"]]
    assert found.rows[3:] == [["x", "<y>"], ["x", "0.25"], ["<y>", "0.25"]]
    assert "<p>Taken &amp; said.</p>" in page


def test_it_needs_no_network_and_no_script(page):
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)


def test_it_is_for_phones_and_the_dark(page):
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
    assert "prefers-color-scheme: dark" in page


def test_it_can_be_heard(page):
    """A language, headers with a scope, a picture in words, regions that scroll from the keyboard."""
    assert '<html lang="en">' in page
    assert '<th scope="col">votes</th>' in page
    assert '<th scope="row">c</th>' in page
    assert 'role="img" aria-label="agreement of each"' in page
    assert page.count('role="region" tabindex="0"') == page.count("<table") == page.count("<caption>")


def test_points_stand_where_their_numbers_are(page):
    plot = interval_plot(["MV", "DS"], [0.5, 0.7], [0.4, 0.6], [0.6, 0.8], "x")
    points = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', plot)]
    bars = [(float(a), float(b)) for a, b in re.findall(r'class="bar" x1="([\d.]+)" x2="([\d.]+)"', plot)]
    assert points == pytest.approx([sum(bar) / 2 for bar in bars], abs=0.2)
    assert points[1] == pytest.approx(bars[0][1] + (bars[0][1] - bars[0][0]) / 2, abs=0.3)
    low, high = re.findall(r'text-anchor="middle">([\d.]+)<', plot)[::2]
    at_low, at_high = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor', plot)[::2]
    scale = (float(at_high) - float(at_low)) / (float(high) - float(low))
    assert points[0] == pytest.approx(float(at_low) + (0.5 - float(low)) * scale, abs=1)


def test_less_agreement_is_darker():
    shades = re.findall(r"rgba\(213,94,0,([\d.]+)\)", heat_table("ab", np.array([[1, 0.2], [0.8, 1]]), "c"))
    assert [float(shade) for shade in shades] == pytest.approx([0.48, 0.12])
