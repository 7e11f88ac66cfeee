"""Who signs proves who it is: the password once more, moments before, and not by guessing."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.accounts import reauth
from config.audit.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(sign_in, filled, tab, dana):
    """(client, address, what the page would send)."""
    tab.work(60_000)
    client, address = sign_in(dana), reverse("review:sign", args=[filled.case_id])
    text = client.get(address).content.decode()
    fields = dict(re.findall(r'name="(last_beat_id|measured_ms|fingerprint)" value="([^"]+)"', text))
    return client, address, fields | {"attested": "yes"}


def is_signed(review):
    review.refresh_from_db()
    return review.is_signed


def test_without_the_password_nothing_is_signed(page, filled):
    client, address, fields = page
    assert 'type="password"' in client.get(address).content.decode()
    answer = client.post(address, fields)
    assert answer.status_code == 422 and "Enter your password" in answer.content.decode()
    assert "checked" in answer.content.decode().split('name="attested"')[1].split(">")[0], (
        "the tick is not asked for twice"
    )
    assert not is_signed(filled)


def test_the_right_password_signs_and_the_record_says_when(page, filled):
    client, address, fields = page
    before = timezone.now() - timedelta(seconds=1)
    assert client.post(address, fields | {"password": factories.PASSWORD}).status_code == 302
    assert is_signed(filled)
    at = filled.signed_record["signer"]["authenticated_at"]
    assert before.isoformat() <= at <= filled.signed_at.isoformat()


def test_a_wrong_password_signs_nothing_leaves_a_trace_and_is_slowed_down(page, filled):
    client, address, fields = page
    for _ in range(5):
        answer = client.post(address, fields | {"password": "guess"})
        assert answer.status_code == 422 and "That is not your password" in answer.content.decode()
        assert "guess" not in answer.content.decode()
    answer = client.post(address, fields | {"password": factories.PASSWORD})
    assert answer.status_code == 429 and "Too many tries" in answer.content.decode()
    assert not is_signed(filled)
    assert AuditEvent.objects.filter(verb="account.password_again_refused").count() == 5


def proved(client, ago):
    session = client.session
    session[reauth.PROVED] = timezone.now().timestamp() - ago
    session.save()


@pytest.mark.parametrize(("ago", "is_enough"), [(10, True), (290, True), (310, False), (-60, False)])
def test_a_password_given_moments_ago_counts(page, filled, ago, is_enough):
    client, address, fields = page
    proved(client, ago)
    assert ('type="password"' in client.get(address).content.decode()) is not is_enough
    client.post(address, fields)
    assert is_signed(filled) is is_enough


def test_signing_in_is_such_a_proof(client, dana):
    client.post(reverse("accounts:login"), {"email": dana.email, "password": factories.PASSWORD})
    assert reauth.PROVED in client.session
