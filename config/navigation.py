"""What stands in the top bar for each role. Apps register their own pages; config does not know them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from config.counting import count_all

Count = Callable[..., int | QuerySet | list[QuerySet]]


@dataclass(frozen=True)
class Item:
    role: str
    label: str
    url_name: str
    count: Count | None = None


@dataclass(frozen=True)
class Shown:
    label: str
    url: str
    count: str | None
    is_current: bool


# beyond this a number in the top bar tells nothing, and counting on would cost each page
COUNT_UP_TO = 999

ITEMS: list[Item] = []


def register(role: str, label: str, url_name: str, count: Count | None = None) -> None:
    """`count(user)` gives what waits there, as rows that an index finds (or their number); it feeds the small number
    beside the word. The rows of all items are counted in one statement."""
    if all((item.role, item.url_name) != (role, url_name) for item in ITEMS):
        ITEMS.append(Item(role, label, url_name, count))


def _shown(count: int) -> str:
    return f"{COUNT_UP_TO}+" if count > COUNT_UP_TO else str(count)


def items_for(user, path: str) -> list[Shown]:
    """The pages of all the roles that the user holds, the current one marked by its address."""
    mine = [item for item in ITEMS if item.role in user.roles]
    urls = [reverse(item.url_name) for item in mine]
    current = max((url for url in urls if path.startswith(url)), key=len, default="")
    counts = _counts(mine, user)
    return [
        Shown(item.label, url, counts[n], url == current) for n, (item, url) in enumerate(zip(mine, urls, strict=True))
    ]


def _counts(items: list[Item], user) -> list[str | None]:
    waiting = [item.count(user) if item.count else None for item in items]
    rows = [_as_list(what) for what in waiting]
    counted = iter(count_all([one for many in rows for one in many], COUNT_UP_TO))
    numbers = [sum(next(counted) for _ in many) for many in rows]
    return [
        None if what is None else _shown(what if isinstance(what, int) else number)
        for what, number in zip(waiting, numbers, strict=True)
    ]


def _as_list(what: int | QuerySet | list[QuerySet] | None) -> list[QuerySet]:
    if what is None or isinstance(what, int):
        return []
    return what if isinstance(what, list) else [what]
