"""Which processes descend from one, and which still live; from /proc, so on Linux only."""

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """A zombie that nobody waited for has ended, too."""
    try:
        return _stat(pid)[0] not in "ZX"
    except OSError:
        return False


def descendants(pid: int) -> set[int]:
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = int(_stat(int(name))[1])
            except OSError:
                continue
    found, fresh = set(), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _stat(pid: int) -> list[str]:
    """State, parent and so on: what follows the name, which may itself hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
