"""Wrong person: moved or marked with a trace in both records; bytes never shared; duplicates merged and taken apart again."""

from hashlib import sha256

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from config import storages
from config.audit.models import AuditEvent
from intake import corrections, entries, filing, merging, related, services, triage
from intake.models import Case, Consent, Coverage, Misfiling, Patient, PatientMerge, Photo, QueueEntry, RelatedPerson
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(clinic):
    return factories.make_patient(clinic, first_name="Bea", last_name="Other", state="NY", medicare=False)


@pytest.fixture
def beas_case(bea, ben):
    return factories.put_status(factories.make_draft(bea, by=ben), "submitted")


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def with_bytes(photo, data=b"these are the bytes"):
    digest = sha256(data).hexdigest()
    Photo.objects.filter(pk=photo.pk).update(sha256=digest)
    photo.refresh_from_db()
    storages.put_once(photo.original_key, data)
    return photo


# a case


def test_a_moved_case_is_triaged_anew_for_the_right_person(waiting, ben, ana, bea):
    case = filing.move_case(case=waiting, by=ben, to=bea, reason="Her sister's phone")
    assert (case.patient, case.patient_state, case.status) == (bea, "NY", "submitted")
    # Ana agreed for herself, not for Bea, and sees nothing of it any more
    assert not Consent.objects.filter(case=case, withdrawn_at=None).exists()
    assert not Case.objects.visible_to(ana).filter(pk=case.pk).exists()
    assert Case.objects.visible_to(ben).filter(pk=case.pk).exists()
    row = Misfiling.objects.get()
    assert (row.kind, row.from_patient, row.to_patient, row.by) == ("moved", waiting.patient, bea, ben)
    verbs = {"case.moved", "patient.case_left", "patient.case_came"}
    assert set(AuditEvent.objects.filter(verb__in=verbs).values_list("verb", flat=True)) == verbs


def test_what_staff_recorded_goes_along(patient, bea, ben):
    case = factories.make_draft(patient, by=ben)
    services.give_consent(case=case, by=ben, kinds={"treatment", "photography"})
    factories.make_ready_photo(case, by=ben)
    case = filing.move_case(case=services.submit_case(case=case, by=ben), by=ben, to=bea, reason="Picked the wrong row")
    assert set(case.consents.filter(withdrawn_at=None).values_list("patient", flat=True)) == {bea.pk}


def test_what_a_carer_agreed_to_for_the_other_person_ends(patient, ana, bea, ben):
    cara = factories.make_user("Cara")
    RelatedPerson.objects.create(patient=patient, user=cara, relationship="carer", created_by=ben)
    case = factories.make_draft(patient, by=cara)
    services.give_consent(case=case, by=cara, kinds={"treatment", "photography"})
    factories.make_ready_photo(case, by=cara)
    case = filing.move_case(
        case=services.submit_case(case=case, by=cara), by=ben, to=bea, reason="Her neighbour's phone"
    )
    assert not case.consents.filter(withdrawn_at=None).exists()


@pytest.mark.parametrize("status", ["ready", "needs_information"])
def test_from_the_pool_or_a_question_it_comes_back_to_the_desk(waiting, ben, bea, group, status):
    if status == "ready":
        triage.accept_case(case=waiting, by=ben, urgency="routine", specialty="dermatology", group=group)
    else:
        triage.request_information(
            case=waiting,
            by=ben,
            items=[triage.Asked("question", question="Since when?")],
            deadline=factories.in_days(1),
        )
    case = filing.move_case(case=Case.objects.get(pk=waiting.pk), by=ben, to=bea, reason="Wrong row")
    assert (case.status, case.patient) == ("submitted", bea)
    assert not case.requests.filter(outcome="").exists()


def test_a_link_of_the_other_person_ends(waiting, ben, bea, ana):
    triage.request_information(
        case=waiting, by=ben, items=[triage.Asked("question", question="Since when?")], deadline=factories.in_days(1)
    )
    link, _ = related.make_link(by=ben, case=Case.objects.get(pk=waiting.pk))
    filing.move_case(case=Case.objects.get(pk=waiting.pk), by=ben, to=bea, reason="Wrong row")
    link.refresh_from_db()
    assert link.revoked_at is not None


@pytest.mark.parametrize("spoil", ["reason", "same", "elsewhere", "signed", "stale", "stranger"])
def test_a_move_that_may_not_be_is_refused_whole(waiting, ben, bea, patient, max_stranger, spoil):
    facts = {"by": ben, "to": bea, "reason": "Wrong row", "version": waiting.version}
    if spoil == "reason":
        facts["reason"] = " "
    elif spoil == "same":
        facts["to"] = patient
    elif spoil == "elsewhere":
        facts["to"] = factories.make_patient(factories.make_clinic())
    elif spoil == "signed":
        factories.put_status(waiting, "signed")
    elif spoil == "stale":
        facts["version"] -= 1
    else:
        facts["by"] = max_stranger
    with pytest.raises(triage.TriageRefused, match=r"\.$"):
        filing.move_case(case=waiting, **facts)
    assert Case.objects.get(pk=waiting.pk).patient == patient
    assert not Misfiling.objects.exists()


def test_entered_in_error_the_case_ends_and_stays(waiting, ben):
    case = filing.case_in_error(case=waiting, by=ben, reason="A test of the camera")
    assert (case.status, case.filed_in_error_at is not None) == ("withdrawn", True)
    assert case.events.last().reason == "Entered in error: A test of the camera"
    with pytest.raises(triage.TriageRefused, match="has moved on"):
        filing.case_in_error(case=case, by=ben, reason="Again")


# a photo


def test_a_moved_photo_is_copied_byte_for_byte_and_hidden_here(waiting, ben, beas_case):
    photo = with_bytes(waiting.photos.get())
    moved = filing.move_photo(photo=photo, to_case=beas_case, by=ben, reason="Bea's arm")
    assert moved.original_key == f"orig/{beas_case.pk}/{photo.sha256}"
    assert storages.read(moved.original_key) == storages.read(photo.original_key) == b"these are the bytes"
    photo.refresh_from_db()
    assert (photo.removed_at is not None, moved.status, moved.slot) == (True, "arriving", photo.slot)
    row = Misfiling.objects.get()
    assert (row.photo, row.to_photo, row.to_patient) == (photo, moved, beas_case.patient)
    assert AuditEvent.objects.filter(verb__in=["photo.moved_away", "photo.moved_here"]).count() == 2
    with pytest.raises(triage.TriageRefused, match="taken out already"):
        filing.photo_in_error(photo=photo, by=ben, reason="Twice")


def test_damaged_bytes_or_a_photo_that_is_there_move_nothing(waiting, ben, ana, beas_case):
    photo = with_bytes(waiting.photos.get())
    factories.make_ready_photo(beas_case, by=ben, sha256=photo.sha256)
    with pytest.raises(triage.TriageRefused, match="has this photo already"):
        filing.move_photo(photo=photo, to_case=beas_case, by=ben, reason="Bea's")
    with pytest.raises(triage.TriageRefused, match="another case"):
        filing.move_photo(photo=photo, to_case=waiting, by=ben, reason="Bea's")
    other = factories.make_ready_photo(waiting, by=ana, slot="oblique")
    storages.put_once(other.original_key, b"not what was received")
    with pytest.raises(triage.TriageRefused, match="damaged"):
        filing.move_photo(photo=other, to_case=beas_case, by=ben, reason="Bea's")
    assert Photo.objects.live().filter(case=waiting).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_photo_moved_and_marked_at_once_goes_one_way(waiting, ben, beas_case):
    photo = with_bytes(waiting.photos.get())

    def act(number):
        mine = Photo.objects.select_related("case__clinic", "case__patient").get(pk=photo.pk)
        if number % 2:
            return filing.photo_in_error(photo=mine, by=ben, reason="Twice")
        return filing.move_photo(photo=mine, to_case=Case.objects.get(pk=beas_case.pk), by=ben, reason="Bea's")

    race(6, act)
    assert Misfiling.objects.count() == 1
    assert Photo.objects.live().count() == (Misfiling.objects.get().kind == "moved")


def test_the_trace_is_never_changed(waiting, ben):
    filing.photo_in_error(photo=waiting.photos.get(), by=ben, reason="Blank")
    for spoil in (lambda: Misfiling.objects.update(reason="x"), lambda: Misfiling.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            spoil()


# consent by phone


def test_consent_is_recorded_by_phone_with_who_agreed(desk, waiting, ben, bea):
    case = filing.move_case(case=waiting, by=ben, to=bea, reason="Wrong row")
    assert "Record consent by phone" in text(desk.get(url("triage_case", case.pk)))
    data = {"said_by": "patient", "said_by_name": ""}
    assert "Tick this when both were agreed to." in text(desk.post(url("consent_by_phone", case.pk), data))
    page = text(desk.post(url("consent_by_phone", case.pk), data | {"agreed": "on"}, follow=True))
    assert "Consent is recorded." in page
    assert "Record consent by phone" not in page
    assert case.changes.get(field="consent").said_by == "patient"
    with pytest.raises(triage.TriageRefused, match="both"):
        corrections.record_consent(case=case, by=ben, kinds={"treatment"}, said_by="patient")


# duplicates


@pytest.fixture
def twin(patient, clinic):
    """The same person once more, with a login of her own."""
    login = factories.make_user("Ana", email="ana.again@example.test")
    return factories.make_patient(clinic, user=login, last_name=patient.last_name)


def merged(patient, twin, ben, **facts):
    return merging.merge(kept=patient, merged=twin, by=ben, reason="Same passport", **({"checked": True} | facts))


def test_both_logins_see_the_one_record_and_its_cases(patient, twin, ben, ana, draft):
    second = factories.make_draft(twin, by=twin.user)
    row = merged(patient, twin, ben)
    assert sorted(row.moved) == ["intake.case.patient", "intake.coverage.patient"]
    for login in (ana, twin.user):
        assert set(Case.objects.visible_to(login)) == {draft, second}
        assert list(Patient.objects.visible_to(login)) == [patient]
        assert list(Patient.objects.in_care_of(login)) == [patient]
        assert Case.objects.get(pk=second.pk).is_cared_for_by(login)


def test_undone_each_has_what_was_theirs(patient, twin, ben, ana, draft):
    second = factories.make_draft(twin, by=twin.user)
    row = merged(patient, twin, ben)
    since = factories.make_draft(patient, by=ana)
    merging.unmerge(row=row, by=ben)
    assert set(Case.objects.visible_to(twin.user)) == {second}
    assert set(Case.objects.visible_to(ana)) == {draft, since}
    assert Coverage.objects.filter(patient=twin).count() == 1
    with pytest.raises(triage.TriageRefused, match="undone already"):
        merging.unmerge(row=row, by=ben)
    assert AuditEvent.objects.filter(verb__in=["patient.merged", "patient.unmerged"]).count() == 4


def test_what_does_not_fit_is_said_and_wants_a_look(patient, twin, ben):
    Coverage.objects.filter(patient=twin).update(member_id="2AA4TE5MK73")
    Patient.objects.filter(pk=twin.pk).update(first_name="Anna", date_of_birth="1960-03-01", administrative_sex="M")
    twin.refresh_from_db()
    words = " ".join(merging.conflicts(patient, twin))
    for part in (
        "dates of birth",
        "names differ",
        "sex",
        "record number",
        "Medicare numbers differ",
        "Both have an account",
    ):
        assert part in words
    with pytest.raises(triage.TriageRefused, match="Look at what does not fit"):
        merged(patient, twin, ben, checked=False)


@pytest.mark.parametrize("spoil", ["self", "reason", "twice", "elsewhere"])
def test_a_merge_that_makes_no_sense_is_refused(patient, twin, ben, max_stranger, spoil):
    facts = {"kept": patient, "merged": twin, "by": ben, "reason": "Same", "checked": True}
    if spoil == "self":
        facts["merged"] = patient
    elif spoil == "reason":
        facts["reason"] = ""
    elif spoil == "elsewhere":
        facts["by"] = max_stranger
    else:
        merged(patient, twin, ben)
        facts["merged"] = Patient.objects.get(pk=twin.pk)
    with pytest.raises(triage.TriageRefused, match=r"\.$"):
        merging.merge(**facts)
    assert PatientMerge.objects.count() == (spoil == "twice")


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_each_into_the_other_make_one(patient, twin, ben):
    def act(number):
        one, other = Patient.objects.get(pk=patient.pk), Patient.objects.get(pk=twin.pk)
        pair = (one, other) if number % 2 else (other, one)
        return merged(*pair, ben)

    race(4, act)
    assert PatientMerge.objects.count() == 1
    assert Patient.objects.filter(merged_into=None).count() == 1


def test_the_database_keeps_one_open_merge_of_a_record(patient, twin, ben):
    merged(patient, twin, ben)
    with pytest.raises(IntegrityError), transaction.atomic():
        PatientMerge.objects.create(kept=patient, merged=twin, by=ben, reason="Again")


def test_the_desks_list_follows_at_once(waiting, ben, ana, bea):
    """No row of the list shows a photo that was taken out, another person's language, or consent that ended."""
    oblique = factories.make_ready_photo(waiting, by=ana, slot="oblique")
    entries.keep(waiting.pk)
    filing.photo_in_error(photo=oblique, by=ben, reason="Another person's arm")
    assert str(oblique.pk) not in str(QueueEntry.objects.get().thumbs)
    Patient.objects.filter(pk=bea.pk).update(preferred_language="es")
    filing.move_case(case=Case.objects.get(), by=ben, to=Patient.objects.get(pk=bea.pk), reason="Wrong row")
    row = QueueEntry.objects.get()
    assert (row.language, row.story_words) == ("es", "Consent missing")


def test_the_desks_list_follows_a_merge_and_its_undoing(waiting, ben, patient, twin):
    Patient.objects.filter(pk=twin.pk).update(preferred_language="es")
    twin.refresh_from_db()
    row = merging.merge(kept=twin, merged=patient, by=ben, reason="Same passport", checked=True)
    assert QueueEntry.objects.get().language == "es"
    merging.unmerge(row=row, by=ben)
    assert QueueEntry.objects.get().language == "en"


# pages


def test_the_case_is_moved_on_its_page(desk, waiting, bea):
    page = text(desk.get(url("wrong_person", waiting.pk), {"q": "Bea"}))
    assert bea.name in page
    form = {"to": str(bea.pk), "reason": "", "do": "move", "version": waiting.version}
    assert "Write why" in text(desk.post(url("wrong_person", waiting.pk), form))
    assert "choose them" in text(desk.post(url("wrong_person", waiting.pk), form | {"to": "x", "reason": "Wrong row"}))
    page = text(desk.post(url("wrong_person", waiting.pk), form | {"reason": "Wrong row"}, follow=True))
    assert f"is {bea.name}&#x27;s now" in page
    page = text(desk.post(url("wrong_person", waiting.pk), {"do": "error", "reason": "A test"}, follow=True))
    assert "Entered in error" in page


def test_a_photo_is_moved_on_its_page(desk, waiting, beas_case):
    photo = with_bytes(waiting.photos.get())
    assert beas_case.number in text(desk.get(url("wrong_photo", photo.pk), {"q": "Bea"}))
    form = {"do": "move", "reason": "Bea's arm"}
    assert "choose it" in text(desk.post(url("wrong_photo", photo.pk), form))
    page = text(desk.post(url("wrong_photo", photo.pk), form | {"to": str(beas_case.pk)}, follow=True))
    assert f"The photo is in case {beas_case.number}" in page
    assert desk.get(url("wrong_photo", photo.pk)).status_code == 404


def test_records_are_merged_and_taken_apart_on_the_page(desk, patient, twin):
    page = text(desk.get(url("merge", patient.pk)))
    assert twin.mrn in page
    form = {"other": str(twin.pk), "reason": "Same passport"}
    assert "tick that you checked it" in text(desk.post(url("merge", patient.pk), form))
    page = text(desk.post(url("merge", patient.pk), form | {"checked": "on"}, follow=True))
    assert "It can be undone here." in page
    assert "This was a duplicate record." in text(desk.get(url("patient", twin.pk), follow=True))
    assert twin.mrn not in text(desk.get(url("patients"), {"q": patient.last_name}))
    page = text(desk.post(url("unmerge", PatientMerge.objects.get().pk), follow=True))
    assert "two records again" in page


@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana"])
def test_others_find_nothing_here(request, sign_in, waiting, who):
    client = sign_in(request.getfixturevalue(who))
    for name, row in (("wrong_person", waiting), ("wrong_photo", waiting.photos.get()), ("merge", waiting.patient)):
        assert client.get(url(name, row.pk)).status_code == 404
