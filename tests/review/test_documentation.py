"""What is documented beside the free text, and what makes it quick: terms, rows, photos, codes at hand, own texts."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from intake.models import Case
from review import phrases, services, vocabulary
from review.checks import signing_checks
from review.models import FavouriteCode, Icd10Code, PhotoAdequacy, Review, TextTemplate
from review.rows import EMPTY_LINE, differential_from, lines_from
from tests import factories
from tests.review.conftest import NEVUS_RIGHT

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"review:{name}", args=args)


def saved(review, by, **fields):
    review.refresh_from_db()
    return services.save_draft(review=review, by=by, version=review.version, **fields)[0]


def post(client, review, **data):
    review.refresh_from_db()
    return client.post(url("save", review.case_id), {"version": review.version} | data)


# --- terms ------------------------------------------------------------------------------------------------------------


def test_every_term_has_one_key_and_one_word():
    for groups in vocabulary.SETS.values():
        keys = [key for group in groups for key, _ in group.terms]
        assert len(keys) == len(set(keys))
        assert [group.key for group in groups] == ["morphology", "color", "configuration", "distribution"]
    assert len({key for groups in vocabulary.SETS.values() for g in groups for key, _ in g.terms}) == len(
        vocabulary.WORDS
    )


def test_terms_are_read_in_the_order_of_their_groups():
    keys = ["color.black", "morphology.macule", "color.dark_brown", "gone.term"]
    assert vocabulary.in_words(keys) == "macule; black, dark brown"
    assert vocabulary.as_record(keys)["version"] == vocabulary.VERSION
    assert [term["word"] for term in vocabulary.as_record(keys)["terms"]] == ["black", "macule", "dark brown"]


def test_terms_are_saved_and_signed_with_their_words(sign_in, filled, dana, tab, sign):
    data = {"findings": "x", "finding_terms": ["morphology.macule", "color.black"]}
    assert post(sign_in(dana), filled, **data).status_code == 302
    filled.refresh_from_db()
    assert filled.finding_terms == ["morphology.macule", "color.black"]
    assert post(sign_in(dana), filled, finding_terms=["no.such"]).status_code == 422


def test_skin_and_eyes_have_their_own_terms(sign_in, review, dana, olga, patient, ana, group):
    page = sign_in(dana).get(url("room", review.case_id)).content.decode()
    assert "morphology.plaque" in page and "hypopyon" not in page and "Acuity as given" not in page
    eye = factories.make_draft(patient, by=ana, specialty="ophthalmology", site="conjunctiva", side="right")
    case = factories.put_status(eye, "ready", group=group, patient_state="OH")
    services.claim_case(case=case, by=olga)
    page = sign_in(olga).get(url("room", case.pk)).content.decode()
    assert "hypopyon" in page and "Acuity as given" in page and "OD (right)" in page and "Posterior segment" in page


# --- rows -------------------------------------------------------------------------------------------------------------


def row(**values):
    return EMPTY_LINE | values


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (row(), None),
        (row(owner="patient"), None),
        (row(text="Call"), ("other", "Call", "referring_clinic", None, None)),
        (row(kind="biopsy"), ("biopsy", "Biopsy or excision", "referring_clinic", None, None)),
        (row(kind="hack", text="x", owner="hack"), ("other", "x", "referring_clinic", None, None)),
        (row(kind="refer", text="x", weeks="3"), ("refer", "x", "referring_clinic", None, 3)),
        (row(kind="refer", text="x", weeks="3", due="2027-01-02"), ("refer", "x", "referring_clinic", "2027-01-02", None)),
    ],
)  # fmt: skip
def test_a_typed_row_becomes_a_line(typed, expected):
    lines, errors = lines_from([typed])
    assert errors == []
    found = [(o.kind, o.text, o.owner, o.due_on and o.due_on.isoformat(), o.due_weeks) for o in lines]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (row(text="x", weeks="0"), "weeks are a number from 1 to 104"),
        (row(text="x", weeks="two"), "weeks are a number"),
        (row(text="x", due="4/12"), "write the day like"),
        (row(text="x" * 501), "longer than 500"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_and_the_line_kept(typed, text):
    lines, errors = lines_from([typed])
    assert text in errors[0] and len(lines) == 1


def test_a_differential_keeps_its_rank_and_moves_up():
    rows = [{"text": "A", "confidence": "low"}, {"text": "", "confidence": "high"}, {"text": "B", "confidence": "x"}]
    assert differential_from(rows) == [{"text": "A", "confidence": "low"}, {"text": "B", "confidence": ""}]
    assert [one["text"] for one in differential_from(rows, up="1")] == ["B", "A"]
    for nowhere in ("0", "9", "-1", "x"):
        assert [one["text"] for one in differential_from(rows, up=nowhere)] == ["A", "B"]


def test_plan_lines_come_by_form_and_one_goes_without_a_script(sign_in, filled, dana):
    client = sign_in(dana)
    lines = {
        "plan_text": ["Biopsy", "", "Photo"], "plan_kind": ["biopsy", "", "watch_rephotograph"],
        "plan_owner": ["", "", "patient"], "plan_weeks": ["2", "", "12"], "plan_due": ["", "", ""],
        "plan_patient": ["It is taken out.", "", ""],
    }  # fmt: skip
    assert post(client, filled, **lines).status_code == 302
    assert [item.in_words for item in filled.action_items.all()] == [
        "Biopsy (Clinic, within 2 weeks)",
        "Photo (Patient, within 12 weeks)",
    ]
    room = client.get(url("room", filled.case_id)).content.decode()
    assert "Clinic, within 2 weeks" in room and "It is taken out." in room
    assert post(client, filled, **lines, plan_remove="0").status_code == 302
    assert [item.text for item in filled.action_items.all()] == ["Photo"]
    broken = post(client, filled, **(lines | {"plan_weeks": ["x", "", "1"]}))
    assert broken.status_code == 422 and "Plan line 1: weeks are" in broken.content.decode()
    assert 'value="It is taken out."' in broken.content.decode(), "what was typed stays on the page"


def test_a_conflict_shows_the_other_windows_plan_and_terms(sign_in, filled, dana):
    client, old = sign_in(dana), filled.version
    saved(filled, dana, lines=phrases.lines_of("Shave biopsy within 4 weeks"), finding_terms=["color.black"],
          differential=["Nevus"])  # fmt: skip
    answer = client.post(url("save", filled.case_id), {"version": old, "plan_text": ["Call"], "plan_kind": ["other"]})
    page = answer.content.decode()
    assert answer.status_code == 409
    for text in ("Shave biopsy within 4 weeks (Clinic, within 4 weeks)", "black", "Nevus"):
        assert text in page
    assert 'value="Call"' in page


# --- photos -----------------------------------------------------------------------------------------------------------


def test_each_photo_has_its_own_verdict(sign_in, filled, dana, photo, ana, patient, tab, sign):
    other = factories.make_ready_photo(factories.make_draft(patient, by=ana), by=ana)
    client = sign_in(dana)
    post(client, filled, **{f"adequate-{photo.pk}": "partly", f"adequate-{other.pk}": "no", "adequate-junk": "yes"})
    assert list(PhotoAdequacy.objects.values_list("photo", "adequate")) == [(photo.pk, "partly")]
    post(client, filled, **{f"adequate-{photo.pk}": "no"})
    assert filled.photo_adequacies.get().adequate == "no"
    post(client, filled)
    assert not filled.photo_adequacies.exists()
    saved(filled, dana, photos={str(photo.pk): "partly"}, findings="Seen", assessment="Nevus", patient_text="Fine.",
          plan="None", photos_adequate="yes", codes=[NEVUS_RIGHT])  # fmt: skip
    assert sign(filled).signed_record["photos"][0]["adequate"] == "partly"


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "is_found"),
    [({}, True), ({"valid_until": "2026-05-01"}, False), ({"billable": False}, False)],
)  # fmt: skip
def test_only_codes_that_can_be_billed_on_the_day_are_found_and_signed(sign_in, filled, dana, change, is_found):
    Icd10Code.objects.filter(code=NEVUS_RIGHT).update(**change)
    page = sign_in(dana).get(url("codes"), {"icd_q": NEVUS_RIGHT}).content.decode()
    assert (f'value="{NEVUS_RIGHT}"' in page) is is_found
    holds = [check.text for check in signing_checks(filled) if check.holds and NEVUS_RIGHT in check.text]
    assert bool(holds) is not is_found


def test_favourites_and_recent_codes_are_at_hand(sign_in, filled, dana, eli, patient, ana, group):
    client = sign_in(dana)
    for expected in (True, False, True):
        answer = client.post(url("favourite"), {"code": "L30.9"})
        assert answer.json() == {"is_favourite": expected}
    assert client.post(url("favourite"), {"code": "X99"}).json() == {"is_favourite": False}
    assert list(FavouriteCode.objects.values_list("user", "icd10cm")) == [(dana.pk, "L30.9")]
    case = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
    services.claim_case(case=case, by=dana)
    page = client.get(url("room", case.pk)).content.decode()
    assert "kept at hand" in page and f'value="{NEVUS_RIGHT}"' in page and "used recently" in page
    other = Review.objects.get(case=case)
    post(client, other, favourite="L30.9")
    assert not FavouriteCode.objects.exists(), "the button does the same without a script"


# --- own texts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def lentigo(dana):
    return TextTemplate.objects.create(
        owner=dana, name="Lentigo", findings="Even macule of {size} on the {side} {site}.", plan="New photo in 12 weeks",
        patient_text="A sun spot. You are {age}.",
    )  # fmt: skip


def test_fields_are_filled_from_the_case_and_others_wait(ready, lentigo):
    texts = phrases.filled_texts(lentigo, phrases.facts_of(ready))
    assert texts["findings"] == "Even macule of {size} on the right forearm, outer side."
    assert texts["patient_text"] == f"A sun spot. You are {ready.patient.age()}."
    assert phrases.unfilled(texts["findings"]) == ["{size}"] and "plan" not in texts
    assert phrases.fill("{onset} {referrer}", {"onset": "May", "referrer": ""}) == "May {referrer}"


def test_a_text_goes_behind_what_is_typed(sign_in, filled, dana, lentigo):
    client, before = sign_in(dana), filled.findings
    post(client, filled, findings=before, template=str(lentigo.pk))
    filled.refresh_from_db()
    assert filled.findings.startswith(f"{before}\nEven macule of {{size}}")
    assert [item.kind for item in filled.action_items.all()] == ["watch_rephotograph"]
    assert "Fill in {size} in “What you see”." in [check.text for check in signing_checks(filled) if check.holds]


def test_a_stranger_to_a_text_inserts_nothing(sign_in, filled, dana, eli):
    foreign = TextTemplate.objects.create(owner=eli, name="Mine", findings="Secret")
    post(sign_in(dana), filled, findings="Own", template=str(foreign.pk))
    filled.refresh_from_db()
    assert filled.findings == "Own"
    assert sign_in(dana).get(url("text", foreign.pk)).status_code == 404
    assert sign_in(dana).post(url("remove_text", foreign.pk)).status_code == 404


def test_the_room_carries_the_texts_for_its_script(sign_in, review, dana, lentigo):
    data = phrases.for_room(dana, Case.objects.get(pk=review.case_id))
    assert json.loads(data[0]["data"])["plan"] == [
        {"kind": "watch_rephotograph", "text": "New photo in 12 weeks", "owner": "patient", "weeks": 12}
    ]
    assert "Lentigo" in sign_in(dana).get(url("room", review.case_id)).content.decode()


def test_texts_are_written_changed_and_removed(sign_in, dana, lentigo):
    client = sign_in(dana)
    assert "Lentigo" in client.get(url("texts")).content.decode()
    empty = client.post(url("new_text"), {"name": "Empty"})
    assert empty.status_code == 422 and "Write at least one of the texts." in empty.content.decode()
    twice = client.post(url("new_text"), {"name": "Lentigo", "findings": "x"})
    assert twice.status_code == 422 and "Choose another name" in twice.content.decode()
    assert client.post(url("new_text"), {"name": "Wart", "findings": "Papule"}).status_code == 302
    assert client.post(url("text", lentigo.pk), {"name": "Lentigo", "findings": "Flat"}).status_code == 302
    lentigo.refresh_from_db()
    assert lentigo.findings == "Flat" and dana.text_templates.count() == 2
    assert client.post(url("remove_text", lentigo.pk)).status_code == 302
    assert list(dana.text_templates.values_list("name", flat=True)) == ["Wart"]


# --- eyes, urgency, the visit -----------------------------------------------------------------------------------------


def test_eyes_urgency_and_the_visit_are_part_of_the_signed_opinion(filled, dana, tab, sign):
    fields = {"eye_side": "right", "acuity_given": "20/25 by chart", "eye_segment": "anterior", "urgency": "priority",
              "visit_before": "yes", "visit_after": "no"}  # fmt: skip
    changed = saved(filled, dana, **fields)
    tab.work(30_000)
    opinion = sign(changed).signed_record["opinion"]
    assert {name: opinion[name] for name in fields} == fields
    assert timezone.now() >= changed.saved_at
