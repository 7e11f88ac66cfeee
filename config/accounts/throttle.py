"""Slowing down guesses: a row per try, written before the try, so that racing guesses are counted too.

Keys join the account with the address it is tried from. So a stranger's guesses never lock the owner out, who signs
in from another address; and one address that tries many accounts is stopped by its own count.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext

from config.accounts.signin_models import Attempt
from config.audit.context import client_ip


@dataclass(frozen=True)
class Limit:
    name: str
    tries: int
    minutes: int


SIGN_IN_ACCOUNT = Limit("sign-in account", 5, 15)
SIGN_IN_ADDRESS = Limit("sign-in address", 40, 15)
CODE_ADDRESS = Limit("invitation address", 10, 60)
RESET_ACCOUNT = Limit("reset account", 3, 60)
RESET_ADDRESS = Limit("reset address", 20, 60)

KEPT = timedelta(hours=24)


class Throttled(Exception):
    """Its text may be shown."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        words = ngettext(
            "Too many tries. Wait %(n)s minute, then try again.",
            "Too many tries. Wait %(n)s minutes, then try again.",
            minutes,
        )
        super().__init__(words % {"n": minutes})


def network(request: HttpRequest) -> str:
    """An IPv6 subscriber owns a whole /64, so that is counted as one address."""
    ip = client_ip(request)
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if address.version == 6:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return str(address)


def key(limit: Limit, *parts: str) -> str:
    message = "|".join([limit.name, *parts])
    return hmac.new(settings.SECRET_KEY.encode(), message.encode(), hashlib.sha256).hexdigest()


def attempt(*tries: tuple[Limit, str]) -> None:
    """Counts one try against each (limit, key); raises Throttled with the longest wait when one is used up."""
    now = timezone.now()
    waits = []
    for limit, name in tries:
        row = Attempt.objects.create(key=name, at=now)
        since = now - timedelta(minutes=limit.minutes)
        before = Attempt.objects.filter(key=name, at__gt=since, id__lt=row.id).order_by("-at", "-id")
        decisive = before.values_list("at", flat=True)[limit.tries - 1 : limit.tries].first()
        if decisive:
            # A refused try is not kept: otherwise knocking would prolong the wait for ever.
            row.delete()
            waits.append(decisive + timedelta(minutes=limit.minutes) - now)
    if waits:
        raise Throttled(max(1, -(-int(max(waits).total_seconds()) // 60)))


def forgive(keys: Iterable[str]) -> None:
    """After a success the tries of this key count no more."""
    Attempt.objects.filter(key__in=list(keys)).delete()


def tidy() -> int:
    return Attempt.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]
