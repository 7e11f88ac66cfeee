"""What a record says against itself: each finding by a table, and the words about it kept with the signature."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse

from intake.models import Answer, Case
from review import record_facts, services
from review.checks import open_findings, signing_checks
from review.errors import NotReadyToSign, ReviewRefused
from review.interlocks import DRUGS, Facts, findings, parts_in, sides_in
from review.models import InterlockAnswer
from review.plan import PlanLine
from tests import factories

BIOPSY = frozenset({"biopsy"})


def found(**facts):
    return [finding.code for finding in findings(Facts(**facts))]


def see(text):
    return {"What you see": text}


TABLE = {
    "nothing to say": ({}, []),
    # side
    "text on the other side": ({"side": "right", "texts": see("Macule of the left forearm")}, ["SIDE"]),
    "text on the same side": ({"side": "right", "texts": see("Macule of the right forearm")}, []),
    "text that names both compares": ({"side": "right", "texts": see("right forearm, left forearm clear")}, []),
    "a comparison is no side": ({"side": "right", "texts": see("Darker than on the left forearm")}, []),
    "right away is no side": ({"side": "left", "texts": {"For the patient": "Call right away. Nothing is left."}}, []),
    "the patient's text counts too": ({"side": "left", "texts": {"For the patient": "Your right leg"}}, ["SIDE"]),
    "a code on the other side": ({"side": "right", "codes": (("D22.62", "Nevi of left upper limb"),)}, ["SIDE"]),
    "a code on this side": ({"side": "right", "codes": (("D22.61", "Nevi of right upper limb"),)}, []),
    "the map's point on the other side": ({"side": "right", "map_side": "left"}, ["SIDE"]),
    "the map's point on this side": ({"side": "right", "map_side": "right"}, []),
    "a case in the middle has no side": ({"side": "midline", "texts": see("left cheek")}, []),
    # eyes
    "OS in a case of the right eye": (
        {"specialty": "ophthalmology", "side": "right", "eye_side": "right", "texts": see("OS injected")}, ["SIDE"],
    ),
    "os in a skin case is no eye": ({"side": "right", "texts": see("OS injected")}, []),
    "the other eye chosen": ({"specialty": "ophthalmology", "side": "right", "eye_side": "left"}, ["EYE_SIDE"]),
    "one eye of two chosen": ({"specialty": "ophthalmology", "side": "both", "eye_side": "left"}, ["EYE_SIDE"]),
    "the same eye chosen": ({"specialty": "ophthalmology", "side": "right", "eye_side": "right"}, []),
    "no eye chosen": ({"specialty": "ophthalmology", "side": "right"}, ["EYE_SIDE"]),
    # site
    "another place in the text": ({"site": "Right forearm, outer side", "texts": see("Papule on the calf")}, ["SITE"]),
    "the place and more": ({"site": "Right forearm", "texts": see("Papules on forearm and calf")}, []),
    "another place in the code": ({"site": "Nose", "codes": (("L98.9", "Disorder of skin of lower limb"),)}, ["SITE"]),
    "the code's wider place": ({"site": "Right forearm", "codes": (("D22.61", "Nevi of right upper limb"),)}, []),
    "no place, no quarrel": ({"site": "Skin, widespread", "texts": see("Papules on the calf")}, []),
    "a photo of the other specialty": ({"site": "Right forearm", "foreign_photos": ("Eye closed",)}, ["SITE"]),
    # red flags
    "danger signs never asked": ({"danger_asked": False}, ["RED_FLAG"]),
    "reported and not dealt with": ({"red_flags": ("fever",)}, ["RED_FLAG"]),
    "reported and seen in person": ({"red_flags": ("fever",), "plan_kinds": frozenset({"in_person"})}, []),
    # malignancy
    "melanoma without tissue": ({"opinion": "Melanoma in situ"}, ["MALIGNANCY"]),
    "rule out counts": ({"opinion": "Nevus; rule out melanoma", "plan_kinds": frozenset({"reassurance"})}, ["MALIGNANCY"]),
    "with tissue": ({"opinion": "Melanoma in situ", "plan_kinds": BIOPSY}, []),
    "with a new photo": ({"opinion": "SCC?", "plan_kinds": frozenset({"watch_rephotograph"})}, []),
    "a melanocytic nevus is none": ({"opinion": "Melanocytic nevus"}, []),
    "no sign of melanoma is none": ({"opinion": "Nevus, no sign of melanoma"}, []),
    "a malignant code": ({"codes": (("C44.311", "Basal cell of nose"),)}, ["MALIGNANCY"]),
    "an in situ code": ({"codes": (("D03.61", "Melanoma in situ"),), "plan_kinds": BIOPSY}, []),
    "a code of uncertain behavior": ({"codes": (("D48.5", "Uncertain"),)}, ["MALIGNANCY"]),
    # medicines
    "doxycycline in pregnancy": ({"pregnancy": "pregnant", "plan": ("Doxycycline 100 mg daily",)}, ["PREGNANCY"]),
    "isotretinoin while trying": ({"pregnancy": "trying to conceive", "plan": ("isotretinoin",)}, ["PREGNANCY"]),
    "doxycycline while nursing": ({"pregnancy": "breast-feeding", "plan": ("doxycycline",)}, ["PREGNANCY"]),
    "spironolactone while nursing": ({"pregnancy": "breast-feeding", "plan": ("spironolactone",)}, []),
    "not pregnant": ({"plan": ("Doxycycline",)}, []),
    "an emollient in pregnancy": ({"pregnancy": "pregnant", "plan": ("Emollient twice a day",)}, []),
    "to be avoided is not proposed": ({"pregnancy": "pregnant", "plan": ("Avoid doxycycline",)}, []),
    "penicillin allergy": ({"allergies": "Penicillin (hives)", "plan": ("Amoxicillin 500 mg",)}, ["ALLERGY"]),
    "penicillin allergy and a cephalosporin": ({"allergies": "penicillin", "plan": ("Cephalexin",)}, ["ALLERGY"]),
    "sulfa allergy": ({"allergies": "Sulfa drugs", "plan": ("Silver sulfadiazine cream",)}, ["ALLERGY"]),
    "another allergy": ({"allergies": "Penicillin", "plan": ("Doxycycline",)}, []),
    "no known allergy": ({"allergies": "No penicillin allergy", "plan": ("Amoxicillin",)}, []),
    "both at once": (
        {"allergies": "Tetracycline", "pregnancy": "pregnant", "plan": ("Minocycline",)}, ["PREGNANCY", "ALLERGY"],
    ),
    "a blood thinner and a biopsy": ({"medicines": "Apixaban", "plan_kinds": BIOPSY, "plan": ("Biopsy",)}, ["THINNER"]),
    "a plan that covers it": (
        {"medicines": "Apixaban", "plan_kinds": BIOPSY, "plan": ("Biopsy", "Check the apixaban plan")}, [],
    ),
    # urgency
    "less urgent than the clinic": ({"triage_urgency": "urgent", "urgency": "routine"}, ["URGENCY"]),
    "with a reason": ({"triage_urgency": "urgent", "urgency": "routine", "urgency_reason": "Benign"}, []),
    "as the clinic said": ({"triage_urgency": "urgent", "urgency": ""}, []),
    "more urgent": ({"triage_urgency": "routine", "urgency": "urgent"}, []),
    # adequacy
    "inadequate, and a diagnosis": ({"photos_adequate": "no", "opinion": "Nevus"}, ["ADEQUACY"]),
    "no opinion": ({"photos_adequate": "no", "no_opinion": True}, []),
    "no photo at all": ({"photos": 0, "opinion": "Nevus"}, ["ADEQUACY"]),
    "each photo inadequate": ({"photos": 2, "each_photo": ("no", "no"), "opinion": "Nevus"}, ["ADEQUACY"]),
    "one of two is enough": ({"photos": 2, "each_photo": ("no", "yes"), "opinion": "Nevus"}, []),
    "not each photo is judged": ({"photos": 2, "each_photo": ("no",), "opinion": "Nevus"}, []),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "codes"), TABLE.values(), ids=TABLE.keys())
def test_each_finding(facts, codes):
    assert found(**facts) == codes


def test_only_two_kinds_never_hold():
    soft = {finding.code for facts, _ in TABLE.values() for finding in findings(Facts(**facts)) if not finding.holds}
    assert soft == {"EYE_SIDE", "THINNER"}


def test_an_answer_belongs_to_exactly_one_finding():
    one, other = (
        findings(Facts(side="right", texts=see(f"Macule of the left {part}")))[0].key for part in ("forearm", "hand")
    )
    assert one == other, "the words around it do not matter"
    keys = {finding.key for facts, _ in TABLE.values() for finding in findings(Facts(**facts))}
    assert len(keys) > 15 and one in keys


def test_sides_and_parts_of_a_text():
    assert sides_in("on the right upper arm") == {"right"} and sides_in("left-sided? left untreated") == set()
    assert sides_in("OD 20/20, OS 20/40", is_eye=True) == {"right", "left"}
    assert parts_in("lower limb, including hip") == {"leg"} and parts_in("comes back") == set()


def test_every_class_names_its_members_once():
    assert len({drug.name for drug in DRUGS}) == len(DRUGS)
    for drug in DRUGS:
        for other in drug.also_allergic_to:
            assert other in {one.name for one in DRUGS}


# --- on a real record -------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def fresh(review):
    review.refresh_from_db()
    review.case = Case.objects.get(pk=review.case_id)
    return review


def codes_of(review):
    return [finding.code for finding in open_findings(fresh(review))]


def test_a_record_in_order_has_only_the_blood_thinner(filled):
    assert codes_of(filled) == ["THINNER"]
    assert "You may sign anyway." in [c for c in signing_checks(filled) if c.key.startswith("THINNER")][0].detail


@pytest.mark.parametrize(
    ("view", "x", "side"),
    [("front", 0.2, "right"), ("front", 0.8, "left"), ("back", 0.2, "left"), ("back", 0.8, "right"), ("front", 0.5, ""),
     ("hands", 0.2, ""), ("", None, "")],
)  # fmt: skip
def test_the_side_of_a_point_on_the_map(view, x, side):
    assert record_facts.facts_of  # the room is there
    assert record_facts._map_side(Case(point_view=view, point_x=x, point_y=x)) == side


def test_answers_of_the_patient_reach_the_interlocks(filled, dana, ana):
    Answer.objects.create(case=filled.case, question="pregnant", version="1", value=["nursing"])
    Answer.objects.create(case=filled.case, question="general", version="1", value=["fever"])
    Case.objects.filter(pk=filled.case_id).update(allergies="Penicillin", point_view="back", point_x=0.1, point_y=0.5)
    factories.make_ready_photo(filled.case, by=ana, slot="gaze_left")
    lines = [
        PlanLine("medicine", "Doxycycline 100 mg", "patient"),
        PlanLine("medicine", "Cephalexin 500 mg", "patient"),
    ]
    services.save_draft(review=filled, by=dana, version=filled.version, lines=lines)
    assert codes_of(filled) == ["SIDE", "SITE", "RED_FLAG", "PREGNANCY", "ALLERGY", "THINNER"]


@pytest.mark.parametrize(("story", "told"), [("I am pregnant", "pregnant"), ("I am not pregnant", ""), ("Breastfeeding", "breast-feeding")])  # fmt: skip
def test_a_pregnancy_in_the_story_counts(filled, story, told):
    Case.objects.filter(pk=filled.case_id).update(history=story)
    assert record_facts.facts_of(fresh(filled)).pregnancy == told


@pytest.fixture
def wrong_side(filled, dana):
    saved, _ = services.save_draft(
        review=filled, by=dana, version=filled.version, findings="Macule of the left forearm", visit_after="no"
    )
    return saved


def test_a_finding_holds_until_it_is_answered_and_both_are_signed(wrong_side, dana, tab, sign):
    tab.work(30_000)
    with pytest.raises(NotReadyToSign, match="What you see” says left"):
        sign(wrong_side)
    key = open_findings(fresh(wrong_side))[0].key
    services.answer_interlock(review=wrong_side, by=dana, key=key, how="overridden", reason="Patient mixed up sides")
    signed = sign(wrong_side)
    side, thinner = signed.signed_record["interlocks"]
    assert side["code"] == "SIDE" and side["how"] == "overridden" and side["reason"] == "Patient mixed up sides"
    assert "says left" in side["finding"] and thinner["code"] == "THINNER" and "how" not in thinner
    with pytest.raises(ReviewRefused, match="before signing"):
        services.answer_interlock(review=signed, by=dana, key=key, how="answered", reason="Too late for this")


def test_an_answer_ends_with_its_finding(wrong_side, dana):
    key = open_findings(fresh(wrong_side))[0].key
    services.answer_interlock(review=wrong_side, by=dana, key=key, how="answered", reason="It is the left one")
    Case.objects.filter(pk=wrong_side.case_id).update(side="left")
    again = [check.text for check in signing_checks(fresh(wrong_side)) if check.holds]
    assert again == ["D22.61 says right, the case says left."], "other facts are another question"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"key": "SIDE-0"}, "this finding is gone"),
        ({"how": "ignored"}, "at least 5 letters"),
        ({"reason": "   no "}, "at least 5 letters"),
    ],
)
def test_a_reason_is_a_reason(wrong_side, dana, changes, text):
    key = open_findings(fresh(wrong_side))[0].key
    with pytest.raises(ReviewRefused, match=text):
        services.answer_interlock(
            review=wrong_side, by=dana, **({"key": key, "how": "answered", "reason": "It is so"} | changes)
        )


def test_nobody_answers_for_another(wrong_side, eli):
    key = open_findings(fresh(wrong_side))[0].key
    with pytest.raises(ReviewRefused):
        services.answer_interlock(review=wrong_side, by=eli, key=key, how="answered", reason="It is so")


def test_the_database_keeps_every_answer(wrong_side, dana):
    key = open_findings(fresh(wrong_side))[0].key
    services.answer_interlock(review=wrong_side, by=dana, key=key, how="answered", reason="First words")
    services.answer_interlock(review=wrong_side, by=dana, key=key, how="overridden", reason="Last words")
    for change in (lambda: InterlockAnswer.objects.update(reason="x"), lambda: InterlockAnswer.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        InterlockAnswer.objects.create(review=wrong_side, key=key, finding="x", how="answered", reason="", by=dana)
    assert "Overridden: Last words" in [check.detail for check in signing_checks(fresh(wrong_side))]


def test_the_sign_page_takes_the_reason(sign_in, wrong_side, dana):
    client, sign_url = sign_in(dana), reverse("review:sign", args=[wrong_side.case_id])
    key = open_findings(fresh(wrong_side))[0].key
    page = client.get(sign_url).content.decode()
    assert "says left" in page and f'name="why-{key}"' in page and "Sign and send" not in page
    answer_url = reverse("review:interlock", args=[wrong_side.case_id])
    refused = client.post(answer_url, {"answer": key, f"why-{key}": "no"})
    assert refused.status_code == 422 and "at least 5 letters" in refused.content.decode()
    assert client.post(answer_url, {"override": key, f"why-{key}": "Seen in the old photo"}).url == sign_url
    page = client.get(sign_url).content.decode()
    assert "Overridden: Seen in the old photo" in page and "Sign and send" in page
