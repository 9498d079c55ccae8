"""Names of solvers and datasets, short enough to read."""

import re


def short_names(names):
    """Names without the parameters that every name of the same family shares, {name: short name}.

    `simulated[n_task=200,scenario=independent]` beside `simulated[n_task=200,scenario=difficulty]` is
    `simulated[independent]`; numbers and truth values keep their key, `simulated[n_task=100]`.
    """
    families = {}
    for name in names:
        family, _, options = name.rstrip("]").partition("[")
        families.setdefault(family, {})[name] = dict(re.findall(r"(\w+)=(.*?)(?=,\w+=|$)", options))
    short = {}
    for family, members in families.items():
        for name, options in members.items():
            others = [other for other in members.values() if other is not options]
            kept = {key: value for key, value in options.items() if any(o.get(key) != value for o in others)}
            shown = [value if _is_word(value) else f"{key}={value}" for key, value in kept.items()]
            short[name] = f"{family}[{', '.join(shown)}]" if shown else family
    return short


def _is_word(value):
    return value not in ("True", "False", "None") and not value[:1].isdigit()


LIBRARIES = ("crowd-kit", "peerannot", "cleanlab")
REPEATS = ("tolerance", "partitioned")


def family_of(crowd):
    """The family of a dataset's name: crowds of one family share tasks or a maker, and count as one crowd.

    ZenCrowd's three are the same tasks, asked of workers of two countries. The scenarios of a simulator are one family,
    and so are the versions of a published crowd, and a crowd with votes taken away beside the whole one.
    """
    base, _, options = crowd.rstrip("]").partition("[")
    options = dict(re.findall(r"(\w+)=(.*?)(?=,\w+=|$)", options))
    if base == "varied":
        return family_of(options.get("crowd", base))
    if base == "literature" and "name" in options:
        base = options["name"]
    if base == "local":
        return crowd
    return "zencrowd" if base.startswith("zencrowd_") else base


def is_library(solver):
    """Whether a solver's name is that of a library's strategy."""
    return solver.partition("[")[0] in LIBRARIES


def is_repeat(solver):
    """Whether it is one of the solvers that repeat strategies which have a solver of their own."""
    return solver.partition("[")[0] in REPEATS


def repeated(solver):
    """What a repeat is called on a page: the strategy that is run to a tolerance, or the whole name."""
    family, _, options = solver.rstrip("]").partition("[")
    return options.partition("strategy=")[2] or solver if family == "tolerance" else solver


def is_selected(solver, selection):
    """Whether `solver`, a name with all its parameters, is what `-s selection` runs: `FDS[hybrid=False]`, `DS`."""
    family, _, options = selection.rstrip("]").partition("[")
    own_family, _, own_options = solver.rstrip("]").partition("[")
    wanted = options.split(",") if options else []
    return own_family == family and set(wanted) <= set(own_options.split(","))
