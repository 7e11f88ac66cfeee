"""The benchmarks. Each is a function that yields dictionaries; `python -m tests.benchmarks [NAME...]` prints one a line."""

from collections.abc import Callable, Iterator

Benchmark = Callable[[bool], Iterator[dict]]
benchmarks: dict[str, Benchmark] = {}


def benchmark(function: Benchmark) -> Benchmark:
    """Register under the function's name; its argument says whether to be quick."""
    benchmarks[function.__name__] = function
    return function
