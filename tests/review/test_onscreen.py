"""Every interval opens to what was on screen, from when to when, and why it counted; an assistant's time stands beside."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from review import onscreen, services, tape
from review.beats import review_time, tape_of
from review.checks import signing_checks
from review.errors import ReviewRefused
from review.models import AssistantTime, Beat
from tests import factories
from tests.review.conftest import Tab

pytestmark = pytest.mark.django_db


@pytest.fixture
def second_photo(ready, photo, ana):
    return factories.make_ready_photo(ready, by=ana, slot="overview", sha256="b" * 64)


def shown(*photos, parts=()):
    return {"photos": [str(photo.pk) for photo in photos], "parts": list(parts)}


def look(tab, *steps):
    """(ms, what was on screen in them)..., then the closing beat."""
    tab.send()
    for ms, what in steps:
        tab.clock.ms += ms
        tab.send(shown=what)
    tab.send("ended")


def opened(review):
    review.case.refresh_from_db()
    return onscreen.opened(review, review_time(review).intervals)


def test_an_interval_tells_what_was_on_screen_from_when_to_when(review, tab, photo, second_photo):
    look(tab, (15_000, shown(photo)), (15_000, shown(photo)), (10_000, shown(second_photo, parts=["form"])),
         (5_000, {}))  # fmt: skip
    (one,) = opened(review)
    assert [(scene.ms, scene.words) for scene in one.scenes] == [
        (30_000, "photo Close up"), (10_000, "photo Overview; the form"), (5_000, "not recorded"),
    ]  # fmt: skip
    assert one.scenes[0].start == review_time(review).intervals[0][0]
    assert sum(scene.ms for scene in one.scenes) == review_time(review).measured_ms


def test_it_says_why_it_counted(review, tab, photo):
    tab.send()
    for touched in (True, False, False, True):
        tab.clock.ms += 14_000
        tab.send(touched=touched)
    tab.send("ended")
    (one,) = opened(review)
    assert (one.beats, one.longest_gap, one.longest_silence) == (6, 14_000, 42_000)
    assert "6 beats came without a hole, the longest time between two of them 14 s" in one.why
    assert "without a key, pointer or touch was 42 s" in one.why


def test_each_of_several_intervals_has_its_own_scenes(review, tab, photo, second_photo):
    look(tab, (15_000, shown(photo)))
    tab.clock.ms += 300_000
    later = Tab(review, tab.by, tab.clock, name="tab-2")
    look(later, (12_000, shown(second_photo)))
    assert [[scene.words for scene in one.scenes] for one in opened(review)] == [["photo Close up"], ["photo Overview"]]


def test_a_photo_of_an_earlier_case_is_named_with_its_case(review, tab, photo, patient, ana):
    earlier = factories.make_draft(patient, by=ana)
    old = factories.make_ready_photo(earlier, by=ana, sha256="c" * 64)
    look(tab, (15_000, shown(photo, old)))
    (one,) = opened(review)
    assert one.scenes[0].words == f"photo Close up, Close up (case {earlier.number})"


def test_a_photo_of_somebody_else_is_not_named(review, tab, photo, clinic, ana):
    other = factories.make_draft(factories.make_patient(clinic), by=ana)
    stranger = factories.make_ready_photo(other, by=ana, sha256="d" * 64)
    look(tab, (15_000, shown(stranger)))
    (one,) = opened(review)
    assert one.scenes[0].words == "not recorded"


@pytest.mark.parametrize(
    "told",
    [None, "x", 7, [], {"photos": "abc"}, {"photos": [1, None, "y" * 37]}, {"parts": ["desk", 3]}, {"other": ["a"]}],
    ids=repr,
)
def test_nonsense_is_nothing_and_the_beat_counts(review, tab, told):
    tab.send()
    tab.clock.ms += 15_000
    tab.send("ended", shown=told)
    assert review_time(review).measured_ms == 15_000
    assert set(map(str, Beat.objects.values_list("shown", flat=True))) == {"{}"}


def test_a_beat_carries_no_more_than_eight_photos(review, tab):
    tab.send(shown={"photos": [f"p{n}" for n in range(50)], "parts": ["story"], "more": "x" * 10_000})
    assert Beat.objects.get().shown == {"photos": [f"p{n}" for n in range(8)], "parts": ["story"]}


def test_what_was_on_screen_decides_nothing_and_is_not_on_the_tape(review, tab, photo):
    look(tab, (15_000, shown(photo)), (15_000, {}))
    text = tape.write_tape(tape_of(review)).decode()
    assert len(text.splitlines()) == 4 and str(photo.pk) not in text and "shown" not in text


def test_a_photo_that_was_never_shown_is_named_before_signing(filled, tab, photo, second_photo):
    def named():
        return [check for check in signing_checks(filled) if "never on screen" in check.text]

    assert named() == [], "a browser that tells nothing accuses nobody"
    look(tab, (15_000, shown(photo)))
    (check,) = named()
    assert check.text == "One photo was never on screen: Overview" and not check.holds
    assert check.photo == str(second_photo.pk)
    look(Tab(filled, tab.by, tab.clock, name="tab-2"), (15_000, shown(second_photo)))
    assert named() == []


@pytest.mark.parametrize("name", ["time", "signed"])
def test_the_pages_open_each_interval(sign_in, filled, dana, tab, photo, sign, name):
    look(tab, (15_000, shown(photo, parts=["form"])))
    if name == "signed":
        sign(filled)
    page = sign_in(dana).get(reverse(f"review:{name}", args=[filled.case_id])).content.decode()
    assert "open this interval" in page and "photo Close up; the form" in page and "beats came without a hole" in page


# --- an assistant's time ----------------------------------------------------------------------------------------------


def note(review, by, **changes):
    said = {"who": "Mia, medical assistant", "minutes": 12, "note": "Sorted the outside photos"}
    return services.add_assistant_time(review=review, by=by, **(said | changes))


def test_an_assistants_time_is_shown_and_signed_but_never_part_of_the_time(sign_in, filled, dana, tab, sign):
    tab.work(462_000)
    before = services.propose(filled)
    note(filled, dana)
    after = services.propose(filled)
    assert (after.text, after.time.total_ms) == (before.text, before.time.total_ms)
    client = sign_in(dana)
    assert "Mia, medical assistant 12 min" in client.get(reverse("review:sign", args=[filled.case_id])).content.decode()
    signed = sign(filled)
    assert (signed.total_ms, signed.band) == (462_000, "under_10")
    assert signed.signed_record["time"]["assistant"] == [
        {"who": "Mia, medical assistant", "minutes": 12, "note": "Sorted the outside photos"}
    ]
    assert "Mia" not in signed.attestation
    page = client.get(reverse("review:signed", args=[filled.case_id])).content.decode()
    assert "Assistant, never charged: Mia, medical assistant, 12 min" in page


def test_what_is_noted_after_the_page_was_read_is_read_again(filled, dana, tab, sign):
    tab.work(60_000)
    before = services.propose(filled).fingerprint
    note(filled, dana)
    assert services.propose(filled).fingerprint != before


@pytest.mark.parametrize("changes", [{"who": " "}, {"note": ""}, {"minutes": 0}, {"minutes": 241}], ids=str)
def test_an_unclear_note_is_refused(filled, dana, changes):
    with pytest.raises(ReviewRefused, match="Write who it was"):
        note(filled, dana, **changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssistantTime.objects.create(review=filled, by=dana, **({"who": "M", "minutes": 5, "note": "x"} | {
            key: value.strip() if isinstance(value, str) else value for key, value in changes.items()}))  # fmt: skip


def test_only_the_reader_notes_it_and_only_before_signing(filled, dana, eli, tab, sign):
    with pytest.raises(ReviewRefused, match="by the reviewer"):
        note(filled, eli)
    tab.work(30_000)
    sign(filled)
    filled.refresh_from_db()
    with pytest.raises(ReviewRefused, match="before signing"):
        note(filled, dana)


def test_it_is_never_changed(filled, dana):
    row = note(filled, dana)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AssistantTime.objects.filter(pk=row.pk).update(minutes=1)


def test_the_form_on_the_page_of_time(sign_in, filled, ready, dana, tab):
    tab.work(30_000)
    client, address = sign_in(dana), reverse("review:time", args=[ready.pk])
    wrong = client.post(address, {"who": "Mia", "minutes": "", "note": "Sorted"})
    assert wrong.status_code == 422 and "Write how many minutes." in wrong.content.decode()
    assert client.post(address, {"who": "Mia", "minutes": "7", "note": "Sorted"}).url == address
    page = client.get(address).content.decode()
    assert "Mia, 7 min: Sorted" in page
    # whoever adds the lengths up gets the total, and an interval is told apart from the next by its seconds
    assert "30.000 s" in page
    assert re.search(r">\w{3}, \w{3} \d{1,2}, \d{4} \([A-Z]{3}\)</th>", page), "the day and the zone, once"
    assert re.search(r"\d{1,2}:\d\d:\d\d [ap]m</td>", page)
    assert AssistantTime.objects.get().minutes == 7
