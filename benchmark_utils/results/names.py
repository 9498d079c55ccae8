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
