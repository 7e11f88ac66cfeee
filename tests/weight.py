"""What a first visit of a page costs: the page and everything that it names, styles and their fonts included."""

import re
from collections.abc import Callable
from urllib.parse import urljoin

_NAMED = re.compile(r'<(?:link|script|img)\b[^>]*?\b(?:href|src)="(/static/[^"]+)"')
_IN_STYLES = re.compile(r'url\(["\']?([^"\')]+)')


def first_load(address: str, fetch: Callable[[str], tuple[str, int]]) -> dict[str, int]:
    """Address -> bytes on the wire. `fetch(address)` is (text, bytes on the wire)."""
    page, size = fetch(address)
    weights = {address: size}
    waiting = list(dict.fromkeys(_NAMED.findall(page)))
    while waiting:
        named = waiting.pop()
        if named in weights:
            continue
        text, weights[named] = fetch(named)
        if named.partition("?")[0].endswith(".css"):
            waiting += [urljoin(named, target) for target in _IN_STYLES.findall(text) if not target.startswith("data:")]
    return weights
