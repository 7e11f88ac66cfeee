"""The specialist's pages: who finds them, what they save, what they show and what they never show before the signature."""

import json
import re
import time

import pytest
from django.urls import reverse

from config.audit.models import AuditEvent
from intake.models import Case
from review import services
from review.models import Beat, Icd10Code, Review
from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
from tests import factories
from tests.review.conftest import DRAFT, NEVUS_RIGHT

pytestmark = pytest.mark.django_db
NAMES = ["room", "release", "ask", "in_person", "back_to_triage", "sign", "time", "signed"]
POSTS = ["claim", "save", "beats"]


def url(name, case):
    return reverse(f"review:{name}", args=[case.pk])


def form_of(review, **changes):
    fields = {name: value for name, value in DRAFT.items() if name != "differential"}
    data = fields | {
        "diff_text": ["Solar lentigo", "lentigo simplex", ""],
        "diff_confidence": ["low", "", ""],
        "version": review.version,
        "icd10cm": [NEVUS_RIGHT],
    }
    return {key: value for key, value in (data | changes).items() if value is not None}


@pytest.mark.parametrize("who", ["eli", "olga"])
def test_strangers_of_the_same_role_find_nothing(request, sign_in, review, ready, who):
    client = sign_in(request.getfixturevalue(who))
    for name in NAMES:
        assert client.get(url(name, ready)).status_code == 404, name
    for name in POSTS:
        assert client.post(url(name, ready), {"beats": "[]"}).status_code == 404, name
    assert not Beat.objects.exists()


def test_a_colleague_has_no_review_to_beat_or_save_into(sign_in, review, ready, group):
    client = sign_in(factories.make_specialist("Dora", group))
    for name in ("save", "beats", "sign", "time"):
        assert client.post(url(name, ready), {"beats": "[]"}).status_code == 404, name


def test_the_list_claims_with_one_click_and_opens_the_room(sign_in, ready, photo, dana):
    client = sign_in(dana)
    page = client.get(reverse("review:worklist"))
    assert ready.patient.name in page.content.decode() and url("claim", ready) in page.content.decode()
    answer = client.post(url("claim", ready))
    assert answer.url == url("room", ready)
    room = client.get(answer.url).content.decode()
    assert "Asks" not in room and "Flat brown spot for ten years" in room and "Apixaban" in room
    held = client.get(reverse("review:worklist")).content.decode()
    assert "You are holding" in held


def test_a_list_and_a_case_leave_a_trace(sign_in, review, ready, dana):
    client = sign_in(dana)
    client.get(reverse("review:worklist"))
    client.get(url("room", ready))
    listed = AuditEvent.objects.filter(verb="case.listed", actor=dana).latest("pk")
    assert listed.data["cases"] == [str(ready.pk)]
    assert AuditEvent.objects.filter(verb="case.viewed", actor=dana, subject_id=str(ready.pk)).count() == 1


def test_open_the_next_case_takes_the_first_that_is_free(sign_in, ready, dana):
    client = sign_in(dana)
    assert client.post(reverse("review:claim_next")).url == url("room", ready)
    assert client.post(reverse("review:claim_next")).url == reverse("review:worklist")


def test_who_lost_the_race_is_told_by_name(sign_in, review, ready, dana, group):
    client = sign_in(factories.make_specialist("Dora", group))
    page = client.post(url("claim", ready), follow=True).content.decode()
    assert "Dana Sample is reading case" in page
    outside = client.get(url("room", ready)).content.decode()
    assert "Dana Sample holds this case" in outside and "Hold and review" not in outside


def test_every_button_saves_without_a_script(sign_in, review, ready, icd, dana):
    client = sign_in(dana)
    answer = client.post(url("save", ready), form_of(review, next="sign"))
    assert answer.url == url("sign", ready)
    review.refresh_from_db()
    assert review.findings == DRAFT["findings"] and review.differential_words == [
        "Solar lentigo (low)",
        "lentigo simplex",
    ]
    assert list(review.diagnoses.values_list("icd10cm", flat=True)) == [NEVUS_RIGHT]
    removed = form_of(review, remove_code=NEVUS_RIGHT, add_code="L30.9")
    assert client.post(url("save", ready), removed).url == url("room", ready)
    assert list(review.diagnoses.values_list("icd10cm", flat=True)) == ["L30.9"]
    review.refresh_from_db()
    found = client.post(url("save", ready), form_of(review, next="find", icd_q="nevi right"), follow=True)
    assert f'value="{NEVUS_RIGHT}"' in found.content.decode()


def test_autosave_answers_with_the_next_version(sign_in, review, ready, icd, dana):
    client = sign_in(dana)
    answer = client.post(url("save", ready), form_of(review), headers={"X-Draft": "1"})
    assert answer.json()["version"] == 1 and answer.json()["held"] is True


def test_a_conflict_shows_both_texts_and_loses_none(sign_in, review, ready, icd, dana):
    services.save_draft(review=Review.objects.get(pk=review.pk), by=dana, version=0, findings="From the other window")
    client = sign_in(dana)
    by_script = client.post(url("save", ready), form_of(review, version=0), headers={"X-Draft": "1"})
    assert by_script.status_code == 409 and by_script.json()["stale"] is True
    answer = client.post(url("save", ready), form_of(review, version=0, findings="From this window"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "From the other window" in page and "From this window" in page
    version = re.search(r'name="version" value="(\d+)"', page).group(1)
    client.post(url("save", ready), form_of(review, version=version, findings="From this window"))
    review.refresh_from_db()
    assert review.findings == "From this window"


def test_beats_come_by_form_and_answer_with_what_counts(sign_in, review, ready, dana):
    client = sign_in(dana)
    beat = {"tab": "t1", "seq": 0, "mono_ms": 5, "last_input_ms": 5, "state": "counting"}
    answer = client.post(url("beats", ready), {"beats": json.dumps([beat])})
    told = answer.json()
    assert abs(told.pop("now_ms") - time.time() * 1000) < 60_000
    assert told == {"counted_ms": 0, "last_beat_id": Beat.objects.get().pk, "held": True}
    brief = client.post(url("beats", ready), {"beats": json.dumps([beat | {"seq": 1}]), "brief": "1"})
    assert brief.json().keys() == {"held", "now_ms"} and brief.json()["held"] and Beat.objects.count() == 2
    for broken in ("", "{}", "[]", "[1]", '[{"tab": "t1"}]', "not json"):
        assert client.post(url("beats", ready), {"beats": broken}).status_code == 400


@pytest.mark.parametrize(("held_up_s", "kept"), [(0, True), (4, True), (6, False), (-60, True), (None, True)])
def test_a_beat_that_was_held_up_on_its_way_is_not_kept_and_its_page_is_told(
    sign_in, review, ready, dana, held_up_s, kept
):
    """The page sends when it was sent, on our clock as it knows it. Kept late, its touches would lie too late."""
    beat = {"tab": "t1", "seq": 0, "mono_ms": 5, "last_input_ms": 5, "state": "counting"}
    sent = {} if held_up_s is None else {"sent_ms": str(round((time.time() - held_up_s) * 1000))}
    answer = sign_in(dana).post(url("beats", ready), {"beats": json.dumps([beat])} | sent)
    told = answer.json()
    assert answer.status_code == 200 and "now_ms" in told
    assert (told.get("late"), Beat.objects.count()) == ((None, 1) if kept else (True, 0))


def test_handing_over_by_name_is_offered_and_shown_to_the_receiver(sign_in, review, ready, dana, group):
    dora = factories.make_specialist("Dora", group)
    client = sign_in(dana)
    page = client.get(url("release", ready)).content.decode()
    assert "Dora Sample (0 open)" in page and "The pool of" in page and "Eli" not in page
    for spoiled in (
        {"to": str(dora.pk)},
        {"to": "1" * 32, "handover_note": "Look"},
        {"to": str(dana.pk), "handover_note": "x"},
    ):
        assert client.post(url("release", ready), spoiled).status_code == 422, spoiled
    done = client.post(url("release", ready), {"to": str(dora.pk), "handover_note": "Compare with <2024>"}, follow=True)
    assert "waits for Dora Sample, who sees your note" in done.content.decode()
    assert "Waits for Dora Sample" in client.get(url("room", ready)).content.decode()
    shown = sign_in(dora).get(reverse("review:worklist")).content.decode()
    assert "Dana Sample hands it to you" in shown and "Compare with &lt;2024&gt;" in shown


def test_who_handed_it_over_takes_it_back_on_the_page_once(sign_in, review, ready, dana, group):
    client, dora = sign_in(dana), factories.make_specialist("Dora", group)
    client.post(url("release", ready), {"to": str(dora.pk), "handover_note": "Look"})
    assert "Take it back for the pool" in client.get(url("room", ready)).content.decode()
    back = client.post(url("to_pool", ready), follow=True).content.decode()
    assert "is back in the pool" in back and "Nobody holds this case" in back
    assert "You may not do this" in client.post(url("to_pool", ready), follow=True).content.decode()


def test_codes_are_found_by_beginning_or_by_all_words(sign_in, icd, dana):
    client = sign_in(dana)

    def found(text):
        page = client.get(reverse("review:codes"), {"icd_q": text}).content.decode()
        return re.findall(r'value="([^"]+)"', page)

    assert found("d226") == found("D22.6") == ["D22.61", "D22.62"], "with or without the dot"
    assert found("nevi RIGHT") == ["D22.61"]
    assert found("nevi nose") == [] and found("") == []


def test_codes_of_the_cases_side_come_first(sign_in, icd, dana):
    Icd10Code.objects.create(
        code="D22.60", description="Melanocytic nevi of unspecified upper limb, cleft", billable=True, release=RELEASE,
        valid_from=VALID_FROM, verified_until=VERIFIED_UNTIL,
    )  # fmt: skip
    client = sign_in(dana)
    for side, order in (
        ("right", ["D22.61", "D22.60", "D22.62"]),
        ("left", ["D22.62", "D22.60", "D22.61"]),
        ("both", ["D22.60", "D22.61", "D22.62"]),
        ("", ["D22.60", "D22.61", "D22.62"]),
    ):
        page = client.get(reverse("review:codes"), {"icd_q": "nevi limb", "side": side}).content.decode()
        assert re.findall(r'value="([^"]+)"', page) == order, side


def test_a_list_of_codes_that_is_cut_says_so(sign_in, icd, dana):
    Icd10Code.objects.bulk_create(
        Icd10Code(
            code=f"L99.{n:02d}", description="Synthetic", billable=True, release=RELEASE, valid_from=VALID_FROM,
            verified_until=VERIFIED_UNTIL,
        )
        for n in range(21)
    )  # fmt: skip
    client = sign_in(dana)
    many = client.get(reverse("review:codes"), {"icd_q": "synthetic"}).content.decode()
    assert "These are the first 20." in many and "L99.19" in many and "L99.20" not in many
    assert "These are the first" not in client.get(reverse("review:codes"), {"icd_q": "L99.0"}).content.decode()


def test_the_room_searches_codes_with_its_own_side(sign_in, filled, ready, dana):
    page = sign_in(dana).get(url("room", ready)).content.decode()
    assert f'hx-get="{reverse("review:codes")}?side={ready.side}"' in page and ready.side


FORBIDDEN = re.compile(r"G98\d\d|10 min|ten minutes|\$\d|\b600\b|fee|charge|bill", re.IGNORECASE)


def visible(page):
    text = re.sub(r"(?s)<script.*?</script>|<svg.*?</svg>", "", page.content.decode())
    return re.sub(r"<[^>]+>", " ", text)


def test_no_code_price_or_ten_minute_mark_before_the_signature(sign_in, filled, ready, tab, dana, photo):
    tab.work(462_000)
    client = sign_in(dana)
    for name in ("room", "sign", "time"):
        text = visible(client.get(url(name, ready)))
        text = text.replace("The diagnosis code can be billed", "")
        assert not FORBIDDEN.search(text), (name, FORBIDDEN.search(text))


def signature(page):
    fields = dict(re.findall(r'name="(last_beat_id|measured_ms|fingerprint)" value="([^"]+)"', page))
    return fields | {"password": factories.PASSWORD}


def test_the_attestation_stands_beside_an_unticked_box(sign_in, filled, ready, tab, dana):
    tab.work(462_000)
    page = sign_in(dana).get(url("sign", ready)).content.decode()
    assert "I, Dana Sample, MD, personally spent 7 minutes 42 seconds on " in page
    assert "checked" not in page.split('name="attested"')[1].split(">")[0]


def test_sign_and_double_submit(sign_in, filled, ready, tab, dana):
    tab.work(462_000)
    client = sign_in(dana)
    fields = signature(client.get(url("sign", ready)).content.decode())
    unticked = client.post(url("sign", ready), fields)
    assert unticked.status_code == 422 and "Tick the sentence" in unticked.content.decode()
    for _ in range(2):
        assert client.post(url("sign", ready), fields | {"attested": "yes"}).url == url("signed", ready)
    assert Case.objects.get(pk=ready.pk).events.filter(verb="sign").count() == 1
    page = client.get(url("signed", ready)).content.decode()
    assert "7 min 42 s" in page and "Counted" in page
    assert client.get(url("room", ready)).url == url("signed", ready)


def test_a_changed_number_shows_the_new_one_and_signs_nothing(sign_in, filled, ready, tab, dana, clock):
    tab.work(60_000)
    client = sign_in(dana)
    fields = signature(client.get(url("sign", ready)).content.decode()) | {"attested": "yes", "measured_ms": "90000"}
    answer = client.post(url("sign", ready), fields)
    assert answer.status_code == 409
    assert "Nothing was signed" in answer.content.decode() and "1 minute on " in answer.content.decode()
    filled.refresh_from_db()
    assert not filled.is_signed


def test_what_holds_the_signature_is_said_and_there_is_no_button(sign_in, review, ready, icd, dana):
    page = sign_in(dana).get(url("sign", ready)).content.decode()
    assert "Write what you see." in page and "Choose a diagnosis code." in page
    assert "Sign and send" not in page and 'name="attested"' not in page


def test_without_a_script_the_room_says_that_time_cannot_be_counted(sign_in, review, ready, dana):
    page = sign_in(dana).get(url("room", ready)).content.decode()
    assert "<noscript>" in page and "your time cannot be counted here" in page


def test_added_time_by_form_in_the_time_zone_of_the_group(sign_in, filled, ready, dana, group):
    from datetime import datetime, timedelta

    Case.objects.filter(pk=ready.pk).update(submitted_at=ready.submitted_at - timedelta(days=3))
    day = datetime.now(group.zone) - timedelta(days=1)
    data = {"day": day.date().isoformat(), "start": "10:00", "stop": "10:04:30", "reason_code": "colleague"}
    client = sign_in(dana)
    assert client.post(url("time", ready), data).status_code == 422
    assert client.post(url("time", ready), data | {"note": "Called Dr. Nair about it"}).status_code == 302
    added = filled.added_times.get()
    assert added.ms == 270_000 and added.started_at.astimezone(group.zone).hour == 10


def test_ways_out_say_what_happens_and_do_it(sign_in, review, ready, dana):
    client = sign_in(dana)
    for name in ("release", "ask", "in_person", "back_to_triage"):
        assert client.get(url(name, ready)).status_code == 200, name
    assert client.post(url("ask", ready), {"question": "", "deadline": "2"}).status_code == 422
    client.post(url("ask", ready), {"question": "Which tablet?", "deadline": "2"})
    ready.refresh_from_db()
    assert ready.status == "needs_information"
    assert "Waiting for the patient" in client.get(url("room", ready)).content.decode()
    assert client.get(url("sign", ready)).url == url("room", ready)


def test_the_list_asks_the_database_a_fixed_number_of_times(
    sign_in, patient, ana, group, dana, django_assert_max_num_queries
):
    client = sign_in(dana)
    for _ in range(6):
        case = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
        factories.make_ready_photo(case, by=ana)
    client.get(reverse("review:worklist"))
    with django_assert_max_num_queries(32):
        client.get(reverse("review:worklist"))
