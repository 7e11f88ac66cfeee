"""The wait before a flush ends only when a request that was begun is answered."""

import threading

from django.core.signals import request_finished, request_started

from tests import in_flight


def test_it_waits_for_a_request_that_is_being_answered():
    begun, answer = threading.Event(), threading.Event()

    def request():
        for _ in range(2):
            request_started.send(sender=None, environ={})
            begun.set()
            answer.wait(20)
            answer.clear()
            request_finished.send(sender=None)

    other = threading.Thread(target=request)
    other.start()
    assert begun.wait(20)
    assert not in_flight.wait_until_answered(seconds=0)
    begun.clear()
    answer.set()
    assert begun.wait(20)
    answer.set()
    assert in_flight.wait_until_answered()
    other.join(20)


def test_a_thread_that_died_is_not_waited_for():
    dead = threading.Thread(target=lambda: request_started.send(sender=None, environ={}))
    dead.start()
    dead.join(20)
    assert in_flight.wait_until_answered(seconds=0)
