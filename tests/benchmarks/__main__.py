import argparse
import importlib
import json
import os
import pkgutil
import platform
from pathlib import Path

import django
import PIL

from tests.benchmarks import benchmarks


def _import_all() -> None:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            importlib.import_module(f"tests.benchmarks.{module.name}")


def _circumstances() -> dict:
    return {
        "python": platform.python_version(),
        "pillow": PIL.__version__,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    django.setup()
    _import_all()
    parser = argparse.ArgumentParser(prog="scripts/bench", description="One JSON object a line.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or of: {', '.join(sorted(benchmarks))}")
    parser.add_argument("--quick", action="store_true", help="few repetitions: only to see that it runs")
    options = parser.parse_args()
    unknown = set(options.names) - set(benchmarks)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in options.names or sorted(benchmarks):
        for row in benchmarks[name](options.quick):
            print(json.dumps({"bench": name} | row | _circumstances()), flush=True)


main()
