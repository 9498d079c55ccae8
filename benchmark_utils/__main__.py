"""The commands: python -m benchmark_utils COMMAND ARGUMENTS. Each is loaded only when it is asked for."""

import sys
from importlib import import_module

# name: (the module whose `main(arguments)` it is; one sentence)
COMMANDS = {
    "page": (
        "benchmark_utils.harness.page_command",
        "Write a page that opens without a network from the result of a run.",
    ),
    "compare": (
        "benchmark_utils.harness.compare_command",
        "Compare a new result, or a solver's file, with the published one.",
    ),
    "publish": (
        "benchmark_utils.results.publishing",
        "Copy results as Benchopt's results site and a dataset hub can show them.",
    ),
    "label": ("benchmark_utils.harness.label_folder", "Turn a folder of votes into labels, without a run of Benchopt."),
    "partition": (
        "benchmark_utils.harness.partition_table",
        "Keep a table of votes larger than memory in partitions on disk.",
    ),
    "check": ("benchmark_utils.harness.solver_file", "Check that the strategy of a solver's file keeps every promise."),
    "describe": ("benchmark_utils.harness.describe_folder", "Say how many votes, tasks and workers a folder holds."),
}


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        print(listing())
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        return refuse(f"there is no command {name!r}; there are:\n\n{listing()}")
    module, _ = COMMANDS[name]
    return import_module(module).main(rest)


def listing():
    width = max(map(len, COMMANDS))
    lines = (f"    {name:{width}}  {sentence}" for name, (_, sentence) in COMMANDS.items())
    return "\n".join(["python -m benchmark_utils COMMAND ARGUMENTS", "", *lines])


def refuse(message):
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
