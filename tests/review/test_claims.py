"""Who holds a case: one at a time, never for ever, and a draft stays its author's."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from config.accounts.signin_models import OutgoingMail
from intake import routing
from intake.models import Absence, Case, CaseEvent
from intake.triage import Asked, answer_request
from intake.workflow import TransitionRefused
from review import claims, followup, services, worklist
from review.errors import ReviewRefused, StaleReview
from review.models import Review
from tests import factories
from tests.racing import race
from tests.review.conftest import DRAFT, NEVUS_RIGHT


def lapse(case):
    Case.objects.filter(pk=case.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    case.refresh_from_db()


@pytest.fixture
def dora(group):
    return factories.make_specialist("Dora", group)


@pytest.mark.django_db
def test_claiming_opens_the_own_review_and_holds_for_the_setting(ready, dana, settings):
    review = services.claim_case(case=ready, by=dana)
    ready.refresh_from_db()
    assert (ready.status, ready.holder) == ("in_review", dana)
    assert timedelta(minutes=29) < ready.hold_expires_at - timezone.now() <= timedelta(minutes=settings.HOLD_MINUTES)
    assert (review.case, review.specialist, review.status) == (ready, dana, "draft")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["eli", "olga", "kay", "ben", "max_stranger"])
def test_others_than_a_licensed_specialist_of_the_group_cannot_claim(request, ready, who):
    with pytest.raises(TransitionRefused):
        services.claim_case(case=ready, by=request.getfixturevalue(who))
    assert not Review.objects.exists()


@pytest.mark.django_db
def test_a_live_hold_is_named_and_a_lapsed_one_is_taken_over(review, ready, dana, dora):
    with pytest.raises(TransitionRefused, match="Dana Sample is reading case"):
        services.claim_case(case=Case.objects.get(pk=ready.pk), by=dora)
    lapse(ready)
    taken = services.claim_case(case=ready, by=dora)
    assert taken.specialist == dora and taken != review
    assert Review.objects.filter(case=ready).count() == 2


@pytest.mark.django_db
def test_a_draft_outlives_its_hold(review, ready, dana, dora):
    lapse(ready)
    services.claim_case(case=ready, by=dora)
    saved, held = services.save_draft(review=review, by=dana, version=0, findings="Typed after the hold ended")
    assert (saved.findings, held) == ("Typed after the hold ended", False)
    assert Case.objects.get(pk=ready.pk).holder == dora


@pytest.mark.django_db
def test_an_autosave_renews_the_hold(review, ready, dana):
    lapse(ready)
    _, held = services.save_draft(review=review, by=dana, version=0, findings="x")
    ready.refresh_from_db()
    assert held and ready.hold_is_live()


@pytest.mark.django_db
def test_giving_back_keeps_the_draft_and_passes_only_the_note(review, ready, dana, dora):
    services.save_draft(review=review, by=dana, version=0, findings="Mine alone")
    ready.refresh_from_db()
    services.release_case(case=ready, by=dana, handover_note="Compare with the photo of 2024")
    other = services.claim_case(case=Case.objects.get(pk=ready.pk), by=dora)
    assert other.findings == ""
    notes = services.handover_notes(ready, dora)
    assert [note.handover_note for note in notes] == ["Compare with the photo of 2024"]
    services.release_case(case=Case.objects.get(pk=ready.pk), by=dora)
    again = services.claim_case(case=Case.objects.get(pk=ready.pk), by=dana)
    assert (again.pk, again.findings) == (review.pk, "Mine alone")


def handed(case, by, to, note="Look at the second photo"):
    return services.release_case(case=Case.objects.get(pk=case.pk), by=by, to=to, handover_note=note)


@pytest.mark.django_db
def test_a_case_is_handed_to_a_colleague_by_name_who_alone_may_claim_it(review, ready, dana, dora, group):
    third = factories.make_specialist("Third", group)
    case = handed(ready, dana, dora)
    assert (case.status, case.holder, case.assigned_to) == ("ready", None, dora)
    assert case.events.latest("pk").data == {"to": str(dora.pk)}
    assert [(row.why, row.note) for row in worklist.rows(dora)] == [
        ("Dana Sample hands it to you", "Look at the second photo")
    ]
    for other in (third, dana):
        assert worklist.rows(other) == []
        with pytest.raises(TransitionRefused):
            services.claim_case(case=Case.objects.get(pk=ready.pk), by=other)
    taken = services.claim_case(case=Case.objects.get(pk=ready.pk), by=dora)
    assert taken != review and [one.handover_note for one in services.handover_notes(ready, dora)]
    # given to the pool it is anybody's again, also of who had it first
    services.release_case(case=Case.objects.get(pk=ready.pk), by=dora)
    assert [row.why for row in worklist.rows(third)] != [] and worklist.rows(third)[0].note == ""
    assert services.claim_case(case=Case.objects.get(pk=ready.pk), by=dana) == review


@pytest.mark.django_db
@pytest.mark.parametrize("why_not", ["away", "licence", "group", "roster", "signed", "oneself", "specialty", "no note"])
def test_who_cannot_take_a_case_is_neither_offered_nor_given_it(
    request, monkeypatch, review, ready, dana, dora, group, olga, eli, why_not
):
    assert [one.user for one in claims.takers(ready, dana)] == [dora]
    person, note = dora, "Look"
    if why_not == "away":
        today = timezone.localdate()
        Absence.objects.create(user=dora, first_day=today, last_day=today, made_by=dana)
    elif why_not == "licence":
        dora.practitioner.licences.update(valid_until=timezone.localdate() - timedelta(days=1))
    elif why_not == "group":
        person = factories.make_specialist("Elsewhere", factories.make_clinic("group"))
    elif why_not == "roster":
        monkeypatch.setattr(routing, "_roster", [lambda patient, users, day: ("The model", {dana.pk})])
    elif why_not == "signed":
        Review.objects.create(case=ready, specialist=dora, second_opinion=True)
        Review.objects.filter(specialist=dora).update(
            status="signed", signed_at=timezone.now(), date_of_service=timezone.localdate(), time_zone="America/New_York",
            measured_ms=60_000, added_ms=0, lost_ms=0, attestation="I spent the time.", signed_record={},
            content_sha256="ab" * 32,
        )  # fmt: skip
    elif why_not in ("oneself", "specialty"):
        person = {"oneself": dana, "specialty": olga}[why_not]
    else:
        note = " "
    if why_not != "no note":
        assert person not in [one.user for one in claims.takers(ready, dana)]
    with pytest.raises(TransitionRefused):
        handed(ready, dana, person, note)
    ready.refresh_from_db()
    assert (ready.status, ready.holder, ready.assigned_to) == ("in_review", dana, None)


@pytest.mark.django_db
def test_a_licence_that_ends_after_the_hand_over_is_asked_for_at_the_claim(review, ready, dana, dora):
    handed(ready, dana, dora)
    dora.practitioner.licences.update(valid_until=timezone.localdate() - timedelta(days=1))
    assert worklist.rows(dora) == []
    with pytest.raises(TransitionRefused):
        services.claim_case(case=Case.objects.get(pk=ready.pk), by=dora)


@pytest.mark.django_db
def test_only_the_holder_hands_over_by_name_and_not_a_lapsed_hold_that_went_on(review, ready, dana, dora, group):
    third = factories.make_specialist("Third", group)
    mine = Case.objects.get(pk=ready.pk)
    with pytest.raises(TransitionRefused, match="Only who holds"):
        handed(ready, dora, third)
    lapse(ready)
    services.claim_case(case=ready, by=dora)
    with pytest.raises(TransitionRefused):
        services.release_case(case=mine, by=dana, to=third, handover_note="From an old page")
    review.refresh_from_db()
    assert Case.objects.get(pk=ready.pk).holder == dora and review.handover_note == ""


@pytest.mark.django_db
def test_a_colleague_who_does_not_open_it_in_time_holds_up_nobody(review, ready, dana, dora, group, settings):
    third = factories.make_specialist("Third", group)
    handed(ready, dana, dora)
    due = timezone.now() + timedelta(hours=settings.HANDED_OVER_HOURS)
    assert followup.tick(due - timedelta(minutes=1))["handovers"] == 0
    assert [followup.tick(due + timedelta(minutes=1))["handovers"] for _ in range(2)] == [1, 0]
    ready.refresh_from_db()
    event = ready.events.latest("pk")
    assert (ready.status, ready.assigned_to) == ("ready", None)
    assert (event.words, event.by, event.data) == ("Back in the pool", None, {"from": str(dora.pk)})
    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {dana.email, dora.email}
    assert services.claim_case(case=ready, by=third)


@pytest.mark.django_db
def test_one_that_was_opened_or_sent_by_triage_stays_where_it_is(review, ready, dana, dora, settings):
    later = timezone.now() + timedelta(hours=settings.HANDED_OVER_HOURS, minutes=1)
    handed(ready, dana, dora)
    services.claim_case(case=Case.objects.get(pk=ready.pk), by=dora)
    assert followup.tick(later)["handovers"] == 0
    factories.put_status(ready, "ready", assigned_to=dora)
    CaseEvent.objects.create(case=ready, verb="accept", to_status="ready", role="system")
    assert followup.tick(later)["handovers"] == 0


@pytest.mark.django_db
def test_who_handed_it_over_takes_it_back_and_nobody_else(review, ready, dana, dora, group):
    third = factories.make_specialist("Third", group)
    handed(ready, dana, dora)
    for other in (third, dora):
        with pytest.raises(TransitionRefused):
            services.to_pool(case=Case.objects.get(pk=ready.pk), by=other)
    assert [mail.to for mail in OutgoingMail.objects.all()] == [dora.email], "told that it waits"
    services.to_pool(case=Case.objects.get(pk=ready.pk), by=dana)
    assert [mail.to for mail in OutgoingMail.objects.all()] == [dora.email] * 2, "and that it is anybody's again"
    assert services.claim_case(case=Case.objects.get(pk=ready.pk), by=dana) == review


@pytest.mark.django_db(transaction=True)
def test_taken_back_and_opened_in_one_moment_it_is_one_of_the_two(review, ready, dana, dora):
    handed(ready, dana, dora)
    mine = Case.objects.get(pk=ready.pk)
    work = [lambda: services.to_pool(case=mine, by=dana), lambda: services.claim_case(case=ready, by=dora)]
    race(2, lambda i: work[i]())
    ready.refresh_from_db()
    # from the pool the colleague may take it too; what was opened is never taken back
    assert (ready.status, ready.holder) in [("in_review", dora), ("ready", None)]
    verbs = list(ready.events.order_by("pk").values_list("verb", flat=True))[-2:]
    assert verbs in [["release", "claim"], ["release", "to_pool"], ["to_pool", "claim"]], verbs


@pytest.mark.django_db
def test_a_lead_ends_a_hold_with_a_word_that_the_holder_reads(sign_in, review, ready, dana, group):
    lea = factories.make_specialist("Lea", group)
    lea.memberships.update(lead=True)
    lead = sign_in(lea)
    assert "End this hold as lead" in lead.get(reverse("review:room", args=[ready.pk])).content.decode()
    address = reverse("review:release", args=[ready.pk])
    refused = lead.post(address, {"to": "pool", "handover_note": " "})
    assert refused.status_code == 422 and "Write to Dana Sample why you end the hold." in refused.content.decode()
    done = lead.post(address, {"to": "pool", "handover_note": "You are ill today"}, follow=True)
    assert "Dana Sample is told, and keeps the draft" in done.content.decode()
    assert ready.events.latest("pk").reason == "You are ill today"
    assert [mail.to for mail in OutgoingMail.objects.all()] == [dana.email]
    page = sign_in(dana).get(reverse("review:room", args=[ready.pk])).content.decode()
    assert "Lea Sample ended your hold" in page and "You are ill today" in page


@pytest.mark.django_db
def test_what_triage_sent_by_name_is_not_said_to_be_handed_over(ready, dana):
    factories.put_status(ready, "ready", assigned_to=dana)
    assert [(row.why, row.note) for row in worklist.rows(dana)] == [("Sent to you by name", "")]


@pytest.mark.django_db(transaction=True)
def test_handed_over_from_two_windows_at_once_it_goes_to_one_and_only_that_one_gets_it(review, ready, dana, group):
    people = [factories.make_specialist(f"Derm{i}", group) for i in range(6)]
    results = race(6, lambda i: handed(ready, dana, people[i], f"For {i}"))
    won = [result for result in results if isinstance(result, Case)]
    assert len(won) == 1 and all(isinstance(one, TransitionRefused) for one in results if one is not won[0]), results
    ready.refresh_from_db()
    assert ready.assigned_to == won[0].assigned_to and ready.events.filter(verb="release").count() == 1
    # the note is the winner's, never one that was refused
    review.refresh_from_db()
    assert review.handover_note == f"For {people.index(ready.assigned_to)}"
    claimed = race(6, lambda i: services.claim_case(case=Case.objects.get(pk=ready.pk), by=people[i]))
    got = [result for result in claimed if isinstance(result, Review)]
    assert [one.specialist for one in got] == [ready.assigned_to], claimed


@pytest.mark.django_db(transaction=True)
def test_a_hand_over_and_a_claim_of_the_lapsed_hold_at_once_have_one_outcome(review, ready, dana, dora, group):
    third = factories.make_specialist("Third", group)
    lapse(ready)
    mine = Case.objects.get(pk=ready.pk)
    work = [lambda: services.release_case(case=mine, by=dana, to=dora, handover_note="Look"),
            lambda: services.claim_case(case=Case.objects.get(pk=ready.pk), by=third)]  # fmt: skip
    race(2, lambda i: work[i]())
    ready.refresh_from_db()
    outcome = (ready.status, ready.assigned_to, ready.holder)
    assert outcome in [("ready", dora, None), ("in_review", None, third)], outcome
    assert ready.events.filter(verb__in=("release", "claim")).count() == 2  # the first claim, and one of the two


@pytest.mark.django_db
def test_the_roster_is_looked_at_at_the_claim_and_again_before_signing(monkeypatch, sign_in, ready, photo, icd, dana):
    on_it: set = set()
    monkeypatch.setattr(routing, "_roster", [lambda patient, users, day: ("Skin Model", on_it)])
    client = sign_in(dana)
    page = client.post(reverse("review:claim", args=[ready.pk]), follow=True).content.decode()
    assert "You are not on the roster of Skin Model" in page
    assert ready.events.get(verb="claim").data["off_roster"] == "Skin Model"
    review = Review.objects.get()
    review, _ = services.save_draft(review=review, by=dana, version=0, codes=[NEVUS_RIGHT], **DRAFT)
    checks = services.propose(review).checks
    words = [(one.tone, one.detail) for one in checks if "roster of Skin Model" in one.text]
    assert words == [("wait", "You may sign anyway.")]
    on_it.add(dana.pk)
    assert not [one for one in services.propose(review).checks if "roster" in one.text]


@pytest.mark.django_db
def test_asking_ends_the_hold_and_the_answer_comes_back_to_the_asker_first(review, ready, dana, dora, ana):
    ready.refresh_from_db()
    asked = services.ask_for_more(
        case=ready,
        by=dana,
        items=[Asked("question", question="Which tablet?")],
        deadline=timezone.now() + timedelta(days=2),
    )
    ready.refresh_from_db()
    assert (ready.status, ready.holder, ready.asked_from) == ("needs_information", None, "specialist")
    assert [case.pk for case in worklist.asked_of_others(dana)] == [ready.pk]
    answer_request(request=asked, by=ana, answers={asked.items.get().pk: "Lisinopril"})
    assert [row.why for row in worklist.rows(dana)] == ["The patient answered your question"]
    assert worklist.rows(dora) == []
    Case.objects.filter(pk=ready.pk).update(put_first_until=timezone.now())
    assert len(worklist.rows(dora)) == 1
    assert services.claim_case(case=Case.objects.get(pk=ready.pk), by=dana).pk == review.pk


@pytest.mark.django_db
def test_sending_back_or_in_person_needs_a_reason_and_the_hold(review, ready, dana, dora):
    ready.refresh_from_db()
    with pytest.raises(TransitionRefused):
        services.back_to_triage(case=ready, by=dora, reason="Not mine")
    with pytest.raises(TransitionRefused, match="Write a reason"):
        services.back_to_triage(case=ready, by=dana, reason=" ")
    assert services.back_to_triage(case=ready, by=dana, reason="Wrong side").status == "submitted"


@pytest.mark.django_db
def test_in_person_ends_the_case(review, ready, dana):
    ready.refresh_from_db()
    moved = services.send_in_person(case=ready, by=dana, kind="in_person", reason="Needs a scraping", told="Called")
    assert moved.status == "redirected" and moved.holder is None


@pytest.mark.django_db
def test_two_windows_never_overwrite_each_other(review, dana):
    services.save_draft(review=Review.objects.get(pk=review.pk), by=dana, version=0, findings="First window")
    with pytest.raises(StaleReview) as stale:
        services.save_draft(review=review, by=dana, version=0, findings="Second window")
    assert stale.value.review.findings == "First window"
    assert stale.value.review.version == 1


@pytest.mark.django_db
def test_a_draft_takes_known_codes_and_fields_only(review, icd, dana):
    with pytest.raises(ReviewRefused, match="X99.99 is not an ICD-10-CM code"):
        services.save_draft(review=review, by=dana, version=0, codes=["X99.99"])
    with pytest.raises(ValueError, match="not a field"):
        services.save_draft(review=review, by=dana, version=0, status="signed")
    saved, _ = services.save_draft(review=review, by=dana, version=0, codes=["L30.9", NEVUS_RIGHT, "L30.9"], **DRAFT)
    assert list(saved.diagnoses.values_list("rank", "icd10cm")) == [(1, "L30.9"), (2, NEVUS_RIGHT)]


@pytest.mark.django_db
def test_nobody_saves_into_a_signed_review_or_anothers(filled, sign, dana, eli):
    with pytest.raises(StaleReview):
        services.save_draft(review=filled, by=eli, version=filled.version, findings="x")
    sign(filled)
    with pytest.raises(ReviewRefused, match="signed"):
        services.save_draft(review=filled, by=dana, version=filled.version, findings="x")


@pytest.mark.django_db
def test_the_list_shows_what_may_be_claimed_due_first(ready, dana, eli, olga, patient, ana, group):
    later = factories.put_status(
        factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH",
        answer_due_at=timezone.now() + timedelta(days=9),
    )  # fmt: skip
    assert [row.case.pk for row in worklist.rows(dana)] == [ready.pk, later.pk]
    assert worklist.count_waiting(dana) == 2
    assert worklist.rows(eli) == [] and worklist.rows(olga) == []
    factories.put_status(later, "ready", assigned_to=factories.make_specialist("Dora", group))
    assert [row.case.pk for row in worklist.rows(dana)] == [ready.pk]


@pytest.mark.django_db
def test_a_lapsed_hold_comes_back_to_the_list_of_others(review, ready, dana, dora):
    assert worklist.rows(dora) == []
    lapse(ready)
    assert [row.why for row in worklist.rows(dora)] == ["Dana Sample began it; that hold has ended"]
    assert worklist.rows(dana) == [] and [case.pk for case in worklist.held(dana)] == [ready.pk]


@pytest.mark.django_db(transaction=True)
def test_twelve_claim_one_case_and_one_wins(ready, group):
    assert connection.settings_dict["NAME"] != ":memory:"
    people = [factories.make_specialist(f"Derm{i}", group) for i in range(12)]
    results = race(12, lambda i: services.claim_case(case=Case.objects.get(pk=ready.pk), by=people[i]))
    won = [result for result in results if isinstance(result, Review)]
    assert len(won) == 1, results
    assert all(isinstance(result, TransitionRefused) for result in results if result is not won[0]), results
    ready.refresh_from_db()
    assert ready.holder == won[0].specialist and ready.events.filter(verb="claim").count() == 1
    assert Review.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twelve_sign_one_review_and_there_is_one_signature(filled, tab, dana):
    tab.work(120_000)
    proposal = services.propose(filled)
    arguments = {
        "last_beat_id": proposal.time.last_beat_id, "measured_ms": 120_000, "attested": True,
        "fingerprint": proposal.fingerprint,
    }  # fmt: skip
    results = race(12, lambda i: services.sign_review(review=Review.objects.get(pk=filled.pk), by=dana, **arguments))
    assert all(isinstance(result, Review) for result in results), results
    assert len({(result.signed_at, result.content_sha256) for result in results}) == 1
    case = Case.objects.get(pk=filled.case_id)
    assert case.events.filter(verb="sign").count() == 1 and case.deliveries.count() == 1
