"""The list is read as it is due: what a claim passed over is counted when it happens, and shown to whoever leads."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from intake.models import Case, CaseEvent
from intake.workflow import TransitionRefused
from review import reading_order, services
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(group):
    return factories.make_specialist("Dora", group)


@pytest.fixture
def waiting(patient, ana, group):
    """waiting(hours) -> a case on the list, due in so many hours."""

    def _waiting(hours: float, since: float = 2.0, **fields):
        now = timezone.now()
        columns = {
            "group": group, "patient_state": "OH", "answer_due_at": now + timedelta(hours=hours),
            "ready_at": now - timedelta(hours=since),
        }  # fmt: skip
        return factories.put_status(factories.make_draft(patient, by=ana), "ready", **(columns | fields))

    return _waiting


def passed(case) -> list[str]:
    return CaseEvent.objects.filter(case=case, verb="claim").latest("pk").data["passed"]


def test_taking_the_first_passes_over_nothing(waiting, dana):
    first, _ = waiting(1), waiting(5)
    assert services.claim_next(by=dana) == first
    assert passed(first) == []


def test_taking_a_later_one_names_those_due_earlier_in_their_order(waiting, dana):
    second, first, third, taken, _ = waiting(2), waiting(1), waiting(3), waiting(9), waiting(12)
    services.claim_case(case=taken, by=dana)
    assert passed(taken) == [str(one.pk) for one in (first, second, third)]


def test_only_what_the_reader_could_have_taken_is_passed_over(waiting, dana, eli, dora, olga):
    waiting(1, specialty="ophthalmology")
    waiting(1, patient_state="NY")
    waiting(1, assigned_to=dora)
    held = waiting(1)
    services.claim_case(case=held, by=dora)
    waiting(1, since=0.001)  # came this very minute: the list on the screen does not show it yet
    lapsed = waiting(1)
    services.claim_case(case=lapsed, by=dora)
    Case.objects.filter(pk=lapsed.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    taken = waiting(9)
    services.claim_case(case=taken, by=dana)
    assert passed(taken) == [str(lapsed.pk)]


@pytest.mark.parametrize("how", ["sent by name", "own draft", "own question"])
def test_what_is_no_choice_passes_over_nothing(waiting, dana, how):
    waiting(1)
    fields = {"assigned_to": dana} if how == "sent by name" else {}
    if how == "own question":
        fields = {"asked_by": dana, "asked_from": "specialist", "put_first_until": timezone.now() + timedelta(hours=5)}
    taken = waiting(9, **fields)
    if how == "own draft":
        services.claim_case(case=taken, by=dana)
        assert passed(taken) != []
        services.release_case(case=Case.objects.get(pk=taken.pk), by=dana)
        taken.refresh_from_db()
    services.claim_case(case=taken, by=dana)
    assert passed(taken) == []


def test_a_claim_that_is_refused_counts_nothing(waiting, dana, eli):
    case = waiting(1)
    with pytest.raises(TransitionRefused):
        services.claim_case(case=case, by=eli)
    assert not CaseEvent.objects.filter(verb="claim").exists()


def test_the_next_is_whatever_is_free_and_none_when_nothing_waits(waiting, dana, dora):
    first, second = waiting(1), waiting(2)
    assert services.claim_next(by=dora) == first
    assert services.claim_next(by=dana) == second
    assert services.claim_next(by=dana) is None


# --- the report -------------------------------------------------------------------------------------------------------


@pytest.fixture
def month(waiting, dana, dora):
    """Dora leaves the first one lying three times; Dana takes what is due."""
    left, easy = waiting(1), [waiting(20 + n) for n in range(3)]
    for case in easy:
        services.claim_case(case=case, by=dora)
    due = waiting(0.5)
    services.claim_case(case=due, by=dana)
    services.release_case(case=Case.objects.get(pk=due.pk), by=dana)
    Case.objects.filter(pk=due.pk).update(status="withdrawn")
    return left


def groups(group):
    return type(group).objects.filter(pk=group.pk)


def test_who_takes_in_turn_and_what_was_left_lying(month, group, dana, dora):
    report = reading_order.report(groups(group))
    lines = [(one.user, one.claims, one.in_turn, one.passed, one.most, one.given_back) for one in report.readers]
    assert lines == [(dora, 3, 0, 3, 1, 0), (dana, 1, 1, 0, 0, 1)]
    assert (report.claims, report.in_turn) == (4, 1)
    assert [(row.case, row.times, row.readers, row.waits) for row in report.passed] == [(month, 3, 1, True)]


def test_a_case_that_was_read_since_stands_below_those_that_wait(month, waiting, group, dana, dora):
    services.claim_case(case=month, by=dana)
    factories.put_status(Case.objects.get(pk=month.pk), "signed", holder=None, hold_expires_at=None)
    assert [row.waits for row in reading_order.report(groups(group)).passed] == [False]


def test_lateness_is_told_in_words(waiting, group, dana):
    services.claim_case(case=waiting(-3), by=dana)
    (line,) = reading_order.report(groups(group)).readers
    assert line.lateness == "3 h after the target" and line.is_few


def test_other_groups_old_claims_and_bulk_cases_stay_out(month, waiting, group, dana, dora):
    other = factories.make_clinic("group")
    assert reading_order.report(groups(other)).readers == []
    later = timezone.now() + timedelta(days=reading_order.DAYS + 1)
    assert reading_order.report(groups(group), now=later).readers == []
    Case.objects.update(seeded=True)
    assert reading_order.report(groups(group)).readers == []


def test_a_claim_from_before_the_counting_says_nothing(waiting, dana, group):
    case = waiting(1)
    CaseEvent.objects.create(case=case, verb="claim", to_status="in_review", by=dana, role="specialist")
    assert reading_order.report(groups(group)).readers == []


def test_the_report_asks_a_fixed_number_of_times(month, group, django_assert_num_queries):
    with django_assert_num_queries(2):
        reading_order.report(groups(group))


# --- its page ---------------------------------------------------------------------------------------------------------

ADDRESS = "/reading/order/"


def test_a_lead_sees_the_own_group_without_patients(sign_in, month, group):
    lead = factories.make_specialist("Lea", group)
    lead.memberships.update(lead=True)
    client = sign_in(lead)
    assert ADDRESS in client.get(reverse("review:worklist")).content.decode()
    page = client.get(ADDRESS).content.decode()
    assert "Dora Sample" in page and month.number in page and "1 case" in page
    assert month.patient.name not in page


def test_an_administrator_sees_it_and_a_reader_without_the_lead_does_not(sign_in, month, ada, dana, ben, kay):
    assert "Dora Sample" in sign_in(ada).get(ADDRESS).content.decode()
    for user in (dana, ben, kay):
        assert sign_in(user).get(ADDRESS).status_code == 404
    assert ADDRESS not in sign_in(dana).get(reverse("review:worklist")).content.decode()


def test_the_lead_of_another_group_sees_nothing_of_this_one(sign_in, month):
    other = factories.make_specialist("Lou", factories.make_clinic("group"))
    other.memberships.update(lead=True)
    page = sign_in(other).get(ADDRESS).content.decode()
    assert "No case was taken" in page and "Dora" not in page


# --- one case after the other -----------------------------------------------------------------------------------------


def signature(client, case):
    page = client.get(reverse("review:sign", args=[case.pk])).content.decode()
    fields = dict(re.findall(r'name="(last_beat_id|measured_ms|fingerprint)" value="([^"]+)"', page))
    return page, fields | {"password": factories.PASSWORD, "attested": "yes"}


def test_signing_opens_the_next_case_in_the_same_step(sign_in, filled, ready, tab, dana, waiting):
    tab.work(60_000)
    client = sign_in(dana)
    assert "then the next case" not in signature(client, ready)[0], "nothing waits"
    following = waiting(1)
    page, fields = signature(client, ready)
    assert "Sign, then the next case" in page
    answer = client.post(reverse("review:sign", args=[ready.pk]), fields | {"then": "next"})
    assert answer.url == reverse("review:room", args=[following.pk])
    assert "on its way to" in client.get(answer.url).content.decode()
    assert Case.objects.get(pk=ready.pk).status == "signed" and Case.objects.get(pk=following.pk).holder == dana


def test_where_the_next_one_is_gone_meanwhile_the_signature_stands(sign_in, filled, ready, tab, dana, dora, waiting):
    tab.work(60_000)
    following, client = waiting(1), sign_in(dana)
    _, fields = signature(client, ready)
    services.claim_case(case=following, by=dora)
    answer = client.post(reverse("review:sign", args=[ready.pk]), fields | {"then": "next"})
    assert answer.url == reverse("review:signed", args=[ready.pk])
    assert Case.objects.get(pk=following.pk).holder == dora


def test_a_signature_that_fails_takes_no_case(sign_in, filled, ready, tab, dana, waiting):
    tab.work(60_000)
    following, client = waiting(1), sign_in(dana)
    _, fields = signature(client, ready)
    assert (
        client.post(reverse("review:sign", args=[ready.pk]), fields | {"then": "next", "attested": ""}).status_code
        == 422
    )
    assert Case.objects.get(pk=following.pk).status == "ready"


def test_the_signed_page_has_the_next_case_under_a_key(sign_in, filled, ready, tab, dana, sign, waiting):
    tab.work(60_000)
    sign(filled)
    client, address = sign_in(dana), reverse("review:signed", args=[ready.pk])
    assert 'data-key="n"' not in client.get(address).content.decode()
    waiting(1)
    page = client.get(address).content.decode()
    assert 'data-key="n"' in page and f'data-ahead="{reverse("review:ahead", args=[ready.pk])}"' in page
