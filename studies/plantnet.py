"""The tables and figures of the thesis's chapter 4, from a result of run_configs/plantnet.yml; needs matplotlib.

    benchopt run . --config run_configs/plantnet.yml
    python -m studies.plantnet outputs/plantnet.parquet --output FOLDER [--format svg|png] > FOLDER.md

Tables are printed as markdown, figures are written to the folder, once per dataset, and each says on which data it is.
Means over the repetitions, with their standard errors. A repetition is a new crowd where crowds are simulated; on real
votes it only breaks ties anew.
"""

import argparse
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from studies.plantnet_figures import FIGURES
from studies.plantnet_tables import TABLES, chapter_rows, expert_table, origin, summarise


def report(results, folder, file_format="svg"):
    """The tables as markdown; the figures are written to `folder`.

    Raises
    ------
    ValueError
        The results hold neither plantnet_swe nor simulated_flora.
    """
    rows, left_out = chapter_rows(results)
    of_dataset = {name: here for name, here in rows.groupby("dataset_name", sort=False) if origin(name, here)}
    if not of_dataset:
        raise ValueError("no result of plantnet_swe or simulated_flora: run run_configs/plantnet.yml")
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["`thesis`: as published, of version 1 with the experts' votes kept."]
    if left_out:
        parts.append(f"Left out, since the chapter does not compare them: {', '.join(left_out)}.")
    for dataset, here in of_dataset.items():
        data = f"{dataset} ({origin(dataset, here)})"
        n_rep, summary = here["idx_rep"].nunique(), summarise(here)
        for title, make in TABLES.items():
            parts += [f"### {title}", f"Data: {data}; {n_rep} repetition{'s' * (n_rep > 1)}.", make(summary)]
        for name, draw in FIGURES.items():
            slug = re.sub(r"\W+", "_", dataset).strip("_")
            figure = draw(summary, data)
            figure.savefig(folder / f"{slug}_{name}.{file_format}", dpi=120)
            plt.close(figure)
    for dataset, kept in of_dataset.items():
        removed = of_dataset.get(dataset.replace("expert_votes=kept", "expert_votes=removed"))
        if "expert_votes=kept" in dataset and removed is not None:
            parts += ["### The experts' own votes", f"Data: {dataset} ({origin(dataset, kept)}), and without them."]
            parts.append(expert_table(kept, removed))
    return "\n\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="a parquet of run_configs/plantnet.yml")
    parser.add_argument("--output", type=Path, required=True, help="the folder of the figures")
    parser.add_argument("--format", choices=["svg", "png"], default="svg", help="of the figures")
    chosen = parser.parse_args()
    if not chosen.result.is_file():
        parser.error(f"{chosen.result} is not there; benchopt run . --config run_configs/plantnet.yml makes it")
    try:
        print(report(pd.read_parquet(chosen.result), chosen.output, chosen.format))
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
