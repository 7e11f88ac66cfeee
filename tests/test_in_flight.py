"""A database is emptied only when every request that was begun is answered, and none is let in meanwhile."""

import threading
import urllib.error
import urllib.request
from http.client import HTTPException

import pytest
from django.core.signals import request_finished, request_started
from django.urls import reverse

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


@pytest.mark.django_db(transaction=True)
def test_a_live_server_hangs_up_while_the_database_is_emptied(live_server):
    def ask():
        with urllib.request.urlopen(live_server.url + reverse("accounts:login"), timeout=20) as answer:
            return answer.status

    assert ask() == 200
    with in_flight.nothing_answered(), pytest.raises((urllib.error.URLError, ConnectionError, HTTPException)):
        ask()
    assert ask() == 200
