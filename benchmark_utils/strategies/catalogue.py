"""The strategies that look at votes alone, by the names of their solvers."""

from functools import partial

from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.kos import KOS
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.mmsr import MMSR
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.strategies.zbs import ZeroBasedSkill

ONE_SHOT = {"MV": MajorityVote, "NS": NaiveSoft, "WAWA": WAWA, "TwoThird": TwoThird}

ITERATIVE = {
    "IWMV": IWMV,
    "ZBS": ZeroBasedSkill,
    "DS": DawidSkene,
    "FDS": FastDawidSkene,
    "FDS-hybrid": partial(FastDawidSkene, hybrid=True),
    "WDS": WeightedDawidSkene,
    "OneCoinDS": OneCoinDawidSkene,
    "DSWC-5": partial(DSWC, clusters=5),
    "DSWC-10": partial(DSWC, clusters=10),
    "GLAD": GLAD,
    "MACE": MACE,
    "KOS": KOS,
    "MMSR": MMSR,
    "BWA": BWA,
    "iBCC": IBCC,
    "EBCC": EBCC,
    "PlantNet": PlantNet,
}

STRATEGIES = {**ONE_SHOT, **ITERATIVE}


CROWDKIT = {
    "MV": "MajorityVote",
    "WAWA": "Wawa",
    "ZBS": "ZeroBasedSkill",
    "DS": "DawidSkene",
    "OneCoinDS": "OneCoinDawidSkene",
    "GLAD": "GLAD",
    "MACE": "MACE",
    "KOS": "KOS",
    "MMSR": "MMSR",
}
PEERANNOT = {
    "MV": "majority_voting",
    "NS": "naive_soft",
    "WAWA": "wawa",
    "TwoThird": "twothird",
    "WDS": "wds",
    "DS": "dawid_skene",
    "DSWC-5": "dawid_skene_clust",
    "GLAD": "glad",
    "PlantNet": "plantnet",
    "IWMV": "iwmv",
}
