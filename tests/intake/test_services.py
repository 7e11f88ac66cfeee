"""A draft until it is sent: nothing typed is lost, nothing is sent twice, and what is missing is said."""

from hashlib import sha256

import pytest

from config import storages
from config.audit.models import AuditEvent
from intake import consents, own_photos, services
from intake.models import Answer, Case, CaseEvent, Consent, Photo
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


def test_a_patient_and_staff_of_the_clinic_may_start_nobody_else(patient, ana, ben, max_stranger, dana):
    for by, role in ((ana, "patient"), (ben, "staff")):
        case = services.start_case(by=by, patient=patient, specialty="dermatology")
        assert case.events.get().role == role
    for by in (max_stranger, dana):
        with pytest.raises(services.IntakeRefused):
            services.start_case(by=by, patient=patient, specialty="dermatology")
    assert Case.objects.count() == 2


def test_saving_keeps_what_was_typed_and_counts_versions(draft, ana):
    saved = services.save_draft(case=draft, by=ana, reason="It grew", onset="May")
    assert (saved.reason, saved.onset, saved.version) == ("It grew", "May", draft.version)
    assert Case.objects.get().reason == "It grew"


def test_a_stale_window_overwrites_nothing_and_shows_what_is_stored(draft, ana):
    version = draft.version
    services.save_draft(case=draft, by=ana, version=version, reason="From the first window")
    with pytest.raises(services.StaleDraft) as stale:
        services.save_draft(case=draft, by=ana, version=version, reason="From the second window")
    assert stale.value.case.reason == "From the first window"
    assert Case.objects.get().reason == "From the first window"


def test_a_sent_case_is_not_changed(submitted, ana):
    with pytest.raises(services.IntakeRefused, match="already sent"):
        services.save_draft(case=submitted, by=ana, reason="Other words")
    with pytest.raises(services.IntakeRefused, match="already sent"):
        services.answer_question(case=submitted, by=ana, key="before", value=["yes"])


def test_only_fields_of_a_draft_are_saved(draft, ana):
    with pytest.raises(services.IntakeRefused):
        services.save_draft(case=draft, by=ana, status="signed")
    assert Case.objects.get().status == "draft"


def test_a_danger_sign_never_joins_the_queue_and_the_clinic_sees_it(draft, ana):
    Case.objects.update(danger_signs="")
    draft.refresh_from_db()
    moved = services.answer_danger_signs(case=draft, by=ana, signs=["Sudden loss of sight"])
    assert (moved.status, moved.danger_signs) == ("redirected", "yes")
    event = CaseEvent.objects.get(verb="redirect")
    assert "Sudden loss of sight" in event.reason
    assert event.data["kind"] == "emergency"


def test_consent_keeps_version_language_and_hash_and_taking_back_keeps_the_row(draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography", "teaching"}, language="es")
    row = Consent.objects.get(kind="teaching")
    text = consents.text("teaching", "es")
    assert (row.version, row.language, row.text_sha256) == (text.version, "es", text.sha256)
    assert text.sha256 != consents.text("teaching", "en").sha256
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    row.refresh_from_db()
    assert row.withdrawn_at is not None
    assert Consent.objects.filter(withdrawn_at=None).count() == 2


def test_received_bytes_are_stored_unchanged_under_their_hash(draft, ana):
    data = corpus.chatty_jpeg()
    photo = services.attach_photo(case=draft, by=ana, data=data, name="x" * 400 + ".jpg", slot="close_up")
    digest = sha256(data).hexdigest()
    assert storages.read(f"orig/{draft.pk}/{digest}") == data
    assert (photo.sha256, photo.byte_size, len(photo.original_name)) == (digest, len(data), 255)
    assert AuditEvent.objects.filter(verb="photo.received", subject_id=str(photo.pk)).exists()


def test_a_photo_chosen_twice_is_one_and_a_removed_one_may_come_back(draft, ana):
    def attach():
        return services.attach_photo(case=draft, by=ana, data=corpus.jpeg(), name="a.jpg", slot="close_up")

    first = attach()
    assert attach() == first
    own_photos.remove_photo(photo=first, by=ana)
    assert attach() != first
    assert Photo.objects.live().count() == 1
    # the row of the removed one stays
    assert Photo.objects.count() == 2


def test_an_unknown_slot_is_other(draft, ana):
    assert services.attach_photo(case=draft, by=ana, data=corpus.jpeg(), name="a", slot="../etc").slot == "other"


def test_photos_of_a_sent_case_stay(submitted, ana):
    photo = factories.make_ready_photo(submitted, by=ana)
    with pytest.raises(services.IntakeRefused, match="stay as they are"):
        own_photos.remove_photo(photo=photo, by=ana)
    with pytest.raises(services.PhotoRefused) as refused:
        services.attach_photo(case=submitted, by=ana, data=corpus.jpeg(), name="a", slot="other")
    assert refused.value.reason == "already_sent"


def test_a_photo_moves_among_the_others_of_its_slot_and_nowhere_else(draft, ana):
    one, two, three = (factories.make_ready_photo(draft, by=ana) for _ in range(3))
    elsewhere = factories.make_ready_photo(draft, by=ana, slot="overview")

    def moved(photo, step):
        own_photos.move_photo(photo=photo, step=step)
        return list(draft.photos.live().filter(slot=one.slot))

    assert moved(three, own_photos.EARLIER) == [one, three, two]
    assert moved(three, own_photos.EARLIER) == [three, one, two]
    assert moved(three, own_photos.EARLIER) == [three, one, two]
    assert moved(one, own_photos.LATER) == [three, two, one]
    assert moved(one, own_photos.LATER) == [three, two, one]
    elsewhere.refresh_from_db()
    assert elsewhere.position == 0


@pytest.mark.django_db(transaction=True)
def test_moved_in_two_windows_at_once_no_photo_is_lost_from_the_order(draft, ana):
    photos = [factories.make_ready_photo(draft, by=ana) for _ in range(4)]
    race(4, lambda i: own_photos.move_photo(photo=photos[i], step=1))
    row = list(draft.photos.live())
    assert sorted(photo.pk for photo in row) == sorted(photo.pk for photo in photos)
    assert len({photo.position for photo in row}) == 4


def test_everything_missing_is_said_race(patient, ana):
    type(patient).objects.update(state="")
    patient.refresh_from_db()
    case = services.start_case(by=ana, patient=patient, specialty="dermatology")
    with pytest.raises(services.NotComplete) as told:
        services.submit_case(case=case, by=ana)
    assert [place for place, _ in told.value.missing] == ["danger", "reason", "place", "photos", "consent", "address"]
    assert Case.objects.get().status == "draft"


def test_sending_freezes_the_state_and_sets_the_target(complete, ana):
    sent = services.submit_case(case=complete, by=ana)
    assert (sent.status, sent.patient_state) == ("submitted", "OH")
    # it grew and bled: urgent is suggested, and an urgent case is checked within 4 hours
    assert (sent.triage_due_at - sent.submitted_at).total_seconds() == pytest.approx(4 * 3600, abs=5)


def test_an_answer_takes_the_place_of_the_one_before(draft, ana):
    services.answer_question(case=draft, by=ana, key="changes", value=["size"])
    services.answer_question(case=draft, by=ana, key="changes", value=["none"])
    assert Answer.objects.get().value == ["none"]


@pytest.mark.parametrize("status", ["draft", "submitted", "needs_information"])
def test_the_patient_may_cancel_until_the_answer(draft, ana, status):
    if status != "draft":
        factories.put_status(draft, status)
    assert services.withdraw_case(case=draft, by=ana, reason="Healed").status == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_twelve_sends_at_once_are_one(complete, ana):
    outcomes = race(12, lambda n: services.submit_case(case=Case.objects.get(pk=complete.pk), by=ana))
    assert len([one for one in outcomes if isinstance(one, Case)]) == 1, outcomes
    assert CaseEvent.objects.filter(verb="submit").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twelve_windows_attach_one_photo_once(draft, ana):
    data = corpus.jpeg()

    def attach(number):
        case = Case.objects.get(pk=draft.pk)
        return services.attach_photo(case=case, by=ana, data=data, name="a.jpg", slot="close_up").pk

    outcomes = race(12, attach)
    assert len(set(outcomes)) == 1, outcomes
    assert Photo.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fourteen_photos_at_once_stay_twelve(draft, ana):
    pictures = [corpus.jpeg(corpus.scene(300 + n, 300)) for n in range(14)]

    def attach(number):
        case = Case.objects.get(pk=draft.pk)
        return services.attach_photo(case=case, by=ana, data=pictures[number], name="a.jpg", slot="other")

    outcomes = race(14, attach)
    refused = [one for one in outcomes if isinstance(one, services.PhotoRefused)]
    assert (len(refused), Photo.objects.live().count()) == (2, 12), outcomes
    assert "room for 12 photos" in refused[0].message


@pytest.mark.django_db(transaction=True)
def test_twelve_saves_of_one_version_keep_one(draft, ana):
    version = draft.version

    def save(number):
        case = Case.objects.get(pk=draft.pk)
        return services.save_draft(case=case, by=ana, version=version, reason=f"Window {number}")

    outcomes = race(12, save)
    assert len([one for one in outcomes if isinstance(one, Case)]) == 1
    assert all(isinstance(one, (Case, services.StaleDraft)) for one in outcomes), outcomes


def test_a_number_that_is_taken_is_not_given_again(draft, ana, monkeypatch):
    taken = draft.number.removeprefix("DF-")
    letters = iter(taken + taken + "FREE22")
    monkeypatch.setattr("secrets.choice", lambda _among: next(letters))
    assert factories.make_draft(draft.patient, by=ana).number == "DF-FREE22"
