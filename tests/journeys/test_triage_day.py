"""A day at the desk: two hundred mixed cases, arrival times simulated, worked by two people at once, partly in two
browsers and partly by two threads that both take what stands on top. Afterwards nothing is lost, no case was in two
hands, the list stood in the order of its rule, every step has its actor and time, and whom nobody may answer is still there."""

import random
import re
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from intake import batch, invariants, queue, ranking, redirects, requests, services
from intake.entries import facts_of
from intake.models import Case, CaseEvent, QueueEntry, RequestItem
from intake.services import IntakeRefused
from intake.slots import slots_of
from intake.workflow import TransitionRefused, start_event
from tests import factories
from tests.browsing import needs_browser
from tests.copies import copies_of
from tests.racing import race

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
CASES, BY_HAND = 200, 10
# what is said, specialty, the patient's state, language, whether the photos can be shown
STORIES = (
    ("A spot on the arm", "dermatology", "OH", "en", True),
    ("A brown spot that grew and bled", "dermatology", "OH", "en", True),
    ("Red, sore eye", "ophthalmology", "OH", "en", True),
    ("A mole", "dermatology", "TX", "en", True),  # nobody is licensed there
    ("A spreading rash", "dermatology", "OH", "es", True),
    ("A lump on the cheek", "dermatology", "OH", "en", False),  # its photos never became visible
    ("An itchy patch", "dermatology", "OH", "es", True),
    ("Warts", "dermatology", "OH", "en", True),
    ("A scaly spot", "dermatology", "OH", "en", True),
    ("Sore lids", "ophthalmology", "OH", "en", True),
)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


@pytest.fixture
def day(clinic, group, dana, olga, ben):
    """Ten cases through the services, at ten moments; the others are copies of their rows over ten hours."""
    rng = random.Random(20261125)  # noqa: S311 made-up cases, not secrets
    now = timezone.now()
    patterns = []
    for number, story in enumerate(STORIES):
        with time_machine.travel(now - timedelta(minutes=6 * number), tick=False):
            patterns.append(sent(story, clinic, ben))
    copied = copies_of(patterns, [timedelta(minutes=rng.randrange(540)) for _ in range(CASES - len(STORIES))])
    return [*patterns, *copied]


def sent(story, clinic, ben) -> Case:
    reason, specialty, state, language, is_shown = story
    patient = factories.make_patient(clinic, medicare=False, state=state, preferred_language=language)
    facts = {"specialty": specialty, "reason": reason, "history": "", "problem_kind": ""}
    if specialty == "ophthalmology":
        facts |= {"site": "eye", "side": "left"}
    case = factories.make_draft(patient, by=ben, **facts)
    start_event(case, by=ben, role="staff")
    services.give_consent(case=case, by=ben, kinds={"treatment", "photography"})
    for slot in (slot for slot in slots_of(case) if slot.required):
        factories.make_ready_photo(case, by=ben, slot=slot.key)
    if not is_shown:
        case.photos.update(work_status="dead", quality_verdict="")
    return services.submit_case(case=case, by=ben)


def listed(html: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="case" value="([0-9a-f-]{36})">', html)


def test_two_people_work_a_day_of_two_hundred_cases(open_page, client, day, ben, clinic, group):
    bea = factories.make_user("Bea", "staff", clinic)
    in_the_order_of_the_rule(ben)
    pages = []
    for user in (ben, bea):
        client.cookies.clear()  # or signing in the second would end the session of the first
        pages.append(open_page(user, 1440))
        pages[-1].route("**/pictures/**", lambda route: route.abort())  # there are rows of photos, but no files
    both_take_the_same_rows(pages, group)
    both_decide_one_case(pages)
    one_whom_nobody_may_answer(pages[0])
    the_rest_by_two_at_once(day, (ben, bea), group)
    nothing_is_lost(day, ben, bea)
    in_the_order_of_the_rule(ben)


def in_the_order_of_the_rule(ben) -> None:
    """Page after page, the list is the pure rule's order."""
    desk = Client()
    desk.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    shown, query = [], "?show=all"
    while query:
        html = desk.get(reverse("intake:triage_queue") + query).content.decode()
        shown += listed(html)
        following = re.search(r'rel="next" href="(\?[^"]+)"', html)
        query = following[1].replace("&amp;", "&") if following else ""
    cases = Case.objects.filter(entry__isnull=False).select_related("patient", "clinic")
    ruled = sorted(
        cases.prefetch_related("photos", "answers", "events", "requests"),
        key=lambda case: (ranking.rank_of(facts_of(case)[1]).number, case.pk),
    )
    assert shown == [str(case.pk) for case in ruled]


def both_take_the_same_rows(pages, group) -> None:
    """Both tick the same rows and press the same button at the same moment: each case goes once, and both are told."""
    for page in pages:
        page.goto("/triage/?show=submitted")
        page.locator("#queue-rows .q-name").first.focus()
        for _ in range(BY_HAND):
            page.keyboard.press("x")
            page.keyboard.press("j")
        page.get_by_text(f"With the {BY_HAND} ticked cases:").wait_for()
        page.locator("#batch-group").select_option(str(group.pk))
    # the refresh in the background leaves ticks and place
    with pages[0].expect_response(lambda answer: "/triage/news/" in answer.url):
        pages[0].evaluate("htmx.trigger('#queue-news', 'refresh')")
    pages[0].get_by_text(f"With the {BY_HAND} ticked cases:").wait_for()
    ticked = [
        set(page.locator("#queue-rows input:checked").evaluate_all("all => all.map(x => x.value)")) for page in pages
    ]
    assert ticked[0] == ticked[1] and len(ticked[0]) == BY_HAND
    for page in pages:
        page.evaluate("setTimeout(() => document.querySelector('button[value=route]').click(), 0)")
    done = 0
    for page in pages:
        page.get_by_role("heading", name="Accept with the suggested urgency").wait_for()
        said = [
            page.get_by_text(words, exact=words == "Not done").count() for words in ("Waits in the pool of", "Not done")
        ]
        assert sum(said) == BY_HAND  # each row says what became of it
        done += said[0]
    assert done == Case.objects.filter(pk__in=ticked[0], status="ready").count() > 0


def both_decide_one_case(pages) -> None:
    """Both have the case open, see each other, and both press Accept: the second is told what happened instead."""
    case = Case.objects.filter(status="submitted", reason="A spot on the arm").order_by("entry__rank").last()
    for page in pages:
        page.goto(reverse("intake:triage_case", args=[case.pk]))
    pages[1].get_by_text("Ben Sample is looking at this").wait_for()
    pages[0].get_by_role("button", name="Accept and pass on").click()
    pages[0].wait_for_url("**/triage/**")
    pages[1].get_by_role("button", name="Accept and pass on").click()
    pages[1].get_by_text("has moved on").first.wait_for()
    assert CaseEvent.objects.filter(case=case, verb="accept").count() == 1


def one_whom_nobody_may_answer(page) -> None:
    """It is said as soon as the case is opened, and pressing Accept does not move it."""
    case = Case.objects.filter(patient_state="TX", status="submitted").first()
    page.goto(reverse("intake:triage_case", args=[case.pk]))
    page.get_by_text("Nobody on our lists is licensed in TX").first.wait_for()
    page.get_by_role("button", name="Accept and pass on").click()
    page.get_by_text("Nobody on our lists is licensed in TX").first.wait_for()
    case.refresh_from_db()
    assert case.status == "submitted" and case.entry.state == "submitted"


def the_rest_by_two_at_once(day, people, group) -> None:
    """Two threads, each with the list before them, decide what stands on top until nothing is left that can be decided."""
    plan = {case.pk: decision_for(case, number) for number, case in enumerate(day)}
    clinics = (day[0].clinic_id,)

    def work(n: int) -> Counter:
        told, tried = Counter(), set()
        what = queue.Filter(clinics=clinics, user=people[n], show="submitted")
        while rows := [row for row in queue.page(what)[0] if (row.case_id, row.why) not in tried]:
            # one begins on top, the other four rows further down: half of what each takes, the other takes too
            for row in rows[4 * n :][:8] or rows:
                tried.add((row.case_id, row.why))
                case = Case.objects.select_related("patient", "clinic").get(pk=row.case_id)
                try:
                    plan[row.case_id](case, people[n], group)
                    told["done"] += 1
                except (IntakeRefused, TransitionRefused):
                    told["refused"] += 1
                except OperationalError:  # SQLite has one writer at a time; on a busy machine one presses again
                    tried.discard((row.case_id, row.why))
        return told

    results = race(2, work)
    assert all(isinstance(result, Counter) for result in results), results
    # both worked, and each was told at least once that the other had been quicker or that it cannot be done
    assert all(result["done"] and result["refused"] for result in results), results


def decision_for(case: Case, number: int):
    if case.reason == "A lump on the cheek":
        return ask_for_photos
    if number % 7 == 3:
        return send_elsewhere
    if number % 11 == 5:
        return ask_and_go_on
    return accept


def accept(case, by, group) -> None:
    batch.route(case=case, by=by, group=group)


def ask_for_photos(case, by, group) -> None:
    asked = [requests.Asked("photo", slot="close_up", reason_code="missing", note="Please send it again.")]
    requests.request_information(case=case, by=by, items=asked, deadline=factories.in_days(2))


def send_elsewhere(case, by, group) -> None:
    if case.patient_state == "TX":
        return accept(case, by, group)  # these stay to show that they are refused
    redirects.redirect_case(case=case, by=by, kind="in_person", reason="Needs a look in person", told="By phone")


def ask_and_go_on(case, by, group) -> None:
    """A question first; the answer brings the case back to the desk, and then it is accepted."""
    if case.requests.exists() or case.patient_state == "TX":
        return accept(case, by, group)
    asked = [requests.Asked("question", question="Does it itch?")]
    request = requests.request_information(case=case, by=by, items=asked, deadline=factories.in_days(2))
    item = RequestItem.objects.get(request=request)
    requests.answer_request(request=request, by=by, answers={item.pk: "At night."})


def nothing_is_lost(day, ben, bea) -> None:
    assert Case.objects.count() == len(day) == CASES
    for check in (
        invariants.every_open_case_is_in_the_queue,
        invariants.every_case_follows_its_events,
        invariants.open_requests_belong_to_waiting_cases,
        invariants.every_redirect_has_its_task,
    ):
        assert list(check()) == [], check.__name__
    # no case in two hands: accepted, redirected or asked for photos once each
    for verb in ("accept", "redirect"):
        times = Counter(CaseEvent.objects.filter(verb=verb).values_list("case_id", flat=True))
        assert set(times.values()) == {1}, verb
    both = {"accept", "redirect"}
    ended = CaseEvent.objects.filter(verb__in=both).values_list("case_id", flat=True)
    assert len(ended) == len(set(ended))
    # every step has its actor and time
    steps = CaseEvent.objects.exclude(verb__in=["start", "submit"])
    assert set(steps.values_list("by", flat=True)) == {ben.pk, bea.pk}
    assert not CaseEvent.objects.filter(at=None).exists() and not CaseEvent.objects.filter(by=None).exists()
    # whom nobody may answer is still on the desk, visibly; photos are asked for; all others are with a specialist or elsewhere
    now = {case.pk: case.status for case in Case.objects.all()}
    nobody = {case.pk for case in day if case.patient_state == "TX"}
    unseen = {case.pk for case in day if case.reason == "A lump on the cheek"}
    assert {pk for pk, status in now.items() if status == "submitted"} == nobody
    assert set(QueueEntry.objects.filter(state="submitted").values_list("pk", flat=True)) == nobody
    assert {pk for pk, status in now.items() if status == "needs_information"} == unseen
    assert {status for pk, status in now.items() if pk not in nobody | unseen} == {"ready", "redirected"}
