"""What stands in the top bar for each role. Apps register their own pages; config does not know them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.db.models import QuerySet
from django.urls import reverse

from config.counting import count_all
from config.prepared import Statement

Wanted = QuerySet | Statement
Count = Callable[..., int | Wanted | Sequence[Wanted]]


@dataclass(frozen=True)
class Item:
    role: str
    label: str
    url_name: str
    count: Count | None = None
    # not opened all day: stands under "More"
    seldom: bool = False


@dataclass(frozen=True)
class Shown:
    label: str
    url: str
    count: str | None
    is_current: bool
    is_seldom: bool = False


# beyond this a number in the top bar tells nothing, and counting on would cost each page
COUNT_UP_TO = 999

ITEMS: list[Item] = []


def register(role: str, label: str, url_name: str, count: Count | None = None, *, seldom: bool = False) -> None:
    """`count(user)` gives what waits there, as rows that an index finds (or a prepared count of them, or their number); it
    feeds the small number beside the word. The rows of all items are counted in one statement."""
    if all((item.role, item.url_name) != (role, url_name) for item in ITEMS):
        ITEMS.append(Item(role, label, url_name, count, seldom))


def shown(count: int) -> str:
    """A number as the top bar prints it."""
    return f"{COUNT_UP_TO}+" if count > COUNT_UP_TO else str(count)


def items_for(user, path: str) -> list[Shown]:
    """The pages of all the roles that the user holds, the current one marked by its address.

    A page that two of the roles have stands there once, with what waits for either."""
    mine: dict[str, list[Item]] = {}
    for item in ITEMS:
        if item.role in user.roles:
            mine.setdefault(item.url_name, []).append(item)
    urls = [_address(url_name) for url_name in mine]
    current = max((url for url in urls if path.startswith(url)), key=len, default="")
    counts = _counts(list(mine.values()), user)
    return [
        Shown(same[0].label, url, count, url == current, all(item.seldom for item in same))
        for same, url, count in zip(mine.values(), urls, counts, strict=True)
    ]


# asked on each page, and always the same
_address = cache(reverse)


def _counts(pages: list[list[Item]], user) -> list[str | None]:
    # a count that two roles share is asked once
    counters = [list(dict.fromkeys(item.count for item in same if item.count)) for same in pages]
    waiting = [[count(user) for count in of_page] for of_page in counters]
    rows = [[one for what in of_page for one in _as_list(what)] for of_page in waiting]
    counted = iter(count_all([one for many in rows for one in many], COUNT_UP_TO))
    numbers = [sum(next(counted) for _ in many) for many in rows]
    return [
        shown(number + sum(what for what in of_page if isinstance(what, int))) if of_page else None
        for of_page, number in zip(waiting, numbers, strict=True)
    ]


def _as_list(what: int | Wanted | Sequence[Wanted]) -> Sequence[Wanted]:
    if isinstance(what, int):
        return []
    return [what] if isinstance(what, QuerySet | Statement) else what
