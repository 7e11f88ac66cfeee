"""What stands in the top bar for each role. Apps register their own pages; config does not know them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from config.counting import count_all
from config.prepared import Statement

Wanted = QuerySet | Statement
# a number, one that the page will have counted by then, or what is still to be counted
Waiting = int | Callable[[], int] | Wanted | Sequence[Wanted]
Count = Callable[..., Waiting]


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

    @property
    def link(self) -> SafeString:
        current = mark_safe(' aria-current="page"') if self.is_current else ""
        count = format_html(' <span class="count">{}</span>', self.count) if self.count is not None else ""
        return format_html('<a href="{}"{}>{}{}</a>', self.url, current, self.label, count)


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


class Bar:
    """The pages of all the roles that a user holds, and what waits on them: `rows` are to be counted, in one statement
    with whatever else a page counts. A page that two of the roles have stands there once, with what waits for either."""

    def __init__(self, user) -> None:
        mine: dict[str, list[Item]] = {}
        roles = user.roles
        for item in ITEMS:
            if item.role in roles:
                mine.setdefault(item.url_name, []).append(item)
        self.pages = list(mine.items())
        # a count that two roles share is asked once
        counters = [list(dict.fromkeys(item.count for item in same if item.count)) for same in mine.values()]
        self._waiting = [[count(user) for count in of_page] for of_page in counters]
        self.rows = [one for of_page in self._waiting for what in of_page for one in _as_list(what)]
        self.counted: Sequence[int] | None = None

    def numbers(self) -> list[str | None]:
        if self.counted is None:
            self.counted = count_all(self.rows, COUNT_UP_TO)
        counted = iter(self.counted)
        return [
            shown(sum(_number(what, counted) for what in of_page)) if of_page else None for of_page in self._waiting
        ]


def ahead(user) -> Bar:
    """For a page that counts anyway: it counts `rows` too, and puts the numbers into `counted`."""
    bar = user.__dict__["top_bar"] = Bar(user)
    return bar


def items_for(user, path: str) -> list[Shown]:
    """The pages of the user, the current one marked by its address."""
    bar = user.__dict__.get("top_bar") or Bar(user)
    urls = [_address(url_name) for url_name, _ in bar.pages]
    current = max((url for url in urls if path.startswith(url)), key=len, default="")
    return [
        Shown(same[0].label, url, count, url == current, all(item.seldom for item in same))
        for (_, same), url, count in zip(bar.pages, urls, bar.numbers(), strict=True)
    ]


# asked on each page, and always the same
_address = cache(reverse)


def _as_list(what: Waiting) -> Sequence[Wanted]:
    if isinstance(what, int) or callable(what):
        return []
    return [what] if isinstance(what, QuerySet | Statement) else what


def _number(what: Waiting, counted: Iterator[int]) -> int:
    if callable(what):
        return what()
    return what if isinstance(what, int) else sum(next(counted) for _ in _as_list(what))
