"""Sending and cancelling: one thing missing is the one thing said, who may do it, and what stays of a case that ends."""

import threading
from hashlib import sha256

import pytest

from config import storages
from config.audit.models import AuditEvent
from intake import own_photos, services, triage
from intake.models import Case, CaseEvent, Consent, Photo, Upload
from tests import factories
from tests.intake.imaging import corpus
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


@pytest.fixture
def complete(draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    services.attach_photo(case=draft, by=ana, data=corpus.jpeg(), name="a.jpg", slot="close_up")
    return draft


SPOILED = [
    ("danger", {"danger_signs": ""}, "Answer the question about danger signs."),
    ("reason", {"reason": "  \n"}, "Tell us what the problem is."),
    ("place", {"site": ""}, "Choose where it is."),
]


@pytest.mark.parametrize(("place", "columns", "sentence"), SPOILED, ids=[place for place, _, _ in SPOILED])
def test_one_thing_missing_is_the_one_thing_said(complete, ana, place, columns, sentence):
    Case.objects.update(**columns)
    complete.refresh_from_db()
    with pytest.raises(services.NotComplete) as told:
        services.submit_case(case=complete, by=ana)
    assert [(where, str(words)) for where, words in told.value.missing] == [(place, sentence)]
    assert not CaseEvent.objects.filter(verb="submit").exists()


@pytest.mark.parametrize("spoil", ["removed", "unreadable"])
def test_a_photo_that_nobody_can_see_is_no_photo(complete, ana, spoil):
    if spoil == "removed":
        own_photos.remove_photo(photo=complete.photos.get(), by=ana)
    else:
        complete.photos.update(work_status="done", refusal_reason="damaged")
    with pytest.raises(services.NotComplete, match="Add at least one photo"):
        services.submit_case(case=complete, by=ana)


def test_a_photo_on_its_way_is_enough_to_send(complete, ana):
    own_photos.remove_photo(photo=complete.photos.get(), by=ana)
    Upload.objects.create(case=complete, by=ana, client_key="phone-key-1", byte_size=100, slot="close_up")
    assert services.submit_case(case=complete, by=ana).status == "submitted"


@pytest.mark.parametrize("kept", [{"treatment"}, {"photography"}, {"teaching"}, set()])
def test_both_required_consents_are_needed_and_teaching_is_not(complete, ana, kept):
    services.give_consent(case=complete, by=ana, kinds=kept)
    with pytest.raises(services.NotComplete, match="Agree to care from photos"):
        services.submit_case(case=complete, by=ana)


def test_the_same_consent_again_changes_nothing(complete, ana):
    rows = list(Consent.objects.values())
    services.give_consent(case=complete, by=ana, kinds={"treatment", "photography"})
    assert list(Consent.objects.values()) == rows
    assert AuditEvent.objects.filter(verb="consent.changed").count() == 1


@pytest.mark.parametrize("who", ["max_stranger", "dana", "kay", "ada", "ruth"])
def test_nobody_else_sends_or_cancels(request, complete, who):
    by = request.getfixturevalue(who)
    for step in (services.submit_case, services.withdraw_case):
        with pytest.raises(services.TransitionRefused, match="You may not do this"):
            step(case=complete, by=by)
    assert Case.objects.get().status == "draft"


def test_staff_send_for_the_patient_and_it_is_told_who_did(complete, ben):
    sent = services.submit_case(case=complete, by=ben)
    event = sent.events.get(verb="submit")
    assert (event.by, event.role) == (ben, "staff")


def test_sent_twice_is_refused_with_where_it_stands(complete, ana):
    services.submit_case(case=complete, by=ana)
    with pytest.raises(services.TransitionRefused, match="now “submitted”. Nothing was changed"):
        services.submit_case(case=complete, by=ana)


@pytest.mark.parametrize("status", ["signed", "delivered", "closed", "redirected", "withdrawn"])
def test_what_is_answered_or_over_is_not_cancelled(draft, ana, group, status):
    factories.put_status(draft, status, group=group, patient_state="OH")
    with pytest.raises(services.TransitionRefused):
        services.withdraw_case(case=draft, by=ana)
    assert Case.objects.get().status == status


def test_a_cancelled_case_keeps_its_reason_and_waits_for_no_answer(submitted, ana, ben):
    asked = triage.request_information(
        case=submitted, by=ben, items=[triage.Asked("question", question="Why?")], deadline=factories.in_days(1)
    )
    services.withdraw_case(case=Case.objects.get(), by=ana, reason="It healed")
    asked.refresh_from_db()
    assert asked.outcome == "dropped"
    assert CaseEvent.objects.get(verb="withdraw").reason == "It healed"


def test_a_photo_removed_twice_is_removed_once_and_its_bytes_stay(complete, ana):
    photo = complete.photos.get()
    for _ in range(2):
        own_photos.remove_photo(photo=photo, by=ana)
    assert AuditEvent.objects.filter(verb="photo.removed", subject_id=str(photo.pk)).count() == 1
    assert storages.read(photo.original_key) == corpus.jpeg()


def test_what_the_clinic_was_sent_stays_when_it_asks_for_more(complete, ana, ben):
    sent = services.submit_case(case=complete, by=ana)
    triage.request_information(
        case=sent, by=ben, items=[triage.Asked("photo", slot="oblique", reason_code="missing")],
        deadline=factories.in_days(1),
    )  # fmt: skip
    old = Photo.objects.select_related("case").get()
    with pytest.raises(services.IntakeRefused, match="stay as they are"):
        own_photos.remove_photo(photo=old, by=ana)
    new = services.attach_photo(
        case=old.case, by=ana, data=corpus.jpeg(corpus.scene(500, 500)), name="b", slot="oblique"
    )
    own_photos.remove_photo(photo=new, by=ana)
    assert list(Photo.objects.live()) == [old]


def test_a_refused_photo_leaves_neither_row_nor_bytes(draft, ana):
    data = b"%PDF-1.4"
    with pytest.raises(services.PhotoRefused):
        services.attach_photo(case=draft, by=ana, data=data, name="a.jpg", slot="close_up")
    assert not Photo.objects.exists()
    assert not storages.exists(f"orig/{draft.pk}/{sha256(data).hexdigest()}")


def race_on(case, step):
    """Twelve do step(number, case) at the same moment, each with a connection and a case of its own, read before."""
    here = threading.Barrier(12)

    def run(number):
        mine = Case.objects.select_related("patient__home_clinic", "clinic").get(pk=case.pk)
        here.wait(timeout=30)
        return step(number, mine)

    return race(12, run)


@pytest.mark.django_db(transaction=True)
def test_twelve_consents_at_once_are_one_of_each_kind(draft, ana):
    kinds = {"treatment", "photography"}
    outcomes = race_on(draft, lambda _, case: services.give_consent(case=case, by=ana, kinds=kinds))
    assert outcomes == [None] * 12
    assert sorted(Consent.objects.values_list("kind", "withdrawn_at")) == [("photography", None), ("treatment", None)]


@pytest.mark.django_db(transaction=True)
def test_two_consents_taken_back_at_once_both_stay_taken_back(draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography", "teaching"})
    kinds = ("treatment", "photography", "teaching")
    race_on(draft, lambda number, case: services.take_back_consent(case=case, by=ana, kind=kinds[number % 3]))
    assert not Consent.objects.filter(withdrawn_at=None).exists()
    assert Consent.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_twelve_follow_ups_at_once_are_one_draft(draft, ana):
    factories.put_status(draft, "closed")
    outcomes = race_on(draft, lambda _, case: services.start_follow_up(by=ana, earlier=case).pk)
    assert len(set(outcomes)) == 1, outcomes
    assert Case.objects.filter(follows=draft).count() == 1


@pytest.mark.django_db(transaction=True)
def test_twelve_who_remove_a_photo_leave_one_row_in_the_trail(complete, ana):
    photo = complete.photos.get()
    outcomes = race_on(complete, lambda _, case: own_photos.remove_photo(photo=case.photos.get(pk=photo.pk), by=ana))
    assert outcomes == [None] * 12
    assert AuditEvent.objects.filter(verb="photo.removed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_sent_and_cancelled_at_once_ends_cancelled_and_each_happened_at_most_once(complete, ana):
    def step(number, case):
        return (services.submit_case, services.withdraw_case)[number % 2](case=case, by=ana)

    outcomes = race_on(complete, step)
    assert all(isinstance(one, (Case, services.TransitionRefused)) for one in outcomes), outcomes
    verbs = list(CaseEvent.objects.values_list("verb", flat=True))
    assert verbs in (["withdraw"], ["submit", "withdraw"]), verbs


@pytest.mark.django_db(transaction=True)
def test_a_danger_sign_and_sending_at_once_never_leave_both_halves(complete, ana):
    def step(number, case):
        if number % 2:
            return services.submit_case(case=case, by=ana)
        return services.answer_danger_signs(case=case, by=ana, signs=["Sudden loss of sight"])

    outcomes = race_on(complete, step)
    assert all(isinstance(one, (Case, services.TransitionRefused, services.NotComplete)) for one in outcomes), outcomes
    case = Case.objects.get()
    # also when it was sent first: the sign takes it out of the queue
    assert (case.status, case.danger_signs) == ("redirected", "yes")
    assert CaseEvent.objects.filter(verb="redirect").count() == 1
