"""What stands in the top bar for each role. Apps register their own pages; config does not know them."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True)
class Item:
    role: str
    label: str
    url_name: str
    count: Callable[..., int] | None = None


@dataclass(frozen=True)
class Shown:
    label: str
    url: str
    count: int | None
    is_current: bool


ITEMS: list[Item] = []


def register(role: str, label: str, url_name: str, count: Callable[..., int] | None = None) -> None:
    """`count(user)` is a cheap, indexed count of what waits there; it feeds the small number beside the word."""
    if all((item.role, item.url_name) != (role, url_name) for item in ITEMS):
        ITEMS.append(Item(role, label, url_name, count))


def items_for(user, path: str) -> list[Shown]:
    """The pages of all the roles that the user holds, the current one marked by its address."""
    mine = [item for item in ITEMS if item.role in user.roles]
    urls = [reverse(item.url_name) for item in mine]
    current = max((url for url in urls if path.startswith(url)), key=len, default="")
    return [
        Shown(item.label, url, item.count(user) if item.count else None, url == current)
        for item, url in zip(mine, urls, strict=True)
    ]
