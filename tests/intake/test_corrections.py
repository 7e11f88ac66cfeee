"""What staff set in a sent case leaves what stood there, who said it, and who wrote it down."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from config.audit.models import AuditEvent
from intake import adequacy, completeness, corrections, services, trace, triage
from intake.desk_forms import AskForm
from intake.models import Case, CaseChange, PhotoAdequacy
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db
TOLD = {"said_by": "proxy", "said_by_name": "Rosa"}


def text(answer) -> str:
    return answer.content.decode()


def place(case, by, **facts):
    facts = {"site": "forearm_posterior", "side": "left", "reason": "Confirmed by phone"} | facts
    return corrections.correct_place(case=case, by=by, **facts)


def phone(case, by, topic, *value, **facts):
    return corrections.add_by_phone(case=case, by=by, topic=topic, value=list(value), **(TOLD | facts))


# adequacy


def test_the_newest_word_on_a_photo_counts_and_none_is_lost(waiting, ben):
    photo = waiting.photos.get()
    first = adequacy.judge_photo(photo=photo, by=ben, reason_code="blurred")
    assert (first.verdict, first.reason_code, first.by) == ("retake", "blurred", ben)
    second = adequacy.judge_photo(photo=photo, by=ben, reason_code="adequate")
    assert second.verdict == "after_all"
    assert adequacy.latest(waiting) == {photo.pk: second}
    assert AuditEvent.objects.filter(verb="photo.judged", subject_id=str(photo.pk)).count() == 2


@pytest.mark.parametrize(
    ("hint", "verdict"), [("good", "adequate"), ("usable", "adequate"), ("retake_suggested", "after_all")]
)
def test_adequate_against_the_programs_hint_is_adequate_after_all(waiting, ben, hint, verdict):
    waiting.photos.update(quality_verdict=hint)
    assert adequacy.judge_photo(photo=waiting.photos.get(), by=ben, reason_code="adequate").verdict == verdict


@pytest.mark.parametrize("spoil", ["reason", "removed", "arriving", "signed", "stranger"])
def test_what_cannot_be_judged_is_refused_with_a_sentence(waiting, ben, max_stranger, spoil):
    photo, by, reason = waiting.photos.get(), ben, "adequate"
    if spoil == "reason":
        reason = "ugly"
    elif spoil == "stranger":
        by = max_stranger
    elif spoil == "signed":
        factories.put_status(waiting, "signed")
    else:
        waiting.photos.update(
            **{"removed": {"removed_at": timezone.now()}, "arriving": {"work_status": "waiting"}}[spoil]
        )
    photo = waiting.photos.select_related("case__clinic").get()
    with pytest.raises(triage.TriageRefused, match=r"\.$"):
        adequacy.judge_photo(photo=photo, by=by, reason_code=reason)
    assert not PhotoAdequacy.objects.exists()


def test_what_is_to_be_taken_again_is_ticked_when_the_patient_is_asked(waiting, ben, ana):
    factories.make_ready_photo(waiting, by=ana, slot="oblique")
    for photo in waiting.photos.all():
        adequacy.judge_photo(photo=photo, by=ben, reason_code="too_far")
    assert adequacy.to_retake(waiting) == {"close_up": "too_far", "oblique": "too_far"}
    # a better photo of the slot is there
    factories.make_ready_photo(waiting, by=ana, slot="oblique")
    assert adequacy.to_retake(waiting) == {"close_up": "too_far"}
    form = AskForm(case=waiting)
    assert (form["slot_close_up"].value(), form["reason_close_up"].value()) == (True, "too_far")
    assert not form["slot_oblique"].value()


# urgency


def test_sooner_is_free_and_the_target_follows(waiting, ben):
    due = waiting.triage_due_at
    case = corrections.set_urgency(case=waiting, by=ben, urgency="urgent")
    assert case.urgency == "urgent"
    assert case.triage_due_at < due
    change = case.changes.get()
    assert (change.field, change.old, change.new, change.by) == ("urgency", "", "urgent", ben)


def test_later_needs_a_reason_which_is_kept(waiting, ben, group):
    case = corrections.set_urgency(case=waiting, by=ben, urgency="urgent")
    due = case.triage_due_at
    with pytest.raises(triage.TriageRefused, match="Write why it may wait longer"):
        corrections.set_urgency(case=case, by=ben, urgency="priority")
    with pytest.raises(triage.TriageRefused, match="Urgent was set for this case"):
        triage.accept_case(case=case, by=ben, urgency="routine", specialty="dermatology", group=group)
    case = corrections.set_urgency(case=case, by=ben, urgency="priority", reason="Seen last week, unchanged")
    assert case.changes.last().reason == "Seen last week, unchanged"
    # what was promised does not move later by itself
    assert case.triage_due_at == due


def test_the_suggestion_too_is_only_lowered_with_a_reason(waiting, ben):
    Case.objects.update(reason="It bled")
    waiting.refresh_from_db()
    assert completeness.suggested_urgency(waiting)[0] == "priority"
    with pytest.raises(triage.TriageRefused, match="Priority stands here"):
        corrections.set_urgency(case=waiting, by=ben, urgency="routine")


@pytest.mark.parametrize(("urgency", "hours"), [("urgent", -48), ("priority", -24)])
def test_in_the_pool_the_answer_target_follows(waiting, ben, group, urgency, hours):
    case = triage.accept_case(case=waiting, by=ben, urgency="routine", specialty="dermatology", group=group)
    due = case.answer_due_at
    case = corrections.set_urgency(case=case, by=ben, urgency=urgency)
    assert case.answer_due_at - due == timedelta(hours=hours)
    assert corrections.set_urgency(case=case, by=ben, urgency=urgency).changes.count() == 1


def test_an_unknown_urgency_is_refused(waiting, ben):
    with pytest.raises(triage.TriageRefused, match="Choose the urgency"):
        corrections.set_urgency(case=waiting, by=ben, urgency="yesterday")


# place


def test_a_corrected_side_keeps_the_old_one_and_the_point_goes(waiting, ben):
    Case.objects.update(point_view="front", point_x=0.2, point_y=0.3)
    case = place(waiting, ben)
    change = case.changes.get()
    assert (case.side, case.point_view, case.point_x) == ("left", "", None)
    assert (change.kind, change.old, change.new) == (
        "correction",
        "Right forearm, outer side",
        "Left forearm, outer side",
    ) or (change.old.startswith("Right") and change.new.startswith("Left"))
    assert AuditEvent.objects.filter(verb="case.changed", subject_id=str(case.pk)).exists()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"site": "moon"}, "Choose the place"),
        ({"site": "cornea"}, "Choose the place"),
        ({"side": ""}, "Choose the side"),
        ({"reason": " "}, "Write how you know"),
        ({"side": "right"}, "stands there already"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(waiting, ben, facts, words):
    with pytest.raises(triage.TriageRefused, match=words):
        place(waiting, ben, **facts)
    assert not CaseChange.objects.exists()


@pytest.mark.parametrize("status", ["draft", "in_review", "signed", "closed", "redirected"])
def test_only_at_the_desk_is_a_case_changed(waiting, ben, dana, group, status):
    columns = {"group": group, "patient_state": "OH"}
    if status == "in_review":
        columns |= {"holder": dana, "hold_expires_at": timezone.now() + timedelta(minutes=9)}
    case = factories.put_status(waiting, status, **columns)
    with pytest.raises(triage.TriageRefused, match="is reading case" if status == "in_review" else "has moved on"):
        place(case, ben)
    with pytest.raises(triage.TriageRefused):
        phone(case, ben, "history", "It itches")


@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana", "kay", "ada"])
def test_others_change_nothing(request, waiting, who):
    by = request.getfixturevalue(who)
    for change in (
        lambda: place(waiting, by),
        lambda: phone(waiting, by, "history", "It itches"),
        lambda: corrections.set_urgency(case=waiting, by=by, urgency="urgent"),
    ):
        with pytest.raises(triage.TriageRefused, match="Only staff"):
            change()
    assert not CaseChange.objects.exists()


# by phone


def test_a_gap_is_filled_and_says_who_said_it(waiting, ben):
    change = phone(waiting, ben, "history", "It itches at night")
    waiting.refresh_from_db()
    assert (change.kind, waiting.history) == ("filled_in", "It itches at night")
    assert change.who == "A parent, guardian or carer (Rosa)"


def test_what_the_patient_wrote_stays_and_the_other_text_stands_beside_it(waiting, ben):
    before = waiting.medicines
    change = phone(waiting, ben, "medicines", "Also warfarin")
    waiting.refresh_from_db()
    assert (change.kind, waiting.medicines, change.old) == ("added", before, before)
    assert corrections.by_topic(waiting) == {"medicines": [change]}


def test_a_question_of_the_set_is_filled_in_with_its_options(waiting, ben):
    change = phone(waiting, ben, "changes", "size", "color")
    assert (change.kind, change.value) == ("filled_in", ["size", "color"])
    assert services.answers_of(waiting)["changes"] == ["size", "color"]
    assert completeness.suggested_urgency(waiting)[0] == "urgent"
    again = phone(waiting, ben, "changes", "none")
    assert again.kind == "added"
    assert services.answers_of(waiting)["changes"] == ["size", "color"]


@pytest.mark.parametrize(
    ("topic", "value", "facts", "words"),
    [
        ("history", "", {}, "Write or choose"),
        ("changes", "purple", {}, "Write or choose"),
        ("shoe size", "9", {}, "Write or choose"),
        ("history", "Itches", {"said_by": "the dog"}, "Choose who said it"),
    ],
)
def test_an_answer_without_words_or_speaker_is_refused(waiting, ben, topic, value, facts, words):
    with pytest.raises(triage.TriageRefused, match=words):
        phone(waiting, ben, topic, value, **facts)


@pytest.mark.django_db(transaction=True)
def test_two_who_fill_the_same_gap_leave_both_texts(waiting, ben):
    race(4, lambda n: phone(Case.objects.get(pk=waiting.pk), ben, "history", f"Text {n}"))
    changes = CaseChange.objects.all()
    assert sorted(change.new for change in changes) == [f"Text {n}" for n in range(4)]
    assert [change.kind for change in changes].count("filled_in") == 1
    assert Case.objects.get().history == changes.get(kind="filled_in").new


def test_the_database_keeps_the_trace(waiting, ben):
    change = phone(waiting, ben, "history", "It itches")
    for spoil in (
        lambda: CaseChange.objects.filter(pk=change.pk).update(new="Nothing"),
        lambda: CaseChange.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            spoil()
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseChange.objects.create(case=waiting, kind="correction", field="place", by=ben)


# two at once


def test_a_stale_page_is_refused_and_told_what_changed(waiting, ben, clinic):
    jo = factories.make_user("Jo", "staff", clinic)
    opened, version = timezone.now(), waiting.version
    place(waiting, jo)
    with pytest.raises(corrections.StaleCase) as stale:
        phone(waiting, ben, "medicines", "Also warfarin", version=version)
    (entry,) = trace.since(stale.value.case, opened, but_not=ben)
    assert entry.by == str(jo)
    assert entry.words.startswith("Place: corrected")
    assert (entry.old[:5], entry.new[:4], entry.why) == ("Right", "Left", "Confirmed by phone")
    assert trace.since(waiting, opened, but_not=jo) == []


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-25T10:00", "2026-13-45T10:00:00Z"])
def test_a_made_up_time_is_no_time(text):
    assert trace.seen_at(text) is None


# pages


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def test_photos_are_judged_on_the_page(desk, waiting, ben):
    photo = waiting.photos.get()
    page = text(desk.post(url("judge_photo", photo.pk), {"verdict": "too_dark"}, follow=True))
    assert "Close up: to be taken again." in page
    assert "too dark" in page
    assert "Choose “Adequate”" in text(desk.post(url("judge_photo", photo.pk), {"verdict": "x"}, follow=True))
    assert "Adequate after all" in text(desk.post(url("judge_photo", photo.pk), {"verdict": "adequate"}, follow=True))


def test_the_place_is_corrected_on_its_page_and_the_specialist_sees_it(desk, sign_in, waiting, ben, dana, group):
    data = {"site": "forearm_posterior", "side": "left", "reason": "Seen on the overview", "version": waiting.version}
    page = text(desk.post(url("place", waiting.pk), data, follow=True))
    assert "Corrected to left forearm" in page
    assert "from right forearm" in page
    case = triage.accept_case(case=Case.objects.get(), by=ben, urgency="routine", specialty="dermatology", group=group)
    client = sign_in(dana)
    client.post(reverse("review:claim", args=[case.pk]))
    # loaded a moment after the room itself
    room = text(client.get(reverse("review:earlier", args=[case.pk])))
    assert "Seen on the overview" in room
    assert "<del>Right forearm" in room


def test_the_urgency_is_set_on_its_page(desk, waiting):
    page = text(desk.post(url("urgency", waiting.pk), {"urgency": "urgent", "version": waiting.version}, follow=True))
    assert "is urgent now" in page
    page = text(desk.post(url("urgency", waiting.pk), {"urgency": "routine", "reason": ""}))
    assert "Write why it may wait longer." in page


def test_an_answer_by_phone_stands_on_the_page_with_who_said_it(desk, waiting):
    page = text(desk.get(url("by_phone", waiting.pk, "medicines")))
    assert "and that stays; what you enter stands beside it." in page
    data = {"answer": "Also warfarin", "version": waiting.version} | TOLD
    page = text(desk.post(url("by_phone", waiting.pk, "medicines"), data, follow=True))
    assert "Also warfarin" in page
    assert "A parent, guardian or carer (Rosa)" in page
    data = {"answer": ["size"], "said_by": "patient", "said_by_name": ""}
    assert "filled in" in text(desk.post(url("by_phone", waiting.pk, "changes"), data, follow=True))
    assert "Choose who said it." in text(desk.post(url("by_phone", waiting.pk, "changes"), {"answer": ["size"]}))
    assert desk.get(url("by_phone", waiting.pk, "nonsense")).status_code == 404


def test_an_old_page_keeps_its_words_and_shows_what_the_other_did(desk, waiting, ben, clinic):
    jo = factories.make_user("Jo", "staff", clinic)
    stale = {"version": waiting.version, "seen_at": timezone.now().isoformat()}
    phone(waiting, jo, "medicines", "No tablets")
    answer = desk.post(url("by_phone", waiting.pk, "medicines"), stale | {"answer": "Also warfarin"} | TOLD)
    page = text(answer)
    assert answer.status_code == 409
    for words in ("Changed since you opened it", "No tablets", "Also warfarin", str(jo)):
        assert words in page
    waiting.refresh_from_db()
    fresh = {"version": waiting.version, "answer": "Also warfarin"} | TOLD
    assert desk.post(url("by_phone", waiting.pk, "medicines"), fresh).status_code == 302
    assert [change.new for change in waiting.changes.all()] == ["No tablets", "Also warfarin"]


@pytest.mark.parametrize("name", ["urgency", "place"])
@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana"])
def test_others_find_no_page(request, sign_in, waiting, name, who):
    assert sign_in(request.getfixturevalue(who)).get(url(name, waiting.pk)).status_code == 404
    assert sign_in(request.getfixturevalue(who)).post(url("judge_photo", waiting.photos.get().pk)).status_code == 404
