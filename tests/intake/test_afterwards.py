"""After sending: the promise from the real queue, reminders, consent taken back, alarms for staff."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.accounts.models import ContactPreference, User
from config.accounts.signin_models import OutgoingMail
from intake import services, timeline, triage
from intake.alarms import alarms_of, find_twin, onset_date
from intake.imaging.fingerprint import distance
from intake.models import Case, InformationRequest, Patient, Photo, RelatedPerson
from tests import factories

pytestmark = pytest.mark.django_db
TOLD = date(2026, 11, 24)


# promises


def checked(patient, by, hours, count):
    for _ in range(count):
        case = factories.put_status(factories.make_draft(patient, by=by), "submitted")
        now = timezone.now()
        Case.objects.filter(pk=case.pk).update(submitted_at=now - timedelta(hours=hours), ready_at=now)


def test_with_few_cases_the_target_is_promised(submitted, patient, ana):
    checked(patient, ana, hours=2, count=9)
    assert timeline.promise_words(submitted) == "Usually within 1 day"


@pytest.mark.parametrize(
    ("fast", "slow", "words"),
    [
        ((1, 8), (30, 2), "Usually within 1 hour"),
        ((3, 8), (30, 2), "Usually within 3 hours"),
        ((3, 5), (30, 5), "Usually within 2 days"),
    ],
)
def test_four_of_five_lately_make_the_promise(submitted, patient, ana, fast, slow, words):
    for hours, count in (fast, slow):
        checked(patient, ana, hours=hours - 0.1, count=count)
    assert timeline.promise_words(submitted) == words


@pytest.mark.parametrize(
    ("channel", "words"),
    [("email", "We e-mail you"), ("sms", "We text you"), ("paper", "Your clinic calls you or sends a letter")],
)
def test_the_way_the_result_comes_is_the_patients_own(submitted, ana, settings, channel, words):
    settings.SMS_PROVIDER = "console"
    User.objects.update(phone="614-555-0101")
    ContactPreference.objects.create(user=ana, channel=channel)
    submitted.refresh_from_db()
    assert timeline.patient_timeline(submitted)[-1].hint == f"{words} when it is here"


def test_who_has_no_account_hears_from_the_clinic(submitted, patient):
    Patient.objects.update(user=None)
    submitted = Case.objects.get(pk=submitted.pk)
    assert timeline.patient_timeline(submitted)[-1].hint.startswith("Your clinic calls you")


# reminders


@pytest.fixture
def asked(submitted, ben):
    return triage.request_information(
        case=submitted, by=ben, items=[triage.Asked("question", question="Since when?")], deadline=factories.in_days(2)
    )


def test_a_reminder_goes_once_at_half_time_and_says_nothing_clinical(asked, ana):
    assert triage.remind_at_half_time() == 0
    later = timezone.now() + timedelta(days=1, minutes=1)
    assert triage.remind_at_half_time(later) == 1
    assert triage.remind_at_half_time(later) == 0
    mail = OutgoingMail.objects.get(dedupe_key__startswith="reminder:")
    assert (mail.to, mail.template, mail.context) == (ana.email, "message_waiting", {})


def test_who_has_answered_or_is_too_late_is_not_reminded(asked, ana):
    assert triage.remind_at_half_time(timezone.now() + timedelta(days=3)) == 0
    InformationRequest.objects.update(outcome="answered", answered_at=timezone.now())
    assert triage.remind_at_half_time(timezone.now() + timedelta(days=1, hours=1)) == 0


def test_the_photo_that_is_wrong_stands_beside_the_question(sign_in, submitted, ben, ana):
    wrong = factories.make_ready_photo(submitted, by=ana, slot="close_up")
    triage.request_information(
        case=submitted,
        by=ben,
        items=[triage.Asked("photo", slot="close_up", reason_code="blurred", note="The photo is blurry.")],
        deadline=factories.in_days(1),
    )
    page = sign_in(ana).get(reverse("intake:case_answer", args=[submitted.pk])).content.decode()
    assert reverse("intake:picture", args=[wrong.pk, "thumb"]) in page
    new = factories.make_ready_photo(submitted, by=ana, slot="close_up")
    request = InformationRequest.objects.get()
    triage.answer_request(request=request, by=ana, answers={})
    desk = sign_in(ben).get(reverse("intake:triage_case", args=[submitted.pk])).content.decode()
    assert desk.index(f"/pictures/{wrong.pk}/") < desk.index("Before: ") < desk.index("Now")
    assert str(new.pk) in desk


# consent


@pytest.fixture
def agreed(draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography", "teaching"})
    return draft


def test_teaching_taken_back_changes_nothing_else(sign_in, agreed, ana):
    case = factories.put_status(agreed, "submitted")
    url = reverse("intake:case_consents", args=[case.pk])
    page = sign_in(ana).post(url, {"kind": "teaching"}, follow=True).content.decode()
    assert "It is taken back." in page
    assert "Taken back" in page
    case.refresh_from_db()
    assert case.status == "submitted"
    assert case.consents.get(kind="teaching").withdrawn_at is not None


def test_without_a_required_consent_an_open_case_goes_no_further(sign_in, agreed, ana):
    case = factories.put_status(agreed, "submitted")
    page = sign_in(ana).post(reverse("intake:case_consents", args=[case.pk]), {"kind": "photography"}, follow=True)
    assert f"case {case.number} is canceled" in page.content.decode()
    case.refresh_from_db()
    assert case.status == "withdrawn"
    assert case.consents.filter(kind="photography").exists()


def test_after_the_answer_the_record_stays(sign_in, agreed, ana):
    case = factories.put_status(agreed, "closed")
    sign_in(ana).post(reverse("intake:case_consents", args=[case.pk]), {"kind": "treatment"})
    case.refresh_from_db()
    assert case.status == "closed"


def test_only_the_patient_takes_it_back(sign_in, agreed, ben, max_stranger):
    for user in (ben, max_stranger):
        url = reverse("intake:case_consents", args=[agreed.pk])
        assert sign_in(user).post(url, {"kind": "treatment"}).status_code == 404


# alarms


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("August 2026", date(2026, 8, 1)),
        ("since about 3 months", date(2026, 8, 26)),
        ("two weeks", date(2026, 11, 10)),
        ("a year", date(2025, 11, 24)),
        ("yesterday", date(2026, 11, 23)),
        ("agosto de 2026", date(2026, 8, 1)),
        ("hace 2 semanas", date(2026, 11, 10)),
        ("hace 3 meses", date(2026, 8, 26)),
        ("2019", date(2019, 1, 1)),
        ("for ages", None),
        ("", None),
        ("999999999 years", None),
    ],
)
def test_since_when_in_words(text, day):
    assert onset_date(text, TOLD) == day


def taken(case, by, days_before, **fields):
    photo = factories.make_ready_photo(case, by=by)
    # by the clinic's clock: 60 times 24 hours before an hour past midnight can be 59 days before, over a change of the clocks
    sent_at = case.submitted_at.astimezone(case.clinic.zone)
    Photo.objects.filter(pk=photo.pk).update(captured_at=sent_at - timedelta(days=days_before), **fields)
    photo.refresh_from_db()
    return photo


@pytest.mark.parametrize(
    ("onset", "days_before", "words"),
    [
        ("2 weeks", 20, "before the problem began (2 weeks)"),
        ("2 years", 60, "60 days before it was sent"),
        ("2 weeks", 1, None),
        ("2 weeks", 16, None),
        ("long ago", 5, None),
        ("2 weeks", -3, "is still to come"),
    ],
)
def test_dates_that_do_not_fit_the_story_are_named(submitted, ana, onset, days_before, words):
    Case.objects.update(onset=onset)
    submitted.refresh_from_db()
    photo = taken(submitted, ana, days_before)
    found = [alarm.words for alarm in alarms_of(submitted, [photo])]
    assert bool(found) is (words is not None)
    assert words is None or words in found[0]


def test_the_same_look_under_another_patient_is_found_within_the_clinic(submitted, ana, clinic, ben):
    mine = factories.make_ready_photo(submitted, by=ana)
    Photo.objects.filter(pk=mine.pk).update(fingerprint="00000000000000ff")
    mine.refresh_from_db()

    def other(mark, where=clinic, patient=None):
        patient = patient or factories.make_patient(where)
        photo = factories.make_ready_photo(factories.make_draft(patient, by=ben), by=ben)
        Photo.objects.filter(pk=photo.pk).update(fingerprint=mark)
        return photo

    other("ffffffffffffffff")
    other("00000000000000ff", where=factories.make_clinic("clinic"))
    other("00000000000000ff", patient=submitted.patient)
    assert find_twin(mine, lambda other: True) is None
    near = other("000000000000000f")
    assert find_twin(mine, lambda other: True) == near
    # the same pose of somebody else is no copy
    assert find_twin(mine, lambda other: False) is None


def test_the_desk_says_look_twice(sign_in, submitted, ana, ben, clinic):
    other = factories.make_ready_photo(factories.make_draft(factories.make_patient(clinic), by=ben), by=ben)
    mine = factories.make_ready_photo(submitted, by=ana)
    Photo.objects.filter(pk=mine.pk).update(twin=other)
    page = sign_in(ben).get(reverse("intake:triage_case", args=[submitted.pk])).content.decode()
    assert "looks like a photo of another patient" in page
    assert other.case.number in page


def test_bits_that_differ_are_counted_and_a_flat_picture_matches_nothing():
    assert distance("00000000000000ff", "000000000000000f") == 4
    assert distance("", "") == 64


# who is told that something is asked


def test_the_patient_and_who_acts_for_the_patient_are_told_at_once(submitted, patient, ana, ben):
    cara = factories.make_user("Cara")
    RelatedPerson.objects.create(patient=patient, user=cara, relationship="carer", created_by=ben)
    gone = factories.make_user("Gus")
    RelatedPerson.objects.create(
        patient=patient, user=gone, relationship="carer", created_by=ben, ended_at=timezone.now()
    )
    triage.request_information(
        case=submitted, by=ben, items=[triage.Asked("question", question="Since when?")], deadline=factories.in_days(2)
    )
    mails = OutgoingMail.objects.filter(template="message_waiting", context={})
    assert sorted(mails.values_list("to", flat=True)) == sorted([ana.email, cara.email])


def test_who_has_no_account_gets_a_link_and_another_as_reminder(clinic, ben):
    walk_in = factories.make_patient(clinic, email="wim@example.test")
    case = factories.put_status(factories.make_draft(walk_in, by=ben), "submitted")
    triage.request_information(
        case=case, by=ben, items=[triage.Asked("question", question="Since when?")], deadline=factories.in_days(2)
    )
    assert list(OutgoingMail.objects.values_list("to", "template")) == [("wim@example.test", "photo_link")]
    assert triage.remind_at_half_time(timezone.now() + timedelta(days=1, minutes=1)) == 1
    assert OutgoingMail.objects.filter(template="photo_link").count() == 2
    assert case.links.filter(revoked_at=None).count() == 1


def test_who_cannot_be_written_to_is_not_counted_as_reminded(clinic, ben):
    case = factories.put_status(factories.make_draft(factories.make_patient(clinic), by=ben), "submitted")
    triage.request_information(
        case=case, by=ben, items=[triage.Asked("question", question="Since when?")], deadline=factories.in_days(2)
    )
    assert triage.remind_at_half_time(timezone.now() + timedelta(days=1, minutes=1)) == 0
    assert not OutgoingMail.objects.exists()
