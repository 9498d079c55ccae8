"""The strategies that the tests of this folder run on: the catalogue's, and options of theirs that differ in kind."""

from functools import partial

from benchmark_utils.strategies.catalogue import STRATEGIES
from benchmark_utils.strategies.dawid_skene import DawidSkene
from benchmark_utils.strategies.dswc import DSWC
from benchmark_utils.strategies.fast_dawid_skene import FastDawidSkene
from benchmark_utils.strategies.mace import MACE
from benchmark_utils.strategies.weighted_dawid_skene import WeightedDawidSkene

OPTIONS = {
    "MACE-EM": partial(MACE, variational=False),
    "FDS-voted": partial(FastDawidSkene, support="voted"),
    "FDS-smooth": partial(FastDawidSkene, smoothing=0.1),
    "DS-smooth": partial(DawidSkene, smoothing=0.1),
    "DS-voted": partial(DawidSkene, support="voted"),
    "DS-voted-smooth": partial(DawidSkene, smoothing=0.1, support="voted"),
    "WDS-voted": partial(WeightedDawidSkene, support="voted"),
}
OURS = {**STRATEGIES, **OPTIONS, "DSWC-published": partial(DSWC, published=True)}  # the last is dense
COINS_AND_VOTES = ("OneCoinDS", "GLAD", "MACE", "IWMV", "ZBS", "FDS", "FDS-hybrid", *OPTIONS)
