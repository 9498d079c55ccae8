"""The command `page`, which knows which strategies a library has too."""

from benchmark_utils.results import page
from benchmark_utils.strategies.catalogue import CATALOGUE


def twins():
    """Of each strategy of a library ours, as `benchopt run -s` selects both."""
    found = {}
    for row in CATALOGUE:
        for library, name in (("crowd-kit", row.crowd_kit), ("peerannot", row.peerannot)):
            if name:
                found[f"{library}[strategy={name}]"] = row.solver
    return found


def main(arguments) -> int:
    """Writes the page; status 2 where there is no result to show."""
    return page.main(arguments, twins())
