"""Nobody who has to be called is forgotten: overdue questions and redirects stay on the list until they are settled."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import call_tasks, calls, invariants, redirects, requests, services, triage
from intake.models import CallAttempt, Case, InformationRequest, Misfiling, MovedNotice, Patient, Redirect
from tests import factories
from tests.factories import in_days
from tests.racing import race

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return answer.content.decode()


def ask(case, by, **facts):
    items = facts.pop("items", (triage.Asked("question", question="Does it itch?"),))
    return triage.request_information(case=case, by=by, items=items, deadline=in_days(2), **facts)


def overdue(request, hours=3):
    InformationRequest.objects.filter(pk=request.pk).update(deadline=timezone.now() - timedelta(hours=hours))
    request.refresh_from_db()
    return request


def send_away(case, by, **facts):
    facts = {"kind": "in_person", "reason": "Cannot be judged from photos", "told": "Rang twice"} | facts
    return triage.redirect_case(case=case, by=by, **facts)


# escalation of a question


def test_a_question_comes_onto_the_list_once_when_its_deadline_passes(waiting, ben):
    request = ask(waiting, ben)
    assert (triage.escalate_overdue(), calls.calls(ben)) == (0, [])
    later = timezone.now() + timedelta(days=2, minutes=1)
    assert triage.escalate_overdue(later) == 1
    assert triage.escalate_overdue(later) == 0
    request.refresh_from_db()
    assert request.escalated_at == later
    assert AuditEvent.objects.filter(verb="request.escalated", subject_id=str(request.pk), role="system").count() == 1


def test_an_answered_question_is_not_escalated(waiting, ben, ana):
    request = ask(waiting, ben)
    triage.answer_request(request=request, by=ana, answers={request.items.get().pk: "Yes"})
    assert triage.escalate_overdue(in_days(9)) == 0
    assert calls.calls_about(waiting) == []


def test_the_list_names_the_overdue_also_while_the_beat_stands_still(waiting, ben, max_stranger):
    overdue(ask(waiting, ben))
    assert [call.why for call in calls.calls(ben)] == ["No answer to: Does it itch?"]
    assert (calls.count(ben), calls.count(max_stranger)) == (1, 0)


def test_more_time_takes_it_off_the_list_and_reminds_anew(waiting, ben):
    request = overdue(ask(waiting, ben))
    triage.escalate_overdue()
    requests.give_more_time(request=request, by=ben, deadline=in_days(4))
    request.refresh_from_db()
    assert (request.escalated_at, request.reminded_at, calls.count(ben)) == (None, None, 0)
    with pytest.raises(triage.TriageRefused, match="still to come"):
        requests.give_more_time(request=request, by=ben, deadline=timezone.now())
    triage.no_answer(request=request, by=ben, reason="No phone")
    with pytest.raises(triage.TriageRefused, match="already answered"):
        requests.give_more_time(request=request, by=ben, deadline=in_days(4))


def test_more_time_has_a_half_time_of_its_own(waiting, ben, ana):
    """A second notice under the first one's key would be refused, and with it everybody's reminders after it."""
    request = ask(waiting, ben)
    assert triage.remind_at_half_time(now=request.created_at + (request.deadline - request.created_at) * 0.6) == 1
    requests.give_more_time(request=request, by=ben, deadline=in_days(6))
    request.refresh_from_db()
    assert triage.remind_at_half_time(now=request.created_at + (request.deadline - request.created_at) * 0.6) == 1
    reminders = OutgoingMail.objects.filter(dedupe_key__startswith=f"reminder:{request.pk}")
    assert [mail.to for mail in reminders] == [ana.email] * 2
    assert all(len(mail.dedupe_key) <= 100 for mail in reminders)


@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana", "kay"])
def test_others_neither_give_time_nor_record_calls(request, waiting, ben, who):
    by = request.getfixturevalue(who)
    asked = overdue(ask(waiting, ben))
    with pytest.raises(triage.TriageRefused, match="Only staff"):
        requests.give_more_time(request=asked, by=by, deadline=in_days(4))
    with pytest.raises(triage.TriageRefused, match="Only staff"):
        calls.log_call(case=waiting, by=by, outcome="no_answer")
    assert not CallAttempt.objects.exists()


# the paused target in words


@pytest.mark.parametrize(
    ("due_hours", "words"), [(2, "2 h were left; they go on with the answer."), (-1, "The triage target was over")]
)
def test_the_paused_target_is_said_in_words(waiting, ben, due_hours, words):
    Case.objects.update(triage_due_at=timezone.now() + timedelta(hours=due_hours, seconds=20))
    waiting.refresh_from_db()
    assert requests.paused_words(waiting) == ""
    ask(waiting, ben)
    waiting.refresh_from_db()
    assert words in requests.paused_words(waiting)


def test_a_specialists_question_pauses_the_answer_target(waiting, ben, dana, group):
    case = triage.accept_case(case=waiting, by=ben, urgency="routine", specialty="dermatology", group=group)
    ask(case, dana)
    case.refresh_from_db()
    assert requests.paused_words(case).startswith("The answer target is paused since ")


# redirects


def test_who_was_not_reached_stays_on_the_list_until_somebody_confirms(waiting, ben):
    send_away(waiting, ben)
    row = Redirect.objects.get()
    assert (row.source, row.reached_at, calls.count(ben)) == ("clinic", None, 1)
    calls.log_call(case=waiting, by=ben, outcome="voicemail")
    assert calls.count(ben) == 1
    calls.log_call(case=waiting, by=ben, outcome="reached", whom="proxy", note="Her son drives her in now")
    row.refresh_from_db()
    assert (row.reached_by, row.reached_whom, calls.count(ben)) == (ben, "proxy", 0)
    with pytest.raises(triage.TriageRefused, match="Nobody needs to be called"):
        calls.log_call(case=waiting, by=ben, outcome="no_answer")
    assert [attempt.outcome for attempt in row.call_attempts.all()] == ["reached", "voicemail"]


def test_reached_at_once_there_is_no_task(waiting, ben):
    send_away(waiting, ben, reached="patient")
    row = Redirect.objects.get()
    assert (row.reached_whom, row.reached_by, calls.count(ben)) == ("patient", ben, 0)


def test_a_danger_sign_at_home_makes_a_call_within_the_hour(draft, ana, ben):
    services.answer_danger_signs(case=draft, by=ana, signs=["Swelling of the face"])
    row = Redirect.objects.get()
    assert (row.source, row.kind, row.reached_at) == ("red_flag", "emergency", None)
    assert row.call_by - row.at == timedelta(hours=1)
    assert calls.calls(ben)[0].is_emergency


def test_a_specialists_redirect_is_the_clinics_call(waiting, ben, dana, group):
    case = triage.accept_case(case=waiting, by=ben, urgency="routine", specialty="dermatology", group=group)
    send_away(case, dana, kind="emergency", told="")
    assert Redirect.objects.get().source == "specialist"
    assert calls.count(ben) == 1


def test_emergencies_come_first_then_the_earliest(draft, patient, ana, ben):
    services.answer_danger_signs(case=draft, by=ana, signs=["Swelling"])
    second = factories.put_status(factories.make_draft(patient, by=ana), "submitted")
    overdue(ask(second, ben), hours=50)
    third = factories.put_status(factories.make_draft(patient, by=ana), "submitted")
    send_away(third, ben)
    assert [call.case for call in calls.calls(ben)] == [draft, second, third]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"outcome": "maybe"}, "how the call went"),
        ({"outcome": "reached", "note": "Told"}, "with whom you spoke"),
        ({"outcome": "reached", "whom": "patient", "note": " "}, "what you said"),
    ],
)
def test_a_call_says_how_it_went_and_whom_it_reached(waiting, ben, facts, words):
    send_away(waiting, ben)
    with pytest.raises(triage.TriageRefused, match=words):
        calls.log_call(case=waiting, by=ben, **facts)
    assert not CallAttempt.objects.exists()


def test_whom_one_reached_is_one_of_the_list(waiting, ben):
    with pytest.raises(triage.TriageRefused, match="whom you reached"):
        send_away(waiting, ben, reached="the dog")
    assert redirects.call_by("emergency", timezone.now()) < redirects.call_by("in_person", timezone.now())


def test_the_database_keeps_attempts_and_half_confirmations_out(waiting, ben):
    send_away(waiting, ben)
    attempt = calls.log_call(case=waiting, by=ben, outcome="no_answer")
    for change in (
        lambda: CallAttempt.objects.filter(pk=attempt.pk).update(note="Changed"),
        lambda: CallAttempt.objects.filter(pk=attempt.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        Redirect.objects.update(reached_at=timezone.now())


def test_a_redirect_without_a_task_is_a_breach(waiting, ben):
    send_away(waiting, ben)
    assert list(invariants.every_redirect_has_its_task()) == []
    Redirect.objects.all().delete()
    assert waiting.number in next(iter(invariants.every_redirect_has_its_task()))


@pytest.mark.django_db(transaction=True)
def test_two_who_reach_the_patient_at_once_confirm_once(waiting, ben):
    send_away(waiting, ben)
    outcomes = race(
        6,
        lambda n: calls.log_call(
            case=Case.objects.get(pk=waiting.pk), by=ben, outcome="reached", whom="patient", note="Told"
        ),
    )
    assert len([one for one in outcomes if isinstance(one, CallAttempt)]) == 1, outcomes
    assert CallAttempt.objects.count() == 1


# pages


def test_the_list_shows_the_number_the_language_and_the_last_try(desk, waiting, ben):
    type(waiting.patient).objects.update(preferred_language="es", interpreter_needed=True)
    assert "Nobody has to be called" in text(desk.get(reverse("intake:calls")))
    send_away(waiting, ben, kind="emergency")
    calls.log_call(case=waiting, by=ben, outcome="voicemail")
    page = text(desk.get(reverse("intake:calls")))
    for words in ("614-555-0101", "interpreter needed", "Emergency care", "1 call", "Left word to call back"):
        assert words in page


def test_recording_a_call_leads_on_to_what_comes_next(desk, waiting, ben, patient):
    url = reverse("intake:call", args=[waiting.pk])
    assert "Nobody needs to be called" in text(desk.get(url, follow=True))
    ask(waiting, ben)
    page = text(desk.post(url, {"outcome": "no_answer"}, follow=True))
    assert f"{patient.name} stays on the call list" in page
    page = text(desk.post(url, {"outcome": "reached", "whom": "", "note": "We spoke"}))
    assert "Choose with whom you spoke." in page
    assert "We spoke" in page
    page = text(desk.post(url, {"outcome": "reached", "whom": "patient", "note": "It itches"}, follow=True))
    assert f"Answer for {patient.name}" in page


def test_more_time_is_given_on_the_page(desk, waiting, ben):
    overdue(ask(waiting, ben))
    url = reverse("intake:more_time", args=[waiting.pk])
    assert "Choose the new deadline." in text(desk.post(url, {"deadline": "99"}, follow=True))
    assert "has more time" in text(desk.post(url, {"deadline": "3"}, follow=True))
    triage.no_answer(request=InformationRequest.objects.get(), by=ben, reason="No phone")
    assert "already answered" in text(desk.post(url, {"deadline": "3"}, follow=True))


def test_the_case_says_whether_the_patient_knows(desk, waiting, ben):
    send_away(waiting, ben)
    url = reverse("intake:triage_case", args=[waiting.pk])
    assert "Nobody has confirmed that the patient knows." in text(desk.get(url))
    data = {"outcome": "reached", "whom": "interpreter", "note": "Goes to the clinic tomorrow"}
    page = text(desk.post(reverse("intake:call", args=[waiting.pk]), data, follow=True))
    assert "through an interpreter" in page
    assert "Goes to the clinic tomorrow" in page
    assert "Nobody has confirmed" not in page


# one case, two people to call


@pytest.fixture
def two(waiting, clinic, ben):
    """Moved from one person without account to another: each has to be told, and each speaks another language."""
    cara, dora = (
        factories.make_patient(clinic, first_name=name, last_name="Walkin", medicare=False, phone=phone)
        for name, phone in (("Cara", "614-555-0150"), ("Dora", "614-555-0160"))
    )
    Patient.objects.filter(pk=cara.pk).update(preferred_language="es", interpreter_needed=True)
    Case.objects.filter(pk=waiting.pk).update(patient=dora)
    row = Misfiling.objects.create(
        case=waiting, from_patient=cara, to_patient=dora, by=ben, reason="Her sister", kind=Misfiling.Kind.MOVED
    )
    for which, patient in (("left", cara), ("came", dora)):
        notice = MovedNotice.objects.create(misfiling=row, patient=patient, which=which)
        call_tasks.raise_task(case=waiting, kind="moved", subject=notice.pk, why="Filed wrongly")
    waiting.refresh_from_db()
    return {call.patient.first_name: call for call in calls.calls_about(waiting)}


REACHED = {"outcome": "reached", "whom": "patient", "note": "Explained it"}


@pytest.mark.parametrize(("name", "other"), [("Cara", "Dora"), ("Dora", "Cara")])
def test_a_call_is_kept_with_the_very_person_who_was_called(desk, waiting, ben, two, name, other):
    page = desk.get(reverse("intake:calls"))
    link = f"{reverse('intake:call', args=[waiting.pk])}?about={two[name].key}"
    assert link in text(page)
    form = text(desk.get(link))
    assert f"<h1>Call {name} Walkin</h1>" in form
    assert f'<input type="hidden" name="about" value="{two[name].key}">' in form
    page = text(desk.post(reverse("intake:call", args=[waiting.pk]), REACHED | {"about": two[name].key}, follow=True))
    assert f"{name} Walkin was reached" in page
    assert CallAttempt.objects.get().task == two[name].task
    assert [call.patient.first_name for call in calls.calls_about(waiting)] == [other]


def test_what_a_colleague_settled_meanwhile_is_not_put_to_the_other_persons_call(desk, waiting, ben, two):
    calls.log_call(case=waiting, by=ben, key=two["Cara"].key, **REACHED)
    url = reverse("intake:call", args=[waiting.pk])
    answer = desk.post(url, REACHED | {"about": two["Cara"].key, "note": "My long note"})
    assert answer.status_code == 422
    for words in ("This call was settled meanwhile. Nothing was recorded", "My long note", "Call Cara Walkin"):
        assert words in text(answer)
    assert two["Cara"].key in text(answer) and two["Dora"].key not in text(answer)
    assert [attempt.task for attempt in CallAttempt.objects.all()] == [two["Cara"].task]
    page = desk.get(url, {"about": two["Cara"].key}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("intake:calls") and "This call was settled meanwhile." in text(page)


def test_a_link_that_names_no_call_serves_while_there_is_one_and_guesses_among_no_two(desk, waiting, ben, two):
    url = reverse("intake:call", args=[waiting.pk])
    page = desk.get(url, follow=True)
    assert page.redirect_chain[-1][0] == reverse("intake:calls") and "has several calls: choose one" in text(page)
    answer = desk.post(url, REACHED)
    assert "There are several calls about this case." in text(answer) and "Explained it" in text(answer)
    assert not CallAttempt.objects.exists()
    calls.log_call(case=waiting, by=ben, key=two["Cara"].key, **REACHED)
    assert "<h1>Call Dora Walkin</h1>" in text(desk.get(url))
    assert "Dora Walkin was reached" in text(desk.post(url, REACHED, follow=True))


@pytest.mark.parametrize(
    "key",
    ["task-", "task-x", "redirect-9", "redirect-x", "redirect-99999999999999999999", "dog-1", "request", "task-\x00"],
)
def test_a_key_of_no_call_of_this_case_records_nothing(desk, waiting, two, key):
    url = reverse("intake:call", args=[waiting.pk])
    assert desk.get(url, {"about": key}).status_code == 302
    assert "This call was settled meanwhile" in text(desk.post(url, REACHED | {"about": key}))
    assert not CallAttempt.objects.exists()


def test_another_cases_call_is_none_of_this_one(waiting, patient, ana, ben, two):
    other = factories.put_status(factories.make_draft(patient, by=ana), "submitted")
    with pytest.raises(triage.TriageRefused, match="settled meanwhile"):
        calls.log_call(case=other, by=ben, key=two["Cara"].key, **REACHED)


def test_language_and_interpreter_are_those_of_the_person_to_call(desk, two):
    rows = text(desk.get(reverse("intake:calls"))).split("<tr>")[2:]
    [cara] = [row for row in rows if "to Cara Walkin" in row]
    [dora] = [row for row in rows if "to Dora Walkin" in row]
    assert "Español, interpreter needed" in cara and "614-555-0150" in cara
    assert "English" in dora and "interpreter needed" not in dora and "614-555-0160" in dora


def test_after_a_call_about_a_move_nobody_is_asked_whether_the_result_was_read(desk, waiting, two):
    factories.put_status(waiting, "signed")
    Case.objects.filter(pk=waiting.pk).update(signed_at=timezone.now())
    answer = desk.post(reverse("intake:call", args=[waiting.pk]), REACHED | {"about": two["Cara"].key})
    assert answer.url == reverse("intake:triage_case", args=[waiting.pk])


@pytest.mark.parametrize(("kind", "leads_to"), [
    ("unread", "review:staff_result"), ("step", "review:staff_result"), ("returned", "intake:triage_case"),
])  # fmt: skip
def test_only_a_call_about_a_result_leads_to_the_result(desk, waiting, kind, leads_to):
    factories.put_status(waiting, "signed")
    Case.objects.filter(pk=waiting.pk).update(signed_at=timezone.now())
    call_tasks.raise_task(case=waiting, kind=kind, subject=waiting.pk, why="Not read")
    answer = desk.post(reverse("intake:call", args=[waiting.pk]), REACHED)
    assert answer.url == reverse(leads_to, args=[waiting.pk])


@pytest.mark.django_db(transaction=True)
def test_two_who_reach_one_of_two_people_at_once_settle_that_one_once(waiting, ben, two):
    outcomes = race(
        6,
        lambda n: calls.log_call(
            case=Case.objects.get(pk=waiting.pk), by=ben,
            key=two["Cara"].key, **REACHED,
        ),
    )  # fmt: skip
    assert len([one for one in outcomes if isinstance(one, CallAttempt)]) == 1, outcomes
    assert [call.patient.first_name for call in calls.calls_about(waiting)] == ["Dora"]


@pytest.mark.parametrize("name", ["call", "more_time"])
@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana"])
def test_others_find_no_call(request, sign_in, waiting, ben, name, who):
    ask(waiting, ben)
    client = sign_in(request.getfixturevalue(who))
    assert client.post(reverse(f"intake:{name}", args=[waiting.pk]), {}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "english", "spanish"),
    [
        ("emergency", "Call 911 now, or go to the nearest emergency room", "Llame al 911"),
        ("in_person", "Call your clinic for a visit", "Llame a su clínica para pedir una cita"),
    ],
)
def test_the_sheet_is_in_both_languages_for_patient_and_desk(sign_in, waiting, ben, ana, kind, english, spanish):
    url = reverse("intake:sheet", args=[waiting.pk])
    assert sign_in(ben).get(url).status_code == 404
    send_away(waiting, ben, kind=kind, told="Rang twice")
    for who in ben, ana:
        client = sign_in(who)
        page = text(client.get(url))
        assert english in page
        assert "Rang twice" not in page
        page = text(client.get(url, {"lang": "es"}))
        assert spanish in page
        assert '<article class="card" lang="es">' in page
    type(waiting.patient).objects.update(preferred_language="es")
    assert spanish in text(sign_in(ben).get(url))


def test_a_stranger_gets_no_sheet(sign_in, waiting, ben, max_stranger):
    send_away(waiting, ben)
    assert sign_in(max_stranger).get(reverse("intake:sheet", args=[waiting.pk])).status_code == 404


# standard wording


def test_a_part_of_the_story_is_asked_about_in_the_patients_language(desk, sign_in, waiting, ana):
    type(waiting.patient).objects.update(preferred_language="es")
    page = text(desk.get(reverse("intake:ask", args=[waiting.pk])))
    assert "Díganos un poco más." in page
    data = {"topic_medicines": "on", "why_medicines": "more_detail", "deadline": "2"}
    desk.post(reverse("intake:ask", args=[waiting.pk]), data)
    item = InformationRequest.objects.get().items.get()
    assert (item.topic, item.reason_code, item.question) == ("medicines", "more_detail", "Which medicines do you take?")
    page = text(sign_in(ana).get(reverse("intake:case_answer", args=[waiting.pk])))
    assert "¿Qué medicinas toma?" in page
    assert "Díganos un poco más." in page


def test_a_topic_without_a_reason_says_what_fits(waiting, ben):
    from intake.desk_forms import AskForm

    Case.objects.update(allergies="")
    waiting.refresh_from_db()
    form = AskForm({"topic_allergies": "on", "topic_onset": "on", "deadline": "1"}, case=waiting)
    assert form.is_valid(), form.errors
    assert {item.topic: item.reason_code for item in form.items()} == {"onset": "not_clear", "allergies": "no_answer"}
