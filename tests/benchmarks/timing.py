import resource
import statistics
import time
from collections.abc import Callable, Sequence


class Spent(list[float]):
    """Milliseconds of each call; `cpu` are those that processors worked, children included, whoever else was busy."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu: list[float] = []


def _worked() -> float:
    # not os.times(): it counts in hundredths of a second
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def interleaved(
    rows: dict[str, Callable], inputs: Sequence, rounds: int, afterwards: Callable[[], None] = lambda: None
) -> dict[str, Spent]:
    """The rows take turns on each input, so that a busy moment hits all of them; and each goes first in its turn, because
    the first finds the input in no cache. `afterwards` tidies up after each call and is not counted."""
    spent: dict[str, Spent] = {name: Spent() for name in rows}
    order = list(rows)
    for turn in range(rounds):
        for place, given in enumerate(inputs):
            first = (turn + place) % len(order)
            for name in order[first:] + order[:first]:
                began, worked = time.perf_counter(), _worked()
                rows[name](given)
                spent[name].append((time.perf_counter() - began) * 1000)
                spent[name].cpu.append((_worked() - worked) * 1000)
                afterwards()
    return spent


def compared(spent: dict[str, Spent], ours: str) -> dict:
    """Medians, ours as a multiple of each other row, and how far the middle half of ours spreads.

    `least_cpu_ratio` compares the cheapest calls: what is left when nobody else was in the way."""
    medians = {name: statistics.median(times) for name, times in spent.items()}
    least = {name: max(10.0, min(times.cpu)) for name, times in spent.items()}
    worked = {name: max(10.0, statistics.mean(times.cpu)) for name, times in spent.items()}
    quarter = statistics.quantiles(spent[ours], n=4)
    return {
        "median_ms": {name: round(value, 1) for name, value in medians.items()},
        "ratio": {f"{ours}/{name}": round(medians[ours] / value, 2) for name, value in medians.items() if name != ours},
        "cpu_ratio": {
            f"{ours}/{name}": round(worked[ours] / value, 2) for name, value in worked.items() if name != ours
        },
        "least_cpu_ratio": {
            f"{ours}/{name}": round(least[ours] / value, 2) for name, value in least.items() if name != ours
        },
        "middle_half_ms": [round(quarter[0], 1), round(quarter[2], 1)],
        "per_second_and_core": round(1000 / medians[ours], 1),
    }
