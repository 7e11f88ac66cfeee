"""By which way, in which language and at which hour a person is told."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, transaction
from django.urls import reverse

from config import sms
from config.accounts import reach
from config.accounts.models import ContactPreference, User
from config.accounts.services import queue_mail
from config.accounts.tasks import send_mail_task
from tests.factories import make_user

NEW_YORK = ZoneInfo("America/New_York")


def at(*parts) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("now", "start", "end", "until"),
    [
        (at(2026, 7, 1, 22, 0), time(21), time(8), at(2026, 7, 2, 8, 0)),
        (at(2026, 7, 2, 7, 59), time(21), time(8), at(2026, 7, 2, 8, 0)),
        (at(2026, 7, 2, 8, 0), time(21), time(8), None),
        (at(2026, 7, 2, 20, 59), time(21), time(8), None),
        (at(2026, 7, 2, 13, 0), time(12), time(14), at(2026, 7, 2, 14, 0)),
        (at(2026, 7, 2, 14, 0), time(12), time(14), None),
        (at(2026, 7, 2, 14, 0), time(9), time(9), None),
        # the night of the change to summer time, and back: eight by the clock on the wall
        (at(2026, 3, 7, 23, 0), time(21), time(8), at(2026, 3, 8, 8, 0)),
        (at(2026, 11, 1, 1, 30), time(21), time(8), at(2026, 11, 1, 8, 0)),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_persons_wall(now, start, end, until):
    assert reach.quiet_until(now.astimezone(UTC), NEW_YORK, start, end) == until


@pytest.mark.parametrize(
    ("typed", "number"),
    [("(614) 555-0101", "+16145550101"), ("1 614 555 0101", "+16145550101"), ("+49 30 1234567", "+49301234567"),
     ("555", ""), ("", ""), ("call my son", "")],
)  # fmt: skip
def test_a_phone_number_as_people_type_it(typed, number):
    assert sms.e164(typed) == number


@pytest.fixture
def ana_prefers(ana):
    def _prefers(**fields) -> User:
        ContactPreference.objects.update_or_create(user=ana, defaults=fields)
        return ana

    return _prefers


@pytest.mark.django_db
def test_without_a_choice_it_is_mail_at_any_hour(ana, patient):
    assert reach.reach_of(ana, at(2026, 7, 2, 3, 0)) == reach.Reach("email", ana.email, "en", None)


@pytest.mark.django_db
def test_a_text_message_rings_so_it_waits_for_the_morning_of_the_persons_own_zone(ana_prefers, settings, patient):
    settings.SMS_PROVIDER = "console"
    ana = ana_prefers(channel="sms", time_zone="Pacific/Honolulu")
    ana.phone = "614-555-0101"
    found = reach.reach_of(ana, datetime(2026, 7, 2, 12, 0, tzinfo=UTC))  # two in the night in Hawaii
    assert (found.channel, found.to) == ("sms", "+16145550101")
    assert found.quiet_until == datetime(2026, 7, 2, 8, 0, tzinfo=ZoneInfo("Pacific/Honolulu"))


@pytest.mark.django_db
@pytest.mark.parametrize(("provider", "phone"), [("", "614-555-0101"), ("console", "call my son")])
def test_where_no_text_message_can_be_sent_it_is_mail(ana_prefers, settings, provider, phone, patient):
    settings.SMS_PROVIDER = provider
    ana = ana_prefers(channel="sms")
    ana.phone = phone
    assert reach.reach_of(ana).channel == "email"


@pytest.mark.django_db
def test_a_message_in_quiet_hours_waits_without_costing_an_attempt(ana_prefers, settings, monkeypatch, patient):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    until = at(2026, 7, 2, 8, 0)
    monkeypatch.setattr(reach, "quiet_until", lambda *args: until)
    ana = ana_prefers(quiet_from=time(21), quiet_until=time(8))
    row = queue_mail("message_waiting", to=ana.email)
    account = queue_mail("password_changed", to=ana.email)
    for _ in range(7):
        row.__class__.objects.filter(pk=row.pk).update(work_status="waiting")
        send_mail_task(str(row.pk))
    row.refresh_from_db()
    assert (row.work_status, row.attempts, row.due_at, outbox.outbox) == ("waiting", 0, until, [])
    # what a person does to the own account is told at once
    send_mail_task(str(account.pk))
    assert len(outbox.outbox) == 1
    monkeypatch.undo()


@pytest.mark.django_db
def test_what_cannot_wait_comes_at_any_hour(ana_prefers, settings, monkeypatch, patient):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(reach, "quiet_until", lambda *args: at(2026, 7, 2, 8, 0))
    ana = ana_prefers(quiet_from=time(21), quiet_until=time(8))
    with pytest.raises(reach.Quiet):
        reach.tell(ana, dedupe_key="a")
    reach.tell(ana, dedupe_key="a", urgent=True)
    assert len(outbox.outbox) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "can"),
    [({}, True), ({"channel": "paper"}, False), ({"bounced_at": at(2026, 7, 2)}, False)],
)
def test_who_can_be_told(ana_prefers, fields, can, patient):
    ana = ana_prefers(**fields)
    assert reach.can_be_told(ana) is can
    assert not reach.can_be_told(None)
    ana.is_active = False
    assert not reach.can_be_told(ana)


@pytest.mark.django_db
def test_the_database_keeps_quiet_hours_whole(ana):
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPreference.objects.create(user=ana, quiet_from=time(21))
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPreference.objects.create(user=ana, channel="crow")


# the card on the person's page


def save(client, **fields):
    data = {"form": "notices", "notices-channel": "email", "notices-quiet_from": "", "notices-quiet_until": ""}
    return client.post(reverse("accounts:me"), data | {f"notices-{name}": value for name, value in fields.items()})


@pytest.mark.django_db
def test_a_patient_chooses_way_and_hours(sign_in, ana, patient, settings):
    settings.SMS_PROVIDER = "console"
    User.objects.filter(pk=ana.pk).update(phone="614-555-0101")
    client = sign_in(ana)
    page = client.get(reverse("accounts:me")).content.decode()
    assert "How we tell you" in page
    done = save(client, channel="sms", quiet_from="20:00", quiet_until="09:30", time_zone="America/Denver")
    assert done.status_code == 302
    chosen = ContactPreference.objects.get(user=ana)
    assert (chosen.channel, chosen.quiet_from, chosen.quiet_until, chosen.time_zone) == (
        "sms", time(20), time(9, 30), "America/Denver",
    )  # fmt: skip


@pytest.mark.django_db
def test_a_choice_forgets_no_mail_that_came_back(sign_in, ana, patient):
    ContactPreference.objects.create(user=ana, bounced_at=at(2026, 7, 2))
    save(sign_in(ana), channel="paper")
    chosen = ContactPreference.objects.get(user=ana)
    assert (chosen.channel, chosen.bounced_at) == ("paper", at(2026, 7, 2))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "words"),
    [({"channel": "sms"}, "Enter your phone number"), ({"quiet_from": "20:00"}, "Enter both times"),
     ({"quiet_from": "x", "quiet_until": "y"}, "Enter a time like 21:00")],
)  # fmt: skip
def test_what_does_not_fit_is_said(sign_in, ana, patient, settings, fields, words):
    settings.SMS_PROVIDER = "console"
    page = save(sign_in(ana), **fields)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not ContactPreference.objects.exists()


@pytest.mark.django_db
def test_text_messages_are_offered_only_where_they_are_sent(sign_in, ana, patient, settings):
    settings.SMS_PROVIDER = ""
    assert "Text message" not in sign_in(ana).get(reverse("accounts:me")).content.decode()


@pytest.mark.django_db
def test_staff_have_no_such_card(sign_in):
    assert "How we tell you" not in sign_in(make_user("Solo")).get(reverse("accounts:me")).content.decode()
