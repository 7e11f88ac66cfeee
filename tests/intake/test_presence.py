"""Two people at one case: each sees the other, and an old page is told what changed and keeps its words."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.accounts import idle
from intake import corrections, presence, triage
from intake.models import Case, Presence
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def jo(clinic):
    return factories.make_user("Jo", "staff", clinic)


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def stale_fields(case):
    return {"version": case.version, "seen_at": (timezone.now() - timedelta(seconds=1)).isoformat()}


def test_a_colleague_is_seen_for_a_minute_and_never_oneself(waiting, ben, jo):
    now = timezone.now()
    presence.look(waiting, jo, now)
    presence.look(waiting, ben, now)
    assert presence.others(waiting, ben, now + timedelta(seconds=59)) == [jo]
    assert presence.others(waiting, ben, now + timedelta(seconds=61)) == []
    assert presence.words(waiting, jo) == f"{ben} is looking at this."


def test_several_are_named_the_last_first(waiting, ben, jo, clinic):
    kim = factories.make_user("Kim", "staff", clinic)
    now = timezone.now()
    for seconds, user in ((9, jo), (3, kim)):
        presence.look(waiting, user, now - timedelta(seconds=seconds))
    assert presence.words(waiting, ben) == f"{kim} and {jo} are looking at this."


def test_yesterdays_looks_are_forgotten(waiting, ben, jo):
    presence.look(waiting, jo, timezone.now() - timedelta(days=2))
    presence.look(waiting, ben)
    assert Presence.objects.get().user == ben


@pytest.mark.django_db(transaction=True)
def test_many_looks_at_once_are_one_row(waiting, ben):
    race(6, lambda n: presence.look(Case.objects.get(pk=waiting.pk), ben))
    assert Presence.objects.count() == 1


def test_the_page_names_who_else_is_there_and_asks_again_quietly(sign_in, waiting, ben, jo):
    presence.look(waiting, jo)
    client = sign_in(ben)
    page = text(client.get(url("triage_case", waiting.pk)))
    assert f"{jo} is looking at this." in page
    assert 'hx-trigger="every 20s"' in page
    session = client.session
    session[idle.STARTED], session[idle.SEEN] = timezone.now().timestamp() - 400, timezone.now().timestamp() - 300
    session.save()
    before = session[idle.SEEN]
    answer = client.post(url("here", waiting.pk), {"version": waiting.version})
    assert f"{jo} is looking at this." in text(answer)
    assert "Changed since" not in text(answer)
    assert client.session[idle.SEEN] == before


@pytest.mark.parametrize("who", ["max_stranger", "ana", "dana"])
def test_others_leave_no_trace_of_looking(request, sign_in, waiting, who):
    assert sign_in(request.getfixturevalue(who)).post(url("here", waiting.pk)).status_code == 404
    assert not Presence.objects.exists()


def test_an_open_page_is_told_what_changed_field_by_field_and_by_whom(desk, waiting, jo):
    fields = stale_fields(waiting)
    corrections.correct_place(case=waiting, by=jo, site="forearm_posterior", side="left", reason="Seen on the photo")
    page = text(desk.post(url("here", waiting.pk), fields))
    assert "Changed since you opened it" in page
    assert "<del>Right" in page
    assert "<ins>Left" in page
    assert str(jo) in page
    assert "Show the case as it is now" in page


def accept(desk, case, group, **facts):
    facts = {"urgency": "routine", "specialty": "dermatology", "route": f"{group.pk}:"} | facts
    return desk.post(url("accept", case.pk), facts)


def test_an_old_page_accepts_nothing_and_keeps_the_note(desk, waiting, jo, group):
    fields = stale_fields(waiting)
    corrections.add_by_phone(case=waiting, by=jo, topic="medicines", value=["Warfarin too"], said_by="patient")
    answer = accept(desk, waiting, group, note="Called: no fever.", **fields)
    page = text(answer)
    assert answer.status_code == 409
    for words in ("Changed since you opened it", "Warfarin too", "Called: no fever.", str(jo)):
        assert words in page
    waiting.refresh_from_db()
    assert waiting.status == "submitted"
    assert accept(desk, waiting, group, note="Called: no fever.", **stale_fields(waiting)).status_code == 302
    assert "Called: no fever." in Case.objects.get().intake_note


def test_without_a_version_the_status_alone_guards(desk, waiting, group):
    assert accept(desk, waiting, group).status_code == 302
    assert accept(desk, waiting, group, **stale_fields(waiting)).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_an_accept_and_a_correction_at_once_leave_no_half(waiting, ben, jo, group):
    version = waiting.version

    def act(number):
        case = Case.objects.get(pk=waiting.pk)
        if number % 2:
            return corrections.add_by_phone(
                case=case, by=jo, topic="history", value=["Itches"], said_by="patient", version=version
            )
        return triage.accept_case(
            case=case, by=ben, urgency="routine", specialty="dermatology", group=group, version=version
        )

    outcomes = race(6, act)
    done = [one for one in outcomes if not isinstance(one, Exception)]
    assert len(done) == 1, outcomes
    assert Case.objects.get().version == version + 1


@pytest.mark.parametrize("name", ["ask", "redirect"])
def test_an_old_page_asks_or_sends_away_only_after_another_look(desk, waiting, jo, name):
    """The other one filled a gap by phone: what this one typed stays, and what came meanwhile stands beside it."""
    opened = waiting.version
    said = {"topic": "medicines", "value": ["Warfarin"], "said_by": "patient"}
    corrections.add_by_phone(case=Case.objects.get(pk=waiting.pk), by=jo, **said)
    form = {"version": opened, "seen_at": (timezone.now() - timedelta(minutes=5)).isoformat()}
    form |= {"question": "Which medicines?", "deadline": "2"}
    form |= {"kind": "in_person", "reason": "Bleeds a lot", "reached": "patient", "told": "Rang at noon"}
    answer = desk.post(url(name, waiting.pk), form)
    assert answer.status_code == 409
    assert "Somebody changed this case" in text(answer) and "<ins>Warfarin</ins>" in text(answer)
    assert ("Which medicines?" if name == "ask" else "Bleeds a lot") in text(answer)
    assert Case.objects.get(pk=waiting.pk).status == "submitted"
    again = form | {"version": Case.objects.get(pk=waiting.pk).version}
    assert desk.post(url(name, waiting.pk), again).status_code == 302
    assert Case.objects.get(pk=waiting.pk).status == {"ask": "needs_information", "redirect": "redirected"}[name]


@pytest.mark.parametrize("name", ["go_on_without", "back_to_triage"])
def test_a_reason_for_a_case_that_has_moved_on_is_not_lost(desk, waiting, name):
    answer = text(desk.post(url(name, waiting.pk), {"reason": "Rang three times"}, follow=True))
    assert "You wrote: “Rang three times”" in answer and "Nothing was changed" in answer
    assert Case.objects.get(pk=waiting.pk).status == "submitted"
