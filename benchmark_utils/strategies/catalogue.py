"""The strategies that look at votes alone, one row each: the list that solvers, studies, tests and docs go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmark_utils.strategies.aggregation import Strategy
from benchmark_utils.strategies.bwa import BWA
from benchmark_utils.strategies.catd import CATD
from benchmark_utils.strategies.cbcc import CBCC
from benchmark_utils.strategies.crh import CRH
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.ebcc import EBCC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.glad import GLAD
from benchmark_utils.strategies.hierarchical_dawid_skene import HierarchicalDS
from benchmark_utils.strategies.ibcc import IBCC
from benchmark_utils.strategies.iwmv import IWMV
from benchmark_utils.strategies.kos import KOS
from benchmark_utils.strategies.la import LA
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.majority_vote import MajorityVote, NaiveSoft
from benchmark_utils.strategies.minimax import Minimax
from benchmark_utils.strategies.mmsr import MMSR
from benchmark_utils.strategies.one_coin import OneCoinDawidSkene
from benchmark_utils.strategies.plantnet import PlantNet
from benchmark_utils.strategies.two_third import TwoThird
from benchmark_utils.strategies.vi_bp import VIBP
from benchmark_utils.strategies.vi_mf import VIMF
from benchmark_utils.strategies.wawa import WAWA
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene
from benchmark_utils.strategies.weighted_majority_vote import GoldMajorityVote
from benchmark_utils.strategies.zbs import ZeroBasedSkill
from benchmark_utils.strategies.zc import ZC


@dataclass(frozen=True)
class Row:
    """A strategy of the catalogue.

    Attributes
    ----------
    name : str
        What tables and the solver `tolerance` call it.
    make : callable
        Returns the strategy with the options of this row.
    solver : str
        How `benchopt run -s` selects it.
    iterates : bool
        Whether `fit` takes `n_iter` and `tol`.
    crowd_kit, peerannot : str
        What the libraries call theirs; empty where they have none.
    """

    name: str
    make: Callable[[], Strategy]
    solver: str
    iterates: bool = True
    crowd_kit: str = ""
    peerannot: str = ""


CATALOGUE = (
    Row("MV", MajorityVote, "MV", iterates=False, crowd_kit="MajorityVote", peerannot="majority_voting"),
    Row("NS", NaiveSoft, "NS", iterates=False, peerannot="naive_soft"),
    Row("GoldMV", GoldMajorityVote, "GoldMV", iterates=False),
    Row("WAWA", WAWA, "WAWA", iterates=False, crowd_kit="Wawa", peerannot="wawa"),
    Row("TwoThird", TwoThird, "TwoThird", iterates=False, peerannot="twothird"),
    Row("IWMV", IWMV, "IWMV", peerannot="iwmv"),
    Row("ZBS", ZeroBasedSkill, "ZBS", crowd_kit="ZeroBasedSkill"),
    Row("DS", DawidSkene, "DS", crowd_kit="DawidSkene", peerannot="dawid_skene"),
    Row("DS-spectral", partial(DawidSkene, start="spectral"), "DS[start=spectral]"),
    Row("FDS", FastDawidSkene, "FDS[hybrid=False]"),
    Row("FDS-hybrid", partial(FastDawidSkene, hybrid=True), "FDS[hybrid=True]"),
    Row("WDS", WeightedDawidSkene, "WDS", peerannot="wds"),
    Row("OneCoinDS", OneCoinDawidSkene, "OneCoinDS", crowd_kit="OneCoinDawidSkene"),
    Row("DSWC-2", partial(DSWC, clusters=2), "DSWC[L=2]"),
    Row("DSWC-5", partial(DSWC, clusters=5), "DSWC[L=5]", peerannot="dawid_skene_clust"),
    Row("DSWC-10", partial(DSWC, clusters=10), "DSWC[L=10]"),
    Row("ZC", ZC, "ZC"),
    Row("CATD", CATD, "CATD"),
    Row("CRH", CRH, "CRH"),
    Row("LA-1", LA, "LA[passes=1]", iterates=False),
    Row("LA-2", partial(LA, passes=2), "LA[passes=2]", iterates=False),
    Row("GLAD", GLAD, "GLAD", crowd_kit="GLAD", peerannot="glad"),
    Row("MACE", MACE, "MACE", crowd_kit="MACE"),
    Row("KOS", KOS, "KOS", crowd_kit="KOS"),
    Row("MMSR", MMSR, "MMSR", crowd_kit="MMSR"),
    Row("BWA", BWA, "BWA"),
    Row("iBCC", IBCC, "iBCC"),
    Row("EBCC", EBCC, "EBCC"),
    Row("CBCC", CBCC, "CBCC"),
    Row("HierarchicalDS", HierarchicalDS, "HierarchicalDS"),
    Row("VI-MF", VIMF, "VI-MF"),
    Row("VI-BP", VIBP, "VI-BP"),
    Row("Minimax", Minimax, "Minimax"),
    Row("PlantNet", PlantNet, "PlantNet", peerannot="plantnet"),
)

STRATEGIES = {row.name: row.make for row in CATALOGUE}
ITERATIVE = {row.name: row.make for row in CATALOGUE if row.iterates}
CROWDKIT = {row.name: row.crowd_kit for row in CATALOGUE if row.crowd_kit}
PEERANNOT = {row.name: row.peerannot for row in CATALOGUE if row.peerannot}
