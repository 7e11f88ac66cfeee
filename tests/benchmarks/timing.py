import statistics
import time
from collections.abc import Callable, Sequence


def interleaved(rows: dict[str, Callable], inputs: Sequence, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call. The rows take turns on each input, so that a busy moment hits all of them."""
    spent: dict[str, list[float]] = {name: [] for name in rows}
    order = list(rows)
    for turn in range(rounds):
        for given in inputs:
            for name in order[turn % len(order) :] + order[: turn % len(order)]:
                began = time.perf_counter()
                rows[name](given)
                spent[name].append((time.perf_counter() - began) * 1000)
    return spent


def compared(spent: dict[str, list[float]], ours: str) -> dict:
    """Medians, ours as a multiple of each other row, and how far the middle half of ours spreads."""
    medians = {name: statistics.median(times) for name, times in spent.items()}
    quarter = statistics.quantiles(spent[ours], n=4)
    return {
        "median_ms": {name: round(value, 1) for name, value in medians.items()},
        "ratio": {f"{ours}/{name}": round(medians[ours] / value, 2) for name, value in medians.items() if name != ours},
        "middle_half_ms": [round(quarter[0], 1), round(quarter[2], 1)],
        "per_second_and_core": round(1000 / medians[ours], 1),
    }
