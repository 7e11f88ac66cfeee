"""Requests to a live server while the database is emptied: those being answered are waited for, and none is let in.

PostgreSQL would end the two as a deadlock. A page that is closed sends its last word after the browser says it is closed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.signals import request_finished, request_started

_changed = threading.Condition()
_answering: set[threading.Thread] = set()
_closed_by: threading.Thread | None = None


def _began(**_kwargs) -> None:
    with _changed:
        if _closed_by not in (None, threading.current_thread()):
            # what wsgiref takes as a client that went away: it hangs up without a word
            raise ConnectionAbortedError("between two tests nothing is answered")
        _answering.add(threading.current_thread())


def _ended(**_kwargs) -> None:
    with _changed:
        _answering.discard(threading.current_thread())
        _changed.notify_all()


def watch() -> Callable[[], None]:
    """Begin to follow the requests of this process; gives the function that ends it."""
    request_started.connect(_began)
    request_finished.connect(_ended)

    def end() -> None:
        request_started.disconnect(_began)
        request_finished.disconnect(_ended)

    return end


def wait_until_answered(seconds: float = 20) -> bool:
    """Until no other thread of this process answers a request: whether that came within the seconds.

    A thread that is gone answers none."""
    mine = threading.current_thread()
    with _changed:
        answered = _changed.wait_for(
            lambda: not any(one.is_alive() and one is not mine for one in _answering), timeout=seconds
        )
        _answering.clear()
    return answered


@contextmanager
def nothing_answered() -> Iterator[None]:
    """What was begun is answered first; what comes meanwhile, from another thread, is hung up on."""
    global _closed_by  # noqa: PLW0603
    with _changed:
        _closed_by = threading.current_thread()
    try:
        wait_until_answered()
        yield
    finally:
        with _changed:
            _closed_by = None
