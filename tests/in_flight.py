"""Requests that a live server still answers: the database is not emptied under them, which PostgreSQL ends as a deadlock."""

import threading
from collections.abc import Callable

from django.core.signals import request_finished, request_started

_changed = threading.Condition()
_answering: set[threading.Thread] = set()


def _began(**_kwargs) -> None:
    with _changed:
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
