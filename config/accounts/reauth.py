"""Proving once more who one is, before something that cannot be undone."""

from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from config.accounts import throttle
from config.audit.services import record

PROVED = "proved_at"
AGAIN = throttle.Limit("password again", 5, 15)


def mark(request: HttpRequest) -> None:
    request.session[PROVED] = timezone.now().timestamp()


def proved_at(request: HttpRequest) -> datetime | None:
    """When this session last gave a password, if that is recent enough to count; else None."""
    at = request.session.get(PROVED)
    if at is None or not 0 <= timezone.now().timestamp() - at <= settings.REAUTH_SECONDS:
        return None
    return datetime.fromtimestamp(at, UTC)


def prove(request: HttpRequest, password: str) -> bool:
    """Check the password of who is signed in. Raises Throttled after too many tries."""
    name = throttle.key(AGAIN, str(request.user.pk), throttle.network(request))
    throttle.attempt((AGAIN, name))
    if not password or not request.user.check_password(password):
        record("account.password_again_refused", by=request.user, subject=request.user, request=request)
        return False
    throttle.forgive([name])
    mark(request)
    return True
