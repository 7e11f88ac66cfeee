"""Many lines at once: each by the service that does it for one, so that each line's guard holds; the result line by line."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from billing import services
from billing.models import ChargeLine
from billing.rules import BY_CODE, Check
from config.accounts.models import User

AT_ONCE = 500


@dataclass(frozen=True)
class Outcome:
    line: ChargeLine
    done: bool
    words: str


def releasable(lines: Iterable[ChargeLine]) -> list[tuple[Check, int]]:
    """The holds that a biller may release, with how many of these lines have them."""
    found = Counter(code for line in lines for code in line.releasable)
    return [(check, found[code]) for code, check in BY_CODE.items() if code in found]


def release(*, lines: Iterable[ChargeLine], by: User, code: str, reason: str) -> list[Outcome]:
    def one(line: ChargeLine) -> str:
        services.release_hold(line=line, by=by, code=code, reason=reason)
        if line.status == ChargeLine.Status.HELD:
            return f"Released. Still held: {', '.join(line.hold_codes)}."
        return f"Released. It is {line.get_status_display().lower()} now."

    return _each(lines, one)


def void(*, lines: Iterable[ChargeLine], by: User, reason: str) -> list[Outcome]:
    def one(line: ChargeLine) -> str:
        services.void_line(line=line, by=by, reason=reason)
        return "Void."

    return _each(lines, one)


def _each(lines: Iterable[ChargeLine], do: Callable[[ChargeLine], str]) -> list[Outcome]:
    outcomes = []
    for line in lines:
        try:
            outcomes.append(Outcome(line, True, do(line)))
        except services.BillingRefused as refused:
            outcomes.append(Outcome(line, False, str(refused)))
    return outcomes
