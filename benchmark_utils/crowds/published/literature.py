"""The crowds of the literature: where each is published, in which layout, and whose paper it comes from.

Papers of the field compare strategies on them. No licence allows to hand them on, so `prepare` downloads each file from
its repository, at one commit, and checks its SHA-256. `read` takes the files as they are published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from benchmark_utils.crowds.download import Source
from benchmark_utils.crowds.published import literature_layouts as layouts
from benchmark_utils.votes import Votes, VotesError, encode_truth
from benchmark_utils.votes.refusals import raise_rows

SITE = "https://raw.githubusercontent.com"
YUAN_LI = ("yuan-li/truth-inference-at-scale", "621789b2d57324d3559dc973b2613d2296d73f55")
LA_ONEPASS = ("yyang318/LA_onepass", "8a4aec398872b50f7da423db6a2352cce8c34c84")
LABEL_AGGREGATION = ("JunjieChiang/Label-Aggregation", "d153fa4c651d3f4e495a0d5f8929de7af1128608")
MACE = ("dirkhovy/MACE", "10f231ee2d43d6e38c777cbbed299f9ecd1c2d07")
REASSESSED = ("google-research/reassessed-imagenet", "bcd006fe12e929f055e0ec7fe39dbf4d64a6881a")
CUBAM = ("welinder/cubam", "fe5ba700f1adbb489c69af311558d64370d73d36")


@dataclass(frozen=True)
class File:
    """A published file: its path in the repository, its bytes, its SHA-256."""

    path: str
    n_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class PublishedCrowd:
    """One crowd of the literature.

    Attributes
    ----------
    name, repository, commit : str
    layout : callable
        One of `literature_layouts`; it reads the two files.
    classes : tuple
        The labels as published, in the order of their codes.
    files : tuple of File
        The votes, then the truth.
    paper : str
        Where the votes come from.
    family : str
        Crowds of one family share tasks and workers, so that a mean over families counts them once.
    truths_without_votes : int
        How many published truths are of tasks that nobody voted on. `read` leaves them out.
    """

    name: str
    repository: str
    commit: str
    layout: Callable
    classes: tuple
    files: tuple[File, File]
    paper: str
    family: str
    truths_without_votes: int = 0

    @property
    def sources(self) -> list[Source]:
        """What to fetch, each file under its published name."""
        place = f"{SITE}/{self.repository}/{self.commit}"
        return [Source(f"{place}/{quote(file.path)}", file.name, f"sha256:{file.sha256}") for file in self.files]


def _row(name, published, layout, classes, folder, *files, paper, family=None, truths_without_votes=0):
    files = tuple(replace(file, path=f"{folder}/{file.path}".lstrip("/")) for file in files)
    crowd = PublishedCrowd(name, *published, layout, tuple(classes), files, paper, family or name, truths_without_votes)
    return name, crowd


# fmt: off
CROWDS = dict([
    _row(
        "dog",
        YUAN_LI,
        layouts.tables,
        range(4),
        "data/SpectralMethodsMeetEM/dog",
        File("label.csv", 70_135, "c240c0efc442e4936b35f28424d66fb04e687c0f29b254af94c26e15a71aa820"),
        File("truth.csv", 4_743, "b299494a7aba3cf5abcd3b0e002f6e899f3e1f1d864a26703325db355555cb76"),
        paper="Zhou, Platt, Basu and Mao, Learning from the wisdom of crowds by minimax entropy, NIPS 2012",
    ),
    _row(
        "rte",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/SpectralMethodsMeetEM/rte",
        File("label.csv", 68_738, "2ad788bb36cf9206c496ffdf5e4dec466a1de420bc0c403404e9d3367024ff66"),
        File("truth.csv", 4_701, "c30bcc6dcdfd703e6e435c24ac7e2da56d85e687be398c365d2b2656c8e7f3cb"),
        paper="Snow, O'Connor, Jurafsky and Ng, Cheap and fast - but is it good?, EMNLP 2008",
    ),
    _row(
        "web",
        YUAN_LI,
        layouts.tables,
        range(5),
        "data/SpectralMethodsMeetEM/web",
        File("label.csv", 144_423, "90b6e66284288079fab48593c61fb7949f964d007fce077b13d21d0b7ab43211"),
        File("truth.csv", 17_479, "1b215fe642b88107fc07c0f4b9169b70e178f3a65f76926ea1fbeb86fd688c4d"),
        paper="Zhou, Platt, Basu and Mao, Learning from the wisdom of crowds by minimax entropy, NIPS 2012",
    ),
    _row(
        "trec",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/SpectralMethodsMeetEM/trec",
        File("label.csv", 958_855, "8bfc1d6036ab5b9e489755db7ea89be80a1ec0fe523527cf7966cb52f662696b"),
        File("truth.csv", 16_844, "e66a5ae31d542fcf1dc929d568d2f9489245fe201e48ff322b7de1f19f9e5dd6"),
        paper="Buckley, Lease and Smucker, Overview of the TREC 2010 relevance feedback track, TREC 2010",
    ),
    _row(
        "cf",
        YUAN_LI,
        layouts.tables,
        range(5),
        "data/active-crowd-toolkit/CF",
        File("label.csv", 16_216, "b0f98ddc9afefffcaf9670f591a3441b1bfc3eab70f8e4c35746310962920f06"),
        File("truth.csv", 1_701, "8d8f1b773b310fa91e550658ef88baedc4c522ccd395a1ffa9c185327b88080f"),
        paper="Venanzi, Parson, Rogers and Jennings, The ActiveCrowdToolkit, HCOMP 2015",
    ),
    _row(
        "cf_amt",
        YUAN_LI,
        layouts.tables,
        range(5),
        "data/active-crowd-toolkit/CF_amt",
        File("label.csv", 51_584, "6b016e49c6a166960f83ec246350ad2fbb34229348e85db84809477f49f15c5a"),
        File("truth.csv", 1_701, "b6fb9e58d0f026751ad33a57c3dea28389c2b957b77271bb127380f5f0935b8b"),
        paper="Venanzi, Parson, Rogers and Jennings, The ActiveCrowdToolkit, HCOMP 2015",
    ),
    _row(
        "sp",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/active-crowd-toolkit/SP",
        File("label.csv", 285_454, "f7925ededbb2586bb8c787d29d0dc0fc28103daee5d436e683b42d555780e467"),
        File("truth.csv", 33_894, "26546f7031104001c4aa134268fe0a5df74e35b5ca7e7b7e56967849024e3ab3"),
        paper="Rodrigues, Pereira and Ribeiro, Learning from multiple annotators, Pattern Recognition Letters 2013",
    ),
    _row(
        "sp_amt",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/active-crowd-toolkit/SP_amt",
        File("label.csv", 90_048, "c3ca981b7b64bde4ca2fed9b19bd3123a59e4d9b62a6931b2b61e0d8c8174a56"),
        File("truth.csv", 2_901, "0ef0eb520fc75972f4a586e1b639983ec204ce4eda363d726ccef4bc4ef42fe0"),
        paper="Venanzi, Parson, Rogers and Jennings, The ActiveCrowdToolkit, HCOMP 2015",
    ),
    _row(
        "zencrowd_us",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/active-crowd-toolkit/ZenCrowd_us",
        File("label.csv", 113_268, "0cac72c5ef33ec97f542630aa4131bd674973b0fd0dba857a7d0c20348df51ef"),
        File("truth.csv", 13_181, "545c2e0c9cd7fb91b9292584bd8bd73cbf1b25d2c48325e379dbf54eee87829e"),
        paper="Demartini, Difallah and Cudré-Mauroux, ZenCrowd, WWW 2012",
        family="zencrowd",
    ),
    _row(
        "zencrowd_in",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/active-crowd-toolkit/ZenCrowd_in",
        File("label.csv", 100_113, "bf5e8d2360cda1982fd4fbe70f489d61cfde4357b37f0945037eeb6f2340e47e"),
        File("truth.csv", 13_181, "584cc8c1f25e2aaed9d6affe656c2022109072785fcd2f6693993af3efa5974b"),
        paper="Demartini, Difallah and Cudré-Mauroux, ZenCrowd, WWW 2012",
        family="zencrowd",
    ),
    _row(
        "zencrowd_all",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/active-crowd-toolkit/ZenCrowd_all",
        File("label.csv", 203_968, "2ff13aee821c35744ee94e11b5b0fb127ea33689b5fe35f3603caaecc6aaa289"),
        File("truth.csv", 13_181, "c9369759a8085f7b228277c4c067cfe35a7ceaf3a90ed524c3def878ede3c5c1"),
        paper="Demartini, Difallah and Cudré-Mauroux, ZenCrowd, WWW 2012",
        family="zencrowd",
    ),
    _row(
        "product",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/crowd_truth_inference/d_jn-product",
        File("label.csv", 255_248, "525098daa3d9aa4919160ecef7daaf65a42d2b92c01ffbb5b5ff17b63110b366"),
        File("truth.csv", 57_106, "cd86cc6574fa1693520085eb4b4919e6676afbdffbf53b708edadeeb0150d2f6"),
        paper="Wang, Kraska, Franklin and Feng, CrowdER: crowdsourcing entity resolution, VLDB 2012",
    ),
    _row(
        "tweet",
        YUAN_LI,
        layouts.tables,
        range(2),
        "data/crowd_truth_inference/d_sentiment",
        File("label.csv", 177_298, "44b1df451bab3752540643eb13d0701f1c14d6bd1068a04703691533c8f61cea"),
        File("truth.csv", 5_901, "ea4d2bfe7a660efaabb6dcb07b8e9dd53d5c9bd5b271895270fa4b9f6946217c"),
        paper="Zheng, Li, Li, Shan and Cheng, Truth inference in crowdsourcing: is the problem solved?, VLDB 2017",
    ),
    _row(
        "face",
        YUAN_LI,
        layouts.tables,
        range(4),
        "data/crowd_truth_inference/s4_Face Sentiment Identification",
        File("label.csv", 45_172, "fc10f625183432f6ed82d783ec0afb4a2e79009843a1c20757baad5c4e469686"),
        File("truth.csv", 3_405, "503987498b22b586a34bd9211cce88bf4fbb436396ccae3fd5e19a64a5a8dee9"),
        paper="Mozafari, Sarkar, Franklin, Jordan and Madden, Scaling up crowd-sourcing, VLDB 2014",
    ),
    _row(
        "s_rel",
        YUAN_LI,
        layouts.tables,
        range(4),
        "data/crowd_truth_inference/s4_Relevance",
        File("label.csv", 1_069_582, "0577f8e46cbec9901dd7b33ec3626f95cc70f90c54c86f9df4a02d7a841cd8ca"),
        File("truth.csv", 33_286, "32d8553b523a811a6fdb90051c7bc87e6065bae4471da6e613f9a5f3fbed2709"),
        paper="Buckley, Lease and Smucker, Overview of the TREC 2010 relevance feedback track, TREC 2010",
    ),
    _row(
        "s_adult",
        YUAN_LI,
        layouts.tables,
        range(4),
        "data/crowd_truth_inference/s5_AdultContent",
        File("label.csv", 1_014_087, "d72988724f7cdd628ce21fa1aaabecc4d03aef21bf59644d9e4033b774ac9a32"),
        File("truth.csv", 2_307, "1c52c5d528d16e031360d87ce384a80611bf23dedd5c7cfddf2c8ffc058772cb"),
        paper="Ipeirotis, Provost and Wang, Quality management on Amazon Mechanical Turk, HCOMP 2010",
    ),
    _row(
        "fact_eval",
        YUAN_LI,
        layouts.tables,
        range(3),
        "data/crowdscale2013/fact_eval",
        File("label.csv", 2_278_676, "c8be134ea9adb9fe5984657dcd1894dce89ba93a539a600a62654c801d6e6d3a"),
        File("truth.csv", 4_457, "5e0ea8af9d225cd4d03e175d279e5ab00958c6f74c3ebf85b068a271a83ad741"),
        paper="Josephy, Lease, Paritosh, Krause, Georgescu, Tjalve and Braga, CrowdScale 2013, AI Magazine 2014",
    ),
    _row(
        "millionaire",
        LA_ONEPASS,
        layouts.tables,
        range(4),
        "data/mill",
        File("label.csv", 2_560_307, "c870c1c72306225110e38e4364143471fe9e05de6bdaa71ca0b26f6105f0ef29"),
        File("truth.csv", 12_138, "3789bf360646f4e7485e63d9c057dad6b665f9ac0e84196fe15ff9fc51266354"),
        paper="Aydin et al., Crowdsourcing for multiple-choice question answering, IAAI 2014",
    ),
    _row(
        "leaves",
        LABEL_AGGREGATION,
        layouts.headerless_tables,
        range(6),
        "data/leaves",
        File("answer.csv", 35_543, "9e11d427864258186be4489d413edb05267757ae21f2b8bfb79d1be7ff0e5fb8"),
        File("truth.csv", 2_629, "cf6e30971b30729951c58d5b1320e5cc5343438cbb0b125ae255eb232d528a0f"),
        paper="the repository names none",
    ),
    _row(
        "reuters",
        LABEL_AGGREGATION,
        layouts.headerless_tables,
        range(8),
        "data/ruters",
        File("answer.csv", 54_712, "55d8c84f67dc2fa2d49271a8f54f558591754137683cc6921bf98299f8abb485"),
        File("truth.csv", 13_282, "b0adbe107790334f0dbf3085d91072c5c52afc9429ae1ffdcfaec283d507c04e"),
        paper="Rodrigues, Lourenço, Ribeiro and Pereira, Learning supervised topic models from crowds, PAMI 2017",
        truths_without_votes=13,
    ),
    _row(
        "temporal",
        MACE,
        layouts.matrix_and_key,
        (1, 2),
        "data/test",
        File("temporal.csv", 39_732, "8522a03615ec59baa56edae210db745426886c1f8a29f83fc48e6367e72875f5"),
        File("temporal.key", 924, "10771e02de6ba6a3b80cb7b2fbc06c62b610bffd55a7422d497e5e0659cb7bdc"),
        paper="Snow, O'Connor, Jurafsky and Ng, Cheap and fast - but is it good?, EMNLP 2008",
    ),
    _row(
        "imagenet_real_golden",
        REASSESSED,
        layouts.raters_and_experts,
        ("no", "maybe", "yes"),
        "",
        File("raters_golden.npz", 44_043, "6fd910fc7389c3d695ac5e18269689797d0246a378c536e218854f9d93bc8ea6"),
        File("golden.npz", 9_756, "738a795e88351799934669ac48bb70e2ebe484b447fc3e09e0c36fbd987d06d2"),
        paper="Beyer, Hénaff, Kolesnikov, Zhai and van den Oord, Are we done with ImageNet?, 2020",
    ),
    _row(
        "ducks",
        CUBAM,
        layouts.counted_table_and_species,
        (0, 1),
        "demo/ducks",
        File("labels.txt", 79_932, "00584030f5edcbf125053046021a638da344911fecb797ab19c2efb5efe4fec0"),
        File("classes.yaml", 1_960, "7cf1dcf477e7c06d6186180c34ed275ac76e42ba24ffbef444a165aa06d64d55"),
        paper="Welinder, Branson, Belongie and Perona, The multidimensional wisdom of crowds, NIPS 2010",
    ),
])
# fmt: on


def read(name: str, folder: Path) -> tuple[Votes, np.ndarray]:
    """The votes and the truth, (n_task,) int64, -1 where it is unknown, from the published files in `folder`.

    Raises
    ------
    VotesError
        No crowd has this name, or a file is not what its layout says: with the file, the line and what to do.
    """
    crowd = find(name)
    paths = [Path(folder) / file.name for file in crowd.files]
    tables = crowd.layout(*paths)
    with layouts.naming(paths[0]):
        votes = Votes.from_frame(tables.votes, tasks=tables.tasks, classes=crowd.classes)
    with layouts.naming(paths[1]):
        truth = _leave_out_unvoted(tables.truth, votes, crowd.truths_without_votes)
        return votes, encode_truth(truth["task"], truth["truth"], votes, truth.index)


def find(name: str) -> PublishedCrowd:
    """The crowd of this name; a VotesError lists them where there is none."""
    if name not in CROWDS:
        raise VotesError(f"no crowd of the literature is called {name!r}: take one of {', '.join(CROWDS)}")
    return CROWDS[name]


def count_conflicts(votes: Votes) -> int:
    """How many votes contradict an earlier answer of the same worker on the same task: three answers are two."""
    pair = votes.task.astype(np.int64) * votes.n_worker + votes.worker
    return votes.n_votes - len(np.unique(pair))


def _leave_out_unvoted(truth, votes, n_published):
    """The truths of tasks that have a vote, where the file has as many others as were published."""
    unvoted = ~truth["task"].isin(pd.Index(votes.encoding.tasks))
    if unvoted.sum() != n_published:
        what = f"{unvoted.sum()} truths are of tasks without a vote, {n_published} were published"
        raise_rows(unvoted, truth["task"], what, layouts.MEND, truth.index)
        raise VotesError(f"{what}: {layouts.MEND}")
    return truth[~unvoted]
