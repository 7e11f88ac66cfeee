"""The desk's list as staff see and work it: every open case, counts that match, filters kept, news without a jump,
orders for many cases, the hand-over, the lead's page."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import batch, entries, escalation, queue, services, shifts, triage
from intake.invariants import every_open_case_is_in_the_queue
from intake.models import Case, QueueEntry, SavedFilter, ShiftNote
from intake.workflow import move
from tests import factories
from tests.factories import in_days

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(sign_in, ben):
    return sign_in(ben)


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def case_in(patient, by, status="submitted", *, due=1.0, reason="A spot on the arm", **columns) -> Case:
    draft = factories.make_draft(patient, by=by, reason=reason, history="", **columns.pop("facts", {}))
    return factories.put_status(draft, status, triage_due_at=in_days(due), **columns)


@pytest.fixture
def whole(patient, ana, group, dana):
    """One case in each state, and closed ones that are nobody's work."""
    hold = {"holder": dana, "hold_expires_at": in_days(1)}
    reviewed = {"group": group, "patient_state": "OH", "answer_due_at": in_days(2)}
    return {
        "submitted": case_in(patient, ana),
        "needs_information": case_in(patient, ana, "needs_information", needs_information_at=timezone.now()),
        "ready": case_in(patient, ana, "ready", **reviewed),
        "in_review": case_in(patient, ana, "in_review", **reviewed, **hold),
        "closed": case_in(patient, ana, "closed"),
        "withdrawn": case_in(patient, ana, "withdrawn"),
        "draft": factories.make_draft(patient, by=ana),
    }


def numbers(page: str) -> list[str]:
    body = page[page.index("<tbody") : page.index("</tbody>")] if "<tbody" in page else ""
    return re.findall(r", (DF-[A-Z0-9]{6})</div>", body)


# the list


def test_every_open_case_is_listed_and_no_other(desk, whole):
    listed = numbers(text(desk.get(url("triage_queue"))))
    order = ("submitted", "needs_information", "ready", "in_review")
    assert sorted(listed) == sorted(whole[state].number for state in order)
    assert listed[:2] == [whole[state].number for state in order[:2]]


@pytest.mark.parametrize("key", list(queue.CHIPS))
def test_each_count_is_the_length_of_its_list(desk, whole, patient, ana, ben, key):
    case_in(patient, ana, due=-1)
    case_in(patient, ana, facts={"specialty": "ophthalmology"})
    QueueEntry.objects.filter(pk=whole["ready"].pk).update(owner=ben)
    page = text(desk.get(url("triage_queue"), {"show": key}))
    chip = queue.CHIPS[key]
    count = re.search(rf'{re.escape(chip.label)} <span class="num">(\d+)</span>', page)
    assert int(count[1]) == len(numbers(page)) == queue.counts(queue.clinics_of(ben), ben)[key]


def test_the_counts_stop_counting_where_they_say_so(whole, ben, monkeypatch):
    monkeypatch.setattr(queue, "COUNT_UP_TO", 2)
    counts = queue.counts(queue.clinics_of(ben), ben)
    assert (counts["all"], counts["submitted"]) == (3, 1)
    assert (queue.count_words(3, 2), queue.count_words(2, 2), queue.count_words(1001)) == ("2+", "2", "1,000+")


def test_a_row_says_what_the_desk_must_know(desk, whole, patient):
    patient.preferred_language, patient.interpreter_needed = "es", True
    patient.save()
    case = case_in(patient, patient.user, due=-0.1, reason="A mole that grew", triage_warn_at=in_days(-0.5))
    page = text(desk.get(url("triage_queue"), {"show": "late"}))
    assert numbers(page) == [case.number]
    for words in (
        "Priority suggested",
        "Over its target; it changed",
        "over by 2 h",
        "Spanish, interpreter",
        "No photo",
    ):
        assert words in page, words


def test_in_a_state_that_pauses_no_time_runs(desk, whole):
    page = text(desk.get(url("triage_queue"), {"show": "needs_information"}))
    assert "Target pauses" in page
    assert "Waiting for the patient" in page


def test_pages_follow_one_another_without_a_gap_or_a_repeat(desk, patient, ana, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 3)
    made = {case_in(patient, ana, due=1).number for _ in range(8)}
    Case.objects.update(triage_due_at=in_days(1))  # all at the same moment: the key of the case decides
    for pk in Case.objects.values_list("pk", flat=True):
        entries.keep(pk)
    for show in ("all", "soon"):
        QueueEntry.objects.update(warn_at=in_days(-1))
        seen, query = [], f"?show={show}"
        while query:
            page = text(desk.get(url("triage_queue") + query))
            seen += numbers(page)
            following = re.search(r'rel="next" href="(\?[^"]+)"', page)
            query = following[1].replace("&amp;", "&") if following else ""
        assert len(seen) == 8 and set(seen) == made, show


@pytest.mark.parametrize("after", ["x", "1", "9" * 40 + "~x", f"{2**70}~{'0' * 32}", "~", "1~zzz"])
def test_a_place_that_is_none_shows_the_first_page(desk, whole, after):
    assert len(numbers(text(desk.get(url("triage_queue"), {"after": after})))) == 4


def test_another_clinics_cases_are_not_here(sign_in, max_stranger, whole):
    page = text(sign_in(max_stranger).get(url("triage_queue")))
    assert "No case is open" in page


def test_the_list_asks_at_most_twelve_questions(desk, whole, patient, ana, clinic, ben, django_assert_max_num_queries):
    ben.memberships.update(lead=True)
    for _ in range(6):
        case_in(patient, ana)
    desk.get(url("triage_queue"))
    for query in ({}, {"q": "Sample"}, {"show": "late"}):
        with django_assert_max_num_queries(12):
            desk.get(url("triage_queue"), query)


def test_search_finds_in_the_list_and_points_to_closed_ones(desk, whole, patient):
    assert len(numbers(text(desk.get(url("triage_queue"), {"q": patient.last_name})))) == 4
    page = text(desk.get(url("triage_queue"), {"q": whole["closed"].number}))
    assert "No open case fits" in page and "Search all cases" in page
    assert whole["closed"].number in text(desk.get(url("all_cases"), {"q": whole["closed"].number}))
    assert whole["closed"].number in text(desk.get(url("all_cases"), {"q": "3/1/1959"}))


# every change keeps the row


def test_the_row_follows_the_case_through_its_way(desk, draft, ana, ben, group, dana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    case = services.submit_case(case=draft, by=ana)
    assert QueueEntry.objects.get().state == "submitted"
    request = triage.request_information(
        case=case, by=ben, items=[triage.Asked("question", question="Why?")], deadline=in_days(2)
    )
    entry = QueueEntry.objects.get()
    assert (entry.state, entry.due_at, entry.why) == (
        "needs_information",
        None,
        ["Waits for the patient; the target pauses"],
    )
    triage.answer_request(request=request, by=ana, answers={request.items.get().pk: "So"})
    entry = QueueEntry.objects.get()
    assert entry.is_back and "Back from the patient" in entry.why
    case = triage.accept_case(case=case, by=ben, urgency="urgent", specialty="dermatology", group=group)
    assert (QueueEntry.objects.get().state, QueueEntry.objects.get().due_at) == ("ready", case.answer_due_at)
    move(case, "claim", by=dana)
    assert QueueEntry.objects.get().state == "in_review"
    case.refresh_from_db()
    triage.return_to_triage(case=case, by=dana, reason="Wrong side")
    entry = QueueEntry.objects.get()
    assert (entry.state, entry.due_at) == ("submitted", Case.objects.get(pk=case.pk).triage_due_at)
    assert "Sent back to the desk" in entry.why
    services.withdraw_case(case=case, by=ana)
    assert not QueueEntry.objects.exists()
    assert list(every_open_case_is_in_the_queue()) == []


def test_the_words_are_the_clinics_whatever_the_patient_speaks(draft, ana):
    from django.utils import translation

    with translation.override("es"):
        factories.put_status(draft, "submitted")
    entry = QueueEntry.objects.get()
    assert entry.place.startswith("Right forearm")


def test_a_case_missing_from_the_list_is_a_breach(whole):
    QueueEntry.objects.filter(pk=whole["ready"].pk).delete()
    QueueEntry.objects.filter(pk=whole["submitted"].pk).update(state="ready")
    assert len(list(every_open_case_is_in_the_queue())) == 2


def test_rows_of_an_upgrade_are_filled_in_later(whole):
    QueueEntry.objects.update(is_stale=True, problem="?")
    assert entries.refill_stale() == 4
    assert not QueueEntry.objects.filter(problem="?").exists()
    assert entries.refill_stale() == 0


# news


def token_of(page: str) -> str:
    return re.search(r'"token": "([^"]+)"', page)[1]


def test_news_keep_the_rows_in_their_places_and_say_how_many_are_new(desk, whole, patient, ana, ben):
    token = token_of(text(desk.get(url("triage_queue"))))
    case_in(patient, ana, due=-1)
    services.withdraw_case(case=whole["ready"], by=ana)
    listed_before = AuditEvent.objects.filter(verb="case.listed").count()
    news = text(desk.get(url("queue_news"), {"token": token}))
    assert "1 new" in news
    assert f"Case {whole['ready'].number} has left the desk" in news
    assert numbers(news)[0] == whole["submitted"].number
    assert AuditEvent.objects.filter(verb="case.listed").count() == listed_before


@pytest.mark.parametrize(
    "token", ["", "nonsense", signing.dumps(["x"], salt="other")], ids=["none", "made up", "of another use"]
)
def test_news_of_a_list_that_was_not_shown_is_nothing(desk, whole, token):
    assert desk.get(url("queue_news"), {"token": token}).status_code == 204


def test_anothers_list_gives_no_news(desk, sign_in, whole, max_stranger):
    token = token_of(text(desk.get(url("triage_queue"))))
    assert sign_in(max_stranger).get(url("queue_news"), {"token": token}).status_code == 204


# saved filters


def test_a_filter_is_saved_used_replaced_and_deleted(desk, whole, ben, sign_in, clinic):
    data = {"name": "Spanish, late", "show": "late", "language": "es", "q": "Sam"}
    page = text(desk.post(url("filter_save"), data, follow=True))
    assert "?show=late&amp;language=es&amp;q=Sam" in page
    desk.post(url("filter_save"), data | {"show": "eye"})
    saved = SavedFilter.objects.get()
    assert (saved.user, saved.show) == (ben, "eye")
    colleague = factories.make_user("Bea", "staff", clinic)
    assert sign_in(colleague).post(url("filter_delete", saved.pk)).status_code == 404
    sign_in(ben).post(url("filter_delete", saved.pk))
    assert not SavedFilter.objects.exists()


def test_a_filter_needs_a_name_and_there_is_room_for_twelve(desk, whole, ben):
    assert "Give the filter a name." in text(desk.post(url("filter_save"), {"name": " "}, follow=True))
    SavedFilter.objects.bulk_create(SavedFilter(user=ben, name=f"F{n}") for n in range(12))
    assert "Delete one first." in text(desk.post(url("filter_save"), {"name": "One more"}, follow=True))


# many cases at once


@pytest.fixture
def complete(draft, ana, dana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    for slot in ("overview", "close_up", "oblique", "scale"):
        factories.make_ready_photo(draft, by=ana, slot=slot)
    Case.objects.filter(pk=draft.pk).update(reason="A spot on the arm", history="")
    draft.refresh_from_db()
    return services.submit_case(case=draft, by=ana)


def order(desk, cases, **data) -> str:
    return text(desk.post(url("queue_batch"), {"case": [str(case.pk) for case in cases]} | data, follow=True))


def test_assigned_cases_say_whose_they_are(desk, whole, ben):
    page = order(desk, [whole["submitted"], whole["ready"], whole["closed"]], do="assign", person=str(ben.pk))
    assert "2 of 2 cases done" in page  # the closed one is no row of the list
    assert QueueEntry.objects.filter(owner=ben).count() == 2
    assert AuditEvent.objects.filter(verb="case.assigned").count() == 2
    assert "Ben Sample has it" in text(desk.get(url("triage_queue"), {"show": "mine"}))
    order(desk, [whole["submitted"]], do="assign", person="nobody")
    assert QueueEntry.objects.filter(owner=ben).count() == 1


def test_a_stranger_is_given_nothing(desk, whole, max_stranger):
    page = order(desk, [whole["submitted"]], do="assign", person=str(max_stranger.pk))
    assert "0 of 1 case done" in page and "does not work at" in page


def test_each_case_is_routed_or_refused_by_itself(desk, complete, whole, group):
    page = order(desk, [complete, whole["submitted"], whole["ready"]], do="route", group=str(group.pk))
    assert "1 of 3 cases done" in page
    assert "Open it first: consent missing." in page
    complete.refresh_from_db()
    whole["submitted"].refresh_from_db()
    assert (complete.status, whole["submitted"].status) == ("ready", "submitted")
    assert complete.events.get(verb="accept").by is not None


def test_nobody_licensed_leaves_the_case_on_the_desk_and_says_so(desk, complete, group, dana):
    dana.practitioner.licences.all().delete()
    page = order(desk, [complete], do="route", group=str(group.pk))
    assert "licensed in OH" in page
    assert QueueEntry.objects.get(pk=complete.pk).state == "submitted"


def test_a_reminder_goes_once_a_day_and_only_to_who_owes_an_answer(desk, complete, ben, ana, whole, clinic):
    asked = triage.request_information(
        case=complete, by=ben, items=[triage.Asked("question", question="Why?")], deadline=in_days(3)
    )
    mails = OutgoingMail.objects.filter(template="message_waiting", to=ana.email)
    mails.delete()  # the one that said it was asked
    assert "1 person is told" in order(desk, [complete], do="remind")
    assert "Reminded within the last 24 hours." in order(desk, [complete, whole["submitted"]], do="remind")
    assert (mails.count(), mails.get().context) == (1, {})
    type(asked).objects.update(reminded_at=timezone.now() - timedelta(hours=25))
    order(desk, [complete], do="remind")
    assert mails.count() == 2


def test_who_has_no_address_is_called(complete, ben, clinic):
    complete.patient.user = None
    complete.patient.email = ""
    complete.patient.save()
    triage.request_information(
        case=complete, by=ben, items=[triage.Asked("question", question="Why?")], deadline=in_days(3)
    )
    complete.refresh_from_db()
    with pytest.raises(services.IntakeRefused, match="Call 614-555-0101"):
        batch.remind(case=complete, by=ben)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"do": "assign", "person": "x"}, "Choose a person."),
        ({"do": "route", "group": ""}, "Choose a specialist group."),
        ({"do": "burn"}, "Choose what to do with the cases."),
    ],
)
def test_an_order_without_sense_does_nothing(desk, whole, data, sentence):
    assert sentence in order(desk, [whole["submitted"]], **data)
    assert "Tick the cases first." in order(desk, [], **data)


def test_another_clinics_case_is_no_row_for_an_order(sign_in, max_stranger, whole):
    client = sign_in(max_stranger)
    assert "Tick the cases first." in order(client, [whole["submitted"]], do="assign", person=str(max_stranger.pk))


# day sheet, hand-over, lead


def test_the_day_sheet_names_what_must_be_done_today_with_the_phone(desk, whole, patient, ana):
    late = case_in(patient, ana, due=-1)
    page = text(desk.get(url("day_sheet")))
    assert page.index("Over their target") < page.index(late.number) < page.index("Due today")
    assert "614-555-0101" in page


def test_a_note_is_written_by_one_and_read_by_the_next(desk, sign_in, whole, clinic, ben):
    page = text(desk.post(url("handover"), {"clinic": clinic.pk, "text": "Ms. Sample calls back at 9."}, follow=True))
    assert "Ms. Sample calls back at 9." in page and "Nobody has read it yet." in page
    assert "Hand-over note" not in text(desk.get(url("triage_queue")))  # one's own
    next_one = factories.make_user("Bea", "staff", clinic)
    client = sign_in(next_one)
    assert "Hand-over note</strong> by Ben Sample" in text(client.get(url("triage_queue")))
    note = ShiftNote.objects.get()
    assert note.counts["submitted"] == 1
    for _ in range(2):
        page = text(client.post(url("handover_read", note.pk), follow=True))
    assert "Read by Bea Sample" in page
    assert note.reads.count() == 1
    assert "Hand-over note" not in text(client.get(url("triage_queue")))


def test_an_empty_note_and_anothers_clinic_are_refused(desk, whole, clinic, ben, max_stranger):
    answer = desk.post(url("handover"), {"clinic": clinic.pk, "text": " "})
    assert answer.status_code == 422 and "Write what the next shift must know." in text(answer)
    with pytest.raises(services.IntakeRefused):
        shifts.write(by=max_stranger, clinic=clinic, text="Hello")


def test_a_strangers_note_is_not_there(sign_in, max_stranger, desk, clinic, ben):
    note = shifts.write(by=ben, clinic=clinic, text="Hello")
    client = sign_in(max_stranger)
    assert client.post(url("handover_read", note.pk)).status_code == 404
    assert "Hello" not in text(client.get(url("handover")))


def test_a_lead_sees_what_passed_and_says_what_is_done(desk, ben, patient, ana, clinic, sign_in):
    late = case_in(patient, ana, due=-1)
    lead = factories.make_user("Jo", "staff", clinic, lead=True)
    escalation.escalate()
    assert desk.get(url("lead")).status_code == 404
    client = sign_in(lead)
    assert "1 case over target was passed to you" in text(client.get(url("triage_queue")))
    page = text(client.get(url("lead")))
    assert late.number in page
    row = late.escalations.get()
    page = text(client.post(url("lead_seen", row.pk), {"note": "Ben does it now"}, follow=True))
    assert "Ben does it now" in page and "Nothing to look at" in page
    assert "looked at this already" in text(client.post(url("lead_seen", row.pk), follow=True))


# administration


def test_hours_are_set_from_a_day_on_and_listed(sign_in, ada, clinic):
    client = sign_in(ada)
    data = {"valid_from": timezone.localdate().isoformat(), "opens_0": "08:00", "closes_0": "17:00"}
    page = text(client.post(url("clinic_hours", clinic.pk), data, follow=True))
    assert "Mon 08:00 to 17:00" in page
    assert AuditEvent.objects.filter(verb="clinic.hours_set", actor=ada).count() == 1
    again = client.post(url("clinic_hours", clinic.pk), data)
    assert again.status_code == 422 and "are there already" in text(again)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"valid_from": "2020-01-01"}, "Choose today or a day to come."),
        ({"opens_1": "09:00"}, "Tuesday: write both times"),
        ({"opens_1": "09:00", "closes_1": "08:00"}, "must be after the opening time"),
    ],
)
def test_hours_without_sense_are_refused_in_words(sign_in, ada, clinic, data, sentence):
    data = {"valid_from": timezone.localdate().isoformat()} | data
    assert sentence in text(sign_in(ada).post(url("clinic_hours", clinic.pk), data))
    assert not clinic.opening_weeks.exists()


def test_a_holiday_is_added_once_and_removed(sign_in, ada, clinic):
    client, day = sign_in(ada), (timezone.localdate() + timedelta(days=30)).isoformat()
    assert "is listed." in text(client.post(url("holiday_add", clinic.pk), {"day": day, "name": "Feast"}, follow=True))
    page = text(client.post(url("holiday_add", clinic.pk), {"day": day, "name": "Feast"}, follow=True))
    assert "This day is listed already." in page
    client.post(url("holiday_remove", clinic.holidays.get().pk))
    assert not clinic.holidays.exists()


def test_a_target_is_set_with_its_source_and_never_for_the_past(sign_in, ada, clinic):
    client, today = sign_in(ada), timezone.localdate().isoformat()
    data = {"clinic": clinic.pk, "kind": "triage", "urgency": "routine", "specialty": "", "hours": "2.5",
            "valid_from": today, "source": "Board, Nov 2"}  # fmt: skip
    page = text(client.post(url("target_new"), data, follow=True))
    assert "150 min" in page and "Board, Nov 2" in page
    assert "is there already" in text(client.post(url("target_new"), data))
    assert "Choose today" in text(client.post(url("target_new"), data | {"valid_from": "2020-01-01"}))
