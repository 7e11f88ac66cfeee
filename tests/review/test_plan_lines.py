"""Plan lines: drafted with the review, frozen by its signature, settled after it."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from config.audit import triggers
from review import services
from review.checks import signing_checks
from review.errors import ReviewRefused
from review.models import ActionItem
from review.plan import OWNERS, PlanLine, line_of, lines_of, words_of_plan

pytestmark = pytest.mark.django_db

BIOPSY = PlanLine("biopsy", "Excision biopsy, 2 mm margin", "referring_clinic", "The spot is taken out.", None, 2)
WATCH = PlanLine("watch_rephotograph", "New photo of the scar", "patient", "", date(2031, 3, 1), None)


@pytest.fixture
def planned(filled, dana):
    saved, _ = services.save_draft(review=filled, by=dana, version=filled.version, plan="", lines=[BIOPSY, WATCH])
    return saved


@pytest.mark.parametrize(
    ("text", "kind", "weeks"),
    [
        ("Excision biopsy with 2 mm margin within 14 days.", "biopsy", 2),
        ("Shave biopsy within 4 weeks.", "biopsy", 4),
        ("Emollient at least once a day.", "medicine", None),
        ("Triamcinolone 0.1 % ointment twice a day for 2 weeks.", "medicine", None),
        ("New photo in 3 months", "watch_rephotograph", 13),
        ("Refer to plastic surgery within 1 week", "refer", 1),
        ("Visit in person.", "in_person", None),
        ("No treatment needed", "reassurance", None),
        ("Check the apixaban plan before the biopsy.", "biopsy", None),
        ("Call the transplant team in 1 day", "other", 1),
        ("Photograph again in 900 days", "watch_rephotograph", 104),
    ],
)
def test_a_line_of_words_becomes_a_plan_line(text, kind, weeks):
    line = line_of(f"  {text} ")
    assert (line.kind, line.text, line.due_weeks) == (kind, text, weeks)
    assert line.owner == OWNERS[ActionItem.Kind(kind)]


def test_empty_lines_are_no_steps():
    assert [line.text for line in lines_of("Biopsy\n\n  \nVisit")] == ["Biopsy", "Visit"]


def test_the_plan_is_kept_in_its_order_and_replaced_as_a_whole(planned, dana):
    assert [item.in_words for item in planned.action_items.all()] == [
        "Excision biopsy, 2 mm margin (Clinic, within 2 weeks)",
        "New photo of the scar (Patient, by Mar 1, 2031)",
    ]
    before = list(planned.action_items.values_list("pk", flat=True))
    same, _ = services.save_draft(review=planned, by=dana, version=planned.version, lines=[BIOPSY, WATCH])
    assert list(same.action_items.values_list("pk", flat=True)) == before, "an unchanged plan is not written again"
    turned, _ = services.save_draft(review=same, by=dana, version=same.version, lines=[WATCH])
    assert [item.position for item in turned.action_items.all()] == [1]
    untouched, _ = services.save_draft(review=turned, by=dana, version=turned.version, findings="x")
    assert untouched.action_items.count() == 1
    with pytest.raises(ReviewRefused, match="20 lines"):
        services.save_draft(review=untouched, by=dana, version=untouched.version, lines=[BIOPSY] * 21)


def test_signing_freezes_the_lines_and_turns_weeks_into_a_day(planned, tab, sign):
    tab.work(60_000)
    signed = sign(planned)
    biopsy, watch = signed.action_items.all()
    assert biopsy.due_on == signed.date_of_service + timedelta(weeks=2) and watch.due_on == WATCH.due_on
    assert biopsy.frozen_at == watch.frozen_at == signed.signed_at
    assert list(ActionItem.objects.open()) == [biopsy, watch]
    recorded = signed.signed_record["plan_lines"]
    assert [line["text"] for line in recorded] == [BIOPSY.text, WATCH.text]
    assert recorded[0]["due_on"] == biopsy.due_on.isoformat() and recorded[0]["owner"] == "referring_clinic"


def test_a_draft_is_nobodys_work(planned):
    assert not ActionItem.objects.open().exists()


def test_the_database_keeps_a_frozen_line_and_lets_it_be_settled(planned, tab, sign, ben):
    tab.work(60_000)
    item = sign(planned).action_items.first()
    mine = ActionItem.objects.filter(pk=item.pk)
    for change in ({"text": "Nothing"}, {"due_on": None}, {"owner": "patient"}, {"frozen_at": None}):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            mine.update(**change)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        mine.delete()
    assert mine.update(state="done", settled_by=ben, settled_at=timezone.now(), proof="Excised on Monday") == 1
    assert not mine.get().is_open and triggers.missing() == []


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "declined", "reason": ""},
        {"state": "done", "settled_by": None},
        {"state": "open"},
        {"state": "lost"},
        {"state": "impossible", "reason": ""},
    ],
)
def test_a_settlement_says_by_whom_and_why(planned, tab, sign, ben, broken):
    tab.work(60_000)
    item = sign(planned).action_items.first()
    settled = {"state": "declined", "reason": "Went elsewhere", "settled_by": ben, "settled_at": timezone.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionItem.objects.filter(pk=item.pk).update(**(settled | broken))


@pytest.mark.parametrize(
    "broken",
    [
        {"text": ""},
        {"kind": "magic"},
        {"owner": "nobody"},
        {"due_weeks": 0},
        {"due_weeks": 105},
        {"position": 2},
        {"state": "done", "settled_at": timezone.now()},
    ],
)
def test_the_database_itself_refuses_a_broken_line(planned, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionItem.objects.filter(review=planned, position=1).update(**broken)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (PlanLine("biopsy", "Biopsy", "referring_clinic"), "Plan line 1 needs a day: Biopsy"),
        (PlanLine("watch_rephotograph", "Photo", "patient"), "Plan line 1 needs a day: Photo"),
        (PlanLine("medicine", "Cream {name} daily", "patient"), "Fill in {name} in plan line 1."),
        (PlanLine("refer", "Surgery", "patient", "", date(2020, 1, 1)), "Plan line 1 is due in the past: Surgery"),
    ],
)
def test_a_line_that_nobody_can_follow_holds_the_signature(filled, dana, line, text):
    changed, _ = services.save_draft(review=filled, by=dana, version=filled.version, plan="", lines=[line])
    assert text in [check.text for check in signing_checks(changed) if check.holds]


def test_a_letter_names_lines_and_words(planned, dana):
    more, _ = services.save_draft(review=planned, by=dana, version=planned.version, plan="Call me.\n\nSunscreen.")
    assert words_of_plan(more) == [*(item.in_words for item in more.action_items.all()), "Call me.", "Sunscreen."]
