"""A critical result climbs its ladder, whatever the clock does, until a person acknowledges it; no case closes before."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from config import sms
from config.accounts import outbox
from config.accounts.models import Clinic, User
from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake.models import Case
from review import critical, critical_rules, delivery
from review.models import CriticalResult, CriticalStep, Review
from tests import factories
from tests.racing import race
from tests.review.signed import CALM, answer, status, tell

pytestmark = pytest.mark.django_db
OHIO = ZoneInfo("America/New_York")
FRIDAY = datetime(2026, 10, 30, 16, 0, tzinfo=OHIO)  # the clocks go back in the night to Sunday
HOUR = timedelta(hours=1)


@pytest.fixture
def lead(clinic):
    return factories.make_user("Lena", "staff", clinic, lead=True)


@pytest.fixture
def director(clinic):
    person = factories.make_user("Mira", "staff", factories.make_clinic("clinic", name="Head office"))
    Clinic.objects.filter(pk=clinic.pk).update(medical_director=person)
    clinic.refresh_from_db()
    return person


@pytest.fixture
def row(draft, dana, group, ruth, ben, lead, director):
    review = answer(draft, dana, group, CALM, at=FRIDAY, referrer=ruth)
    return raised(review, FRIDAY)


def raised(review, at):
    return critical.raise_critical(review=review, by=review.specialist, reasons=["melanoma"], at=at)


def told(row):
    """(hours after it was raised, rung, person) of each step."""
    return [
        (round((step.at - row.raised_at) / HOUR, 2), step.rung, step.person and step.person.first_name)
        for step in row.steps.all()
    ]


def test_who_has_a_telephone_is_told_by_text_message_too_at_any_hour(
    draft, dana, group, ruth, ben, lead, director, settings, monkeypatch
):
    settings.SMS_PROVIDER = "console"
    sent = []
    monkeypatch.setattr(sms, "console", lambda *message: sent.append(message))
    User.objects.filter(pk=ruth.pk).update(phone="614-555-0101")
    night = FRIDAY.replace(hour=23)
    ruth.refresh_from_db()
    row = raised(answer(draft, dana, group, CALM, at=night, referrer=ruth), night)
    assert row.steps.get().channels == ["email", "sms", "portal"]
    text = OutgoingMail.objects.get(template="urgent_text")
    assert outbox.deliver(text)
    [(number, words, _)] = sent
    assert number == "+16145550101"
    assert "melanoma" not in words and "Sign in" in words
    User.objects.filter(pk=ruth.pk).update(phone="")
    assert not outbox.deliver(text)


# what is critical


@pytest.mark.parametrize(
    ("codes", "texts", "is_eye", "found"),
    [
        (["C43.9"], [], False, ["melanoma"]),
        (["D03.61"], [], False, ["melanoma"]),
        ([], ["Atypical nevus; rule out melanoma"], False, ["melanoma"]),
        ([], ["Nevus", "Melanoma in situ (low)"], False, ["melanoma"]),
        ([], ["Lentigo maligna"], False, ["melanoma"]),
        ([], ["Nevus, no sign of melanoma"], False, []),
        ([], ["Not a melanoma"], False, []),
        ([], ["Melanoma is excluded by the pattern"], False, []),
        (["D22.61"], ["Benign nevus"], False, []),
        (["C44.311"], ["Basal cell carcinoma"], False, []),
        (["H16.011"], [], True, ["sight"]),
        (["B02.30"], ["Zoster"], False, ["sight"]),
        ([], ["Acute angle-closure glaucoma"], True, ["sight"]),
        ([], ["Corneal ulcer is likely"], True, ["sight"]),
        ([], ["No corneal ulcer; viral conjunctivitis"], True, []),
        (["B30.9"], ["Viral conjunctivitis"], True, []),
    ],
)
def test_what_is_critical(codes, texts, is_eye, found):
    assert critical_rules.reasons(codes=codes, texts=texts, is_eye=is_eye, marked=False) == found
    assert critical_rules.reasons(codes=codes, texts=texts, is_eye=is_eye, marked=True) == [*found, "marked"]


def test_the_signature_raises_it_and_freezes_why(filled, tab, sign, ben, settings):
    tab.work(60_000)
    signed = sign(filled)
    row = signed.critical
    assert row.reasons == ["melanoma"] and signed.signed_record["critical"] == {"reasons": ["melanoma"], "note": ""}
    assert row.named == ben and row.steps.get().channels == ["email", "portal"]
    assert OutgoingMail.objects.filter(template="critical_waiting", to=ben.email).count() == 1


def test_a_specialist_marks_before_and_after_the_signature(filled, tab, sign, dana, ben):
    Review.objects.filter(pk=filled.pk).update(assessment="Benign nevus", differential=[])
    tab.work(60_000)
    filled.refresh_from_db()
    signed = sign(filled)
    assert not CriticalResult.objects.exists()
    with pytest.raises(critical.CriticalRefused, match="Only who signed"):
        critical.mark(review=signed, by=ben, note="Call her today")
    with pytest.raises(critical.CriticalRefused, match="Write what"):
        critical.mark(review=signed, by=dana, note=" ")
    assert critical.mark(review=signed, by=dana, note="Call her today").why == "Marked by the specialist"
    with pytest.raises(critical.CriticalRefused, match="already"):
        critical.mark(review=signed, by=dana, note="Call her today")


@pytest.mark.parametrize("gone", ["nobody", "referrer", "acceptor"])
def test_who_is_named(draft, dana, group, ruth, ben, lead, gone):
    review = answer(draft, dana, group, CALM, referrer=None if gone == "referrer" else ruth)
    review.case.events.create(verb="accept", to_status="ready", by=ben, role="staff")
    if gone == "acceptor":
        type(ruth).objects.filter(pk=ruth.pk).update(is_active=False)
        type(ben).objects.filter(pk=ben.pk).update(is_active=False)
    case = Case.objects.get(pk=review.case_id)
    assert critical.named_person(case) == {"nobody": ruth, "referrer": ben, "acceptor": lead}[gone]


# the ladder


def test_over_a_weekend_and_a_change_of_the_clocks_nobody_answers(row):
    now = FRIDAY
    while now < FRIDAY + timedelta(days=5):
        critical.tick(now)
        critical.tick(now)  # a beat that comes twice
        now += timedelta(minutes=20)
    assert told(row)[:4] == [
        (0, "named", "Ruth"),
        (12, "again", "Ruth"),
        (24, "lead", "Lena"),
        (28, "director", "Mira"),
    ]
    # 28 real hours after Friday 4 pm, and each 24 h from then: the wall clock shows an hour less after the change
    again = [step.at.astimezone(OHIO).strftime("%a %H:%M") for step in row.steps.filter(rung="director")]
    assert again[:3] == ["Sat 20:00", "Sun 19:00", "Mon 19:00"]
    row.refresh_from_db()
    assert row.acknowledged_at is None and status(row.review) != "closed"
    assert OutgoingMail.objects.filter(template="critical_waiting").count() == row.steps.count()


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_stepped_an_hour_doubles_and_loses_nothing(row, jump):
    for minutes in range(0, 60 * 40, 30):
        stepped = jump if minutes > 60 * 13 else timedelta(0)
        critical.tick(FRIDAY + timedelta(minutes=minutes) + stepped)
    rungs = [rung for _, rung, _ in told(row)]
    assert rungs == ["named", "again", "lead", "director"]
    assert all(abs(at - planned) <= 1 for (at, _, _), planned in zip(told(row), (0, 12, 24, 28), strict=True))


def test_a_beat_that_slept_climbs_to_where_it_should_be_and_not_further(row):
    assert critical.tick(FRIDAY + timedelta(days=6)) == 3
    assert [rung for _, rung, _ in told(row)] == ["named", "again", "lead", "director"]
    assert critical.tick(FRIDAY + timedelta(days=6, hours=1)) == 0
    critical.tick(FRIDAY + timedelta(days=7))
    assert CriticalStep.objects.filter(rung="director").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_climb_once(row):
    race(2, lambda _: critical.tick(FRIDAY + 12 * HOUR))
    critical.tick(FRIDAY + 12 * HOUR)
    assert row.steps.filter(rung="again").count() == 1


def test_an_empty_rung_is_noted_and_the_next_one_climbed_at_once(draft, dana, group, clinic):
    dana.memberships.update(lead=True)
    review = answer(draft, dana, group, CALM, at=FRIDAY)
    row = raised(review, FRIDAY)  # nobody works at the clinic
    assert [(at, rung, who) for at, rung, who in told(row)] == [
        (0, "named", None), (0, "again", None), (0, "lead", None), (0, "director", "Dana"),
    ]  # fmt: skip


def test_each_step_is_logged_and_kept(row):
    critical.tick(FRIDAY + 30 * HOUR)
    logged = AuditEvent.objects.filter(verb="critical.told").order_by("pk")
    assert [event.data["rung"] for event in logged] == ["named", "again", "lead", "director"]
    for change in (lambda: row.steps.update(rung="lead"), row.steps.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_no_mail_says_what_it_is(row):
    critical.tick(FRIDAY + 30 * HOUR)
    assert set(OutgoingMail.objects.values_list("template", flat=True)) == {"critical_waiting"}
    assert not OutgoingMail.objects.exclude(context={}).exists()


# acknowledging


@pytest.mark.parametrize("who", ["ruth", "ben", "lead", "director"])
def test_a_person_takes_it_over_and_the_ladder_ends(row, request, who):
    person = request.getfixturevalue(who)
    with pytest.raises(critical.CriticalRefused, match="what happens next"):
        critical.acknowledge(row=row, by=person, action=" ")
    critical.acknowledge(row=row, by=person, action="Excision on Monday, Dr. Gray")
    assert critical.tick(FRIDAY + timedelta(days=9)) == 0
    with pytest.raises(critical.CriticalRefused, match="already"):
        critical.acknowledge(row=row, by=person, action="Excision on Tuesday")
    assert AuditEvent.objects.filter(verb="critical.acknowledged", actor=person).count() == 1


@pytest.mark.parametrize("who", ["ana", "max_stranger", "eli", "kay"])
def test_nobody_else_takes_it_over(row, request, who):
    person = request.getfixturevalue(who)
    with pytest.raises(critical.CriticalRefused):
        critical.acknowledge(row=row, by=person, action="Excision on Monday")
    assert person not in [step.person for step in row.steps.all()] and not critical.visible_to(person)


def test_the_signer_records_who_read_it_back(row, dana, ben):
    with pytest.raises(critical.CriticalRefused, match="read it back"):
        critical.acknowledge(row=row, by=dana, action="Seen on Monday")
    with pytest.raises(critical.CriticalRefused, match="Only who signed"):
        critical.acknowledge(row=row, by=ben, action="Seen on Monday", taken_by="Nurse Hill")
    done = critical.acknowledge(row=row, by=dana, action="Seen on Monday", taken_by="Nurse Hill")
    assert (done.acknowledged_how, done.taken_by) == ("phone", "Nurse Hill")


# closing


def read_by_all(row, ana, ruth):
    tell(row.review)
    delivery.acknowledge(case=row.case, kind="patient", by=ana)
    delivery.acknowledge(case=row.case, kind="referrer", by=ruth)


def test_the_case_waits_for_the_acknowledgement(row, ana, ruth):
    read_by_all(row, ana, ruth)
    assert status(row.review) == "delivered"
    critical.acknowledge(row=row, by=ruth, action="Excision on Monday")
    assert status(row.review) == "closed"


def test_no_reason_of_staff_closes_it(row, ana, ruth, ben):
    read_by_all(row, ana, ruth)
    with pytest.raises(delivery.DeliveryRefused, match="critical"):
        delivery.close_case(case=Case.objects.get(pk=row.case_id), by=ben, reason="Nobody answers")
    assert status(row.review) == "delivered"


@pytest.mark.parametrize("way", ["update", "save", "sql"])
def test_the_database_closes_no_case_with_a_critical_result_open(row, way):
    from django.db import connection

    case = Case.objects.get(pk=row.case_id)

    def close():
        if way == "update":
            Case.objects.filter(pk=case.pk).update(status="closed")
        elif way == "save":
            case.status = "closed"
            case.save()
        else:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE intake_case SET status = 'closed'")

    with pytest.raises(DatabaseError, match="not acknowledged"), transaction.atomic():
        close()
    critical.acknowledge(row=row, by=row.named, action="Excision on Monday")
    close()


@pytest.mark.parametrize(
    "change",
    [
        {"acknowledged_at": FRIDAY},  # by no person
        {"acknowledged_at": FRIDAY, "acknowledged_how": "portal", "action": "Seen"},
        {"reasons": []},
        {"raised_at": FRIDAY + HOUR},
        {"due_at": FRIDAY + timedelta(days=90)},
        {"named": None},
    ],
)
def test_the_database_lets_nothing_else_off_the_ladder(row, change):
    with pytest.raises(DatabaseError), transaction.atomic():
        CriticalResult.objects.filter(pk=row.pk).update(**change)


def test_it_is_neither_deleted_nor_taken_back(row, ruth):
    with pytest.raises(DatabaseError), transaction.atomic():
        CriticalResult.objects.filter(pk=row.pk)._raw_delete("default")
    critical.acknowledge(row=row, by=ruth, action="Excision on Monday")
    empty = {"acknowledged_at": None, "acknowledged_by": None, "acknowledged_how": "", "action": ""}
    with pytest.raises(DatabaseError, match="stays acknowledged"), transaction.atomic():
        CriticalResult.objects.filter(pk=row.pk).update(**empty)


def test_none_is_raised_in_a_closed_case(draft, dana, group):
    review = answer(draft, dana, group)
    factories.put_status(draft, "closed")
    with pytest.raises(critical.CriticalRefused, match="addendum first"):
        critical.mark(review=review, by=dana, note="Call her today")
    with pytest.raises((IntegrityError, DatabaseError), match="is closed"), transaction.atomic():
        raised(review, timezone.now())


# pages


def test_the_board_and_taking_it_over(row, sign_in, ruth, ana):
    critical.tick(FRIDAY + 30 * HOUR)
    client = sign_in(ruth)
    page = client.get(reverse("review:critical_board")).content.decode()
    for words in ("Suspected melanoma", "Medical director: Mira", "Clinic lead: Lena", "I have it"):
        assert words in page
    assert reverse("review:critical_board") in client.get(reverse("review:referrer_home")).content.decode()
    url = reverse("review:critical_take", args=[row.pk])
    assert "what happens next" in client.post(url, {"action": ""}, follow=True).content.decode()
    done = client.post(url, {"action": "Excision on Monday"}, follow=True).content.decode()
    assert "Nothing is on the ladder" in done and "Excision on Monday" in done
    result = client.get(reverse("review:referrer_result", args=[row.case_id])).content.decode()
    assert "Critical result" in result
    assert sign_in(ana).get(reverse("review:critical_board")).status_code == 404


def test_the_signer_sees_the_steps_and_records_a_call(row, sign_in, dana):
    client = sign_in(dana)
    page = client.get(reverse("review:critical_board")).content.decode()
    assert "You told them by phone" in page and "I have it" not in page
    client.post(reverse("review:critical_take", args=[row.pk]), {"taken_by": "Nurse Hill", "action": "Seen on Monday"})
    row.refresh_from_db()
    assert row.taken_by == "Nurse Hill"


@pytest.mark.parametrize("who", ["max_stranger", "eli"])
def test_strangers_see_an_empty_board(row, sign_in, request, who):
    client = sign_in(request.getfixturevalue(who))
    assert row.case.number not in client.get(reverse("review:critical_board")).content.decode()
    assert client.post(reverse("review:critical_take", args=[row.pk]), {"action": "Mine now"}).status_code == 404


def test_without_a_director_the_board_says_so(draft, dana, group, ruth, ben, lead, sign_in):
    raised(answer(draft, dana, group, CALM, at=FRIDAY, referrer=ruth), FRIDAY)
    critical.tick(FRIDAY + 30 * HOUR)
    assert "Nobody is named as medical director" in sign_in(ben).get(reverse("review:critical_board")).content.decode()


def test_the_count_of_each_page_asks_of_cases_only_by_key(ben, dana, ruth):
    """Joined to the cases, SQLite looked for the few open results by going through all of them."""
    for person in (ben, dana, ruth):
        sql = critical.waiting(User.objects.get(pk=person.pk)).sql
        assert 'JOIN "intake_case"' not in sql and 'U0."id" = ("review_criticalresult"."case_id")' in sql
