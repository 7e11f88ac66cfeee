"""A case goes only to who may answer it; of those ways the best is suggested, with its reasons."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from billing.models import Alignment, Programme, RosterEntry
from config.accounts.models import Licence
from intake import absences, routing, services, triage, workflow
from intake.models import Absence, Case, RouteRule
from review import claims
from tests import factories

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def today(days=0):
    return timezone.localdate() + timedelta(days=days)


def accept(case, by, group, **facts):
    facts = {"urgency": "routine", "specialty": "dermatology"} | facts
    return triage.accept_case(case=case, by=by, group=group, **facts)


def away(user, days=3, by=None, start=0):
    return absences.add_absence(by=by or user, user=user, first_day=today(start), last_day=today(start + days))


def rule(clinic, by, group, **facts):
    return RouteRule.objects.create(clinic=clinic, group=group, made_by=by, **facts)


# who may


def test_a_licence_that_ran_out_is_not_made_good_by_one_of_another_state(waiting, dana):
    dana.practitioner.licences.update(valid_until=today(-1))
    Licence.objects.create(practitioner=dana.practitioner, state="NY", number="NY-1", valid_from=date(2020, 1, 1))
    assert routing.groups_for(waiting) == []
    assert "Nobody on our lists is licensed in OH for dermatology." in routing.nobody_words(waiting, "dermatology")


def test_what_can_be_done_is_said_with_it(waiting, dana, olga):
    dana.practitioner.licences.all().delete()
    words = routing.nobody_words(waiting, "dermatology")
    assert "Send the patient to in-person care" in words
    assert "Ophthalmology could be answered in OH." in words


def test_the_claiming_update_itself_asks_the_law(waiting, ben, group, dana, monkeypatch):
    case = accept(waiting, ben, group)
    # the licence ends after the page and the first check looked at it
    monkeypatch.setattr(workflow, "role_for", lambda *args: "specialist")
    dana.practitioner.licences.update(valid_until=today(-1))
    with pytest.raises(services.TransitionRefused, match="needs a license in OH"):
        claims.claim_case(case=case, by=dana)
    assert Case.objects.get().status == "ready"
    dana.practitioner.licences.update(valid_until=None)
    Case.objects.update(assigned_to=factories.make_specialist("Second", group))
    with pytest.raises(services.TransitionRefused):
        claims.claim_case(case=Case.objects.get(), by=dana)
    Case.objects.update(assigned_to=None)
    assert claims.claim_case(case=Case.objects.get(), by=dana).specialist == dana


@pytest.mark.parametrize("spoil", ["licence", "group", "specialty", "name"])
def test_a_case_that_nobody_may_answer_any_more_is_listed(waiting, ben, group, dana, desk, spoil):
    accept(waiting, ben, group, assigned_to=dana if spoil == "name" else None)
    assert not routing.stranded(Case.objects.all()).exists()
    if spoil == "group":
        dana.memberships.update(is_active=False)
    elif spoil == "specialty":
        type(dana.practitioner).objects.update(specialty="ophthalmology")
    else:
        if spoil == "name":
            factories.make_specialist("Second", group)
        dana.practitioner.licences.all().delete()
    assert routing.stranded(Case.objects.all()).get() == waiting
    page = text(desk.get(url("routes")))
    assert "Nobody may answer these any more" in page
    assert waiting.number in page


# who is away, and load


def test_who_is_away_gets_nothing_by_name_and_comes_last(waiting, ben, group, dana):
    second = factories.make_specialist("Second", group)
    away(dana)
    found = routing.routes(waiting)
    assert found[0].person is None
    assert (found[-1].person, found[-1].warnings) == (dana, [f"Away until {routing.day_words(today(3))}"])
    assert "1 away" in found[0].label
    with pytest.raises(triage.TriageRefused, match="is away until"):
        accept(waiting, ben, group, assigned_to=dana)
    assert accept(waiting, ben, group, assigned_to=second).assigned_to == second


def test_a_pool_whose_people_are_all_away_until_after_the_target_is_no_route(waiting, ben, group, dana):
    row = away(dana, days=9)
    with pytest.raises(triage.TriageRefused, match="Everybody in .* is away past"):
        accept(waiting, ben, group)
    absences.cancel_absence(absence=row, by=dana)
    away(dana, days=1)
    assert accept(waiting, ben, group).status == "ready"


def test_absences_that_follow_each_other_count_as_one(dana):
    away(dana, days=2)
    away(dana, days=4, start=3)
    away(dana, days=4, start=20)
    assert routing.away([dana], today()) == {dana.pk: today(7)}
    assert routing.away([dana], today(9)) == {}


def test_load_counts_what_waits_by_name_and_what_is_in_hand(waiting, ben, group, dana, patient, ana):
    second = factories.make_specialist("Second", group)
    for number, columns in enumerate([{"assigned_to": dana}, {"holder": dana}, {}]):
        case = factories.make_draft(patient, by=ana)
        status = "in_review" if number == 1 else "ready"
        hold = {"hold_expires_at": factories.in_days(1)} if number == 1 else {}
        factories.put_status(case, status, group=group, patient_state="OH", **columns, **hold)
    assert routing.loads([dana, second]) == {dana.pk: 2}
    persons = [route.person for route in routing.routes(waiting) if route.person]
    assert persons == [second, dana]


@pytest.mark.parametrize(
    ("who", "allowed"), [("dana", True), ("lea", True), ("ada", True), ("eli", False), ("ben", False)]
)
def test_absences_are_said_by_oneself_a_lead_or_an_administrator(request, group, dana, who, allowed):
    by = (
        factories.make_user("Lea", "specialist", group, lead=True)
        if who == "lead" or who == "lea"
        else request.getfixturevalue(who)
    )
    if allowed:
        row = away(dana, by=by)
        absences.cancel_absence(absence=row, by=by)
        assert not Absence.objects.standing().exists()
    else:
        with pytest.raises(services.IntakeRefused, match="may not say"):
            away(dana, by=by)
        with pytest.raises(services.IntakeRefused, match="may not change"):
            absences.cancel_absence(absence=away(dana), by=by)


@pytest.mark.parametrize(("start", "days", "words"), [(0, -1, "before the first"), (-9, 2, "over already")])
def test_days_that_make_no_sense_are_refused(dana, start, days, words):
    with pytest.raises(services.IntakeRefused, match=words):
        away(dana, days=days, start=start)
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(user=dana, made_by=dana, first_day=today(), last_day=today(-1))


# what is better


@pytest.mark.parametrize(
    ("site", "kind"),
    [
        ("fingernail", "nails"), ("scalp", "scalp"), ("upper_eyelid", "eyelid"), ("genitalia", "genital"), ("cheek", "head"),
        ("chest", "trunk"), ("palm", "arms"), ("sole", "legs"), ("cornea", "eye"), ("skin", "widespread"), ("", ""),
    ],
)  # fmt: skip
def test_every_place_has_its_kind(draft, site, kind):
    draft.site = site
    assert routing.site_kind(draft) == kind


def test_the_narrowest_rule_that_fits_comes_first(waiting, clinic, ben, group, dana):
    type(waiting.patient).objects.update(preferred_language="es")
    waiting.refresh_from_db()
    other = factories.make_clinic("group", name="Aardvark Skin")
    luz = factories.make_specialist("Luz", other)
    assert routing.suggested(waiting).group == other
    rule(clinic, ben, group, specialty="dermatology")
    assert (routing.suggested(waiting).group, routing.suggested(waiting).person) == (group, None)
    rule(clinic, ben, other, specialty="dermatology", site_kind="arms", language="es", person=luz)
    best = routing.suggested(waiting)
    assert best.person == luz
    assert best.reasons[0] == f"Your clinic's rule: Dermatology, Arms and hands, Español to {luz}"
    away(luz)
    assert routing.suggested(waiting).group == group


@pytest.mark.parametrize(
    "facts", [{"specialty": "ophthalmology"}, {"site_kind": "nails"}, {"state": "NY"}, {"language": "es"}]
)
def test_a_rule_for_other_cases_is_not_followed(waiting, clinic, ben, group, dana, facts):
    other = factories.make_clinic("group", name="Aardvark Skin")
    factories.make_specialist("Luz", other)
    rule(clinic, ben, group, **facts)
    assert routing.suggested(waiting).group == other


def test_two_rules_for_the_same_cases_are_refused_by_the_database(clinic, ben, group):
    rule(clinic, ben, group, site_kind="nails")
    with pytest.raises(IntegrityError), transaction.atomic():
        rule(clinic, ben, group, site_kind="nails")


def test_the_roster_of_the_patients_model_decides_between_equals(waiting, group, dana):
    other = factories.make_clinic("group", name="Aardvark Skin")
    factories.make_specialist("Luz", other)
    start = date(2020, 1, 1)
    when = {"valid_from": start, "source": "test"}
    programme = Programme.objects.create(key="x", name="Lakeshore ACO", **when)
    Alignment.objects.create(patient=waiting.patient, programme=programme, **when)
    RosterEntry.objects.create(programme=programme, practitioner=dana.practitioner, tin=group.tin, **when)
    best = routing.suggested(waiting)
    assert best.group == group
    assert f"On the roster of Lakeshore ACO: {dana}" in best.reasons
    worse = next(route for route in routing.routes(waiting) if route.group == other)
    assert "the charge will be held" in worse.warnings[0]


# pages


@pytest.fixture
def spanish(waiting):
    type(waiting.patient).objects.update(preferred_language="es")
    waiting.refresh_from_db()
    return waiting


def test_whoever_speaks_the_patients_language_comes_first(spanish, group, dana):
    luz = factories.make_specialist("Luz", group)
    assert routing.suggested(spanish).person is None
    luz.practitioner.spoken.create(language="es")
    best, second, third = routing.routes(spanish)
    # the pool has somebody too, but there whoever is free takes it
    assert [best.person, second.person, third.person] == [luz, None, dana]
    assert "Speaks Spanish" in best.reasons and f"Speaks Spanish: {luz}" in second.reasons
    assert third.warnings == ["Nobody here speaks Spanish: an interpreter is needed to talk with the patient"]
    assert "needs an interpreter" in third.label and "interpreter" not in best.label
    dana.practitioner.spoken.create(language="es")
    assert routing.suggested(spanish).person is None


def test_a_language_is_nothing_to_an_english_speaking_patient(waiting, group, dana):
    factories.make_specialist("Luz", group).practitioner.spoken.create(language="es")
    assert routing.suggested(waiting).person is None
    for route in routing.routes(waiting):
        assert not any("speak" in words.lower() for words in [*route.reasons, *route.warnings, route.label])


def test_who_speaks_it_but_is_away_does_not_count(spanish, group, dana):
    luz = factories.make_specialist("Luz", group)
    luz.practitioner.spoken.create(language="es")
    away(luz)
    assert routing.suggested(spanish).person is None
    assert "Nobody here speaks Spanish" in routing.suggested(spanish).warnings[0]


def test_the_clinics_own_rule_stands_above_the_language(spanish, clinic, ben, group, dana):
    factories.make_specialist("Luz", group).practitioner.spoken.create(language="es")
    rule(clinic, ben, group, specialty="dermatology", person=dana)
    assert routing.suggested(spanish).person == dana


def test_languages_stand_on_the_routing_page(desk, waiting, dana):
    dana.practitioner.spoken.create(language="es")
    assert "Spanish" in text(desk.get(url("routes")))


def test_the_case_page_suggests_a_route_and_says_why(desk, waiting, group, dana):
    page = text(desk.get(url("triage_case", waiting.pk)))
    assert f"Suggested: {group}: pool (1 person)" in page
    assert "1 person with a license in OH" in page


def test_a_specialist_says_when_they_are_away(sign_in, dana):
    client = sign_in(dana)
    assert "Nobody is away" in text(client.get(url("away")))
    # in the zone of the group today may still be yesterday
    data = {"user": str(dana.pk), "first_day": str(today(-1)), "last_day": str(today(-3))}
    assert "The last day comes before the first day." in text(client.post(url("away"), data))
    page = text(client.post(url("away"), data | {"last_day": str(today(5)), "note": "Conference"}, follow=True))
    assert "Conference" in page
    assert "Away now" in page
    page = text(client.post(url("away_cancel", Absence.objects.get().pk), follow=True))
    assert "is here again" in page


def test_another_persons_absence_is_not_found(sign_in, dana, eli):
    row = away(dana)
    assert sign_in(eli).post(url("away_cancel", row.pk)).status_code == 404
    assert Absence.objects.standing().get() == row


def test_a_lead_adds_and_ends_rules_and_others_read_them(sign_in, ben, clinic, group, dana):
    data = {"specialty": "dermatology", "site_kind": "nails", "state": "oh", "language": "", "group": str(group.pk)}
    client = sign_in(ben)
    assert client.post(url("routes"), data).status_code == 404
    ben.memberships.update(lead=True)
    client = sign_in(ben)
    page = text(client.post(url("routes"), data, follow=True))
    assert "Dermatology, Nails, OH" in page
    assert "There is a rule for the same cases already." in text(client.post(url("routes"), data))
    outsider = factories.make_specialist("Out", factories.make_clinic("group"))
    assert "does not belong to" in text(client.post(url("routes"), data | {"state": "", "person": str(outsider.pk)}))
    page = text(client.post(url("rule_end", RouteRule.objects.get().pk), follow=True))
    assert "Ended: Dermatology, Nails, OH" in page
    assert client.post(url("rule_end", RouteRule.objects.get().pk)).status_code == 404


def test_the_routing_page_shows_people_load_and_who_is_away(desk, waiting, ben, group, dana, eli):
    accept(waiting, ben, group, assigned_to=dana)
    away(dana, start=-1, days=6)  # in the clinic's zone today may still be yesterday
    page = text(desk.get(url("routes")))
    for words in (str(dana), "OH", "NY", "Away until", "Waiting for somebody who is away", waiting.number):
        assert words in page


@pytest.mark.parametrize("who", ["max_stranger"])
def test_a_stranger_sees_no_cases_and_ends_no_rule(request, sign_in, waiting, ben, clinic, group, dana, who):
    accept(waiting, ben, group)
    dana.practitioner.licences.all().delete()
    row = rule(clinic, ben, group)
    client = sign_in(request.getfixturevalue(who))
    assert waiting.number not in text(client.get(url("routes")))
    assert client.post(url("rule_end", row.pk)).status_code == 404
